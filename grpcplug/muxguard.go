package grpcplug

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

const (
	// mostStreams is how many connections the other side may have open at a time.
	// Each can cost what its window has, 256 KiB: together they cost MaxMessage.
	mostStreams = 1024

	// mostRefused is how many of them may be of those that nobody wanted. They are
	// closed, but stay until the other side has closed them too, or for
	// muxPatience.
	mostRefused = 64

	// mostOpening is how many of them may wait for the answer that they are there.
	// It is yamux's own: who keeps to it waits with more.
	mostOpening = 256

	// mostPings is how many pings may wait for their answer. A side that keeps a
	// connection alive sends the next when it has the last one's.
	mostPings = 64
)

// A muxGuard is the connection below a session. It bounds what the other side can
// make the session keep: yamux starts a goroutine for each ping and keeps each
// connection that is announced, however many there are. It passes on what it sees,
// and looks at the headers only. What passes a bound fails the reading, which ends
// the session.
type muxGuard struct {
	net.Conn
	odd     uint32 // the lowest bit of the other side's ids
	in, out frames
	why     atomic.Pointer[Error] // what has passed a bound

	mu      sync.Mutex
	pings   int
	opening int
	refused int
	streams map[uint32]*guarded // that the other side has opened, by their ids
}

// guarded is what is known of a connection that the other side has opened.
type guarded struct {
	ended    [2]bool // what they, and we, send
	answered bool
	refused  bool
}

func newMuxGuard(c net.Conn, first bool) *muxGuard {
	g := &muxGuard{Conn: c, streams: map[uint32]*guarded{}}
	if !first {
		g.odd = 1
	}
	return g
}

// A yamuxHeader begins each frame: a version, a type, flags (16 bits), the id of a
// connection and a length (32 bits each), which is that of what follows if the type
// is typeData.
type yamuxHeader [12]byte

const (
	typeData = 0
	typePing = 2

	flagOpen  = 1 // SYN; of a ping, that it is no answer
	flagAck   = 2
	flagClose = 4 // FIN
	flagReset = 8 // RST
)

func (h *yamuxHeader) kind() byte     { return h[1] }
func (h *yamuxHeader) flags() uint16  { return binary.BigEndian.Uint16(h[2:]) }
func (h *yamuxHeader) id() uint32     { return binary.BigEndian.Uint32(h[4:]) }
func (h *yamuxHeader) length() uint32 { return binary.BigEndian.Uint32(h[8:]) }

// frames finds the headers in what goes one way.
type frames struct {
	have int // bytes of the header
	head yamuxHeader
	skip uint32 // bytes until the next
}

// each calls saw with the headers that end within b.
func (f *frames) each(b []byte, saw func(*yamuxHeader) error) error {
	for len(b) > 0 {
		if f.skip > 0 {
			n := min(len(b), int(f.skip))
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
		if f.head.flags() == 0 {
			continue
		}
		if err := saw(&f.head); err != nil {
			return err
		}
	}
	return nil
}

// Read implements net.Conn. One reads at a time.
func (g *muxGuard) Read(b []byte) (int, error) {
	if why := g.why.Load(); why != nil {
		return 0, why
	}
	n, err := g.Conn.Read(b)
	if wrong := g.in.each(b[:n], g.heard); wrong != nil {
		return 0, g.fail(wrong)
	}
	return n, err
}

// Write implements net.Conn. One writes at a time.
func (g *muxGuard) Write(b []byte) (int, error) {
	answered := 0
	g.out.each(b, func(h *yamuxHeader) error {
		switch {
		case h.kind() != typePing:
			// Before the other side can know, who may answer before this returns.
			g.mu.Lock()
			g.answers(h)
			g.ends(h, 1)
			g.mu.Unlock()
		case h.flags()&flagAck != 0:
			answered++
		}
		return nil
	})
	n, err := g.Conn.Write(b)
	if answered > 0 && err == nil {
		g.mu.Lock()
		g.pings -= answered
		g.mu.Unlock()
	}
	return n, err
}

// heard counts what a header of the other side's announces.
func (g *muxGuard) heard(h *yamuxHeader) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	opens := h.flags()&flagOpen != 0
	if h.kind() == typePing {
		if opens {
			g.pings++
		}
		if g.pings > mostPings {
			return fmt.Errorf("it does not wait for the answers to %d pings", mostPings)
		}
		return nil
	}
	if opens {
		if err := g.opened(h.id()); err != nil {
			return err
		}
	}
	g.ends(h, 0)
	return nil
}

func (g *muxGuard) opened(id uint32) error {
	switch {
	case id == 0 || id&1 != g.odd:
		return fmt.Errorf("it opens connection %d, whose number is not its own to give", id)
	case g.streams[id] != nil:
		return fmt.Errorf("it opens connection %d twice", id)
	case len(g.streams) >= mostStreams:
		return fmt.Errorf("it opens more than %d connections at a time", mostStreams)
	case g.opening >= mostOpening:
		return fmt.Errorf("it opens connections, and does not wait for the answers to %d", mostOpening)
	}
	g.opening++
	g.streams[id] = &guarded{}
	return nil
}

// answers notes that this side has answered that a connection is there.
func (g *muxGuard) answers(h *yamuxHeader) {
	if s := g.streams[h.id()]; s != nil && !s.answered && h.flags()&flagAck != 0 {
		s.answered = true
		g.opening--
	}
}

// ends notes that one side, 0 for the other and 1 for this, ends a connection.
func (g *muxGuard) ends(h *yamuxHeader, side int) {
	s := g.streams[h.id()]
	if s == nil {
		return
	}
	s.ended[side] = s.ended[side] || h.flags()&flagClose != 0
	if h.flags()&flagReset == 0 && s.ended != [2]bool{true, true} {
		return
	}
	delete(g.streams, h.id())
	if !s.answered {
		g.opening--
	}
	if s.refused {
		g.refused--
	}
}

// refuse counts a connection that nobody wants.
func (g *muxGuard) refuse(id uint32) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.streams[id]
	if s == nil || s.refused {
		return nil
	}
	s.refused = true
	if g.refused++; g.refused > mostRefused {
		return g.fail(fmt.Errorf("it opens connections that nobody wants, and closes none of %d", mostRefused))
	}
	return nil
}

// fail keeps the first reason.
func (g *muxGuard) fail(err error) error {
	g.why.CompareAndSwap(nil, &Error{Problem: BadBrokerMessage, What: "the connection that all others share", Err: err})
	return g.why.Load()
}
