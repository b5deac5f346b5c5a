package yamuxguard

import "encoding/binary"

// A header begins each frame: a version, a type, flags (16 bits), the id of a
// connection and a length (32 bits each), which is that of what follows if the type
// is typeData.
type header [12]byte

const (
	typeData   = 0
	typeWindow = 1 // its length is what may be sent in addition
	typePing   = 2

	flagOpen  = 1 // SYN; of a ping, that it is no answer
	flagAck   = 2
	flagClose = 4 // FIN
	flagReset = 8 // RST
)

func (h *header) version() byte  { return h[0] }
func (h *header) kind() byte     { return h[1] }
func (h *header) flags() uint16  { return binary.BigEndian.Uint16(h[2:]) }
func (h *header) id() uint32     { return binary.BigEndian.Uint32(h[4:]) }
func (h *header) length() uint32 { return binary.BigEndian.Uint32(h[8:]) }

// frames finds the headers in what goes one way.
type frames struct {
	have int // bytes of the header
	head header
	skip uint32 // bytes until the next
}

// each calls saw with the headers that end within b.
func (f *frames) each(b []byte, saw func(*header) error) error {
	for len(b) > 0 {
		if f.skip > 0 {
			n := min(uint64(len(b)), uint64(f.skip)) // an int may have 32 bits
			f.skip -= uint32(n)
			b = b[n:]
			continue
		}
		n := copy(f.head[f.have:], b)
		f.have += n
		b = b[n:]
		if f.have < len(f.head) {
			return nil
		}
		f.have = 0
		if f.head.kind() == typeData {
			f.skip = f.head.length()
		}
		if err := saw(&f.head); err != nil {
			return err
		}
	}
	return nil
}
