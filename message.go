package tenon

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// A Message holds one protobuf message. It is written field by field before it
// is sent, and read field by field after it was received, as a [bytes.Buffer]
// is. Generated code is its only regular user.
//
// The wire format is that of
// https://protobuf.dev/programming-guides/encoding/, proto3. Whether a zero
// value is written is the writer's choice: the Write methods always write.
//
// Reading is total: any bytes can be read, and the first thing that is wrong
// ends [Message.Next] and is kept in [Message.Err]. Nothing that a length
// announces is allocated before the bytes are known to be there.
//
// The zero value is an empty message. A Message is not safe for concurrent use.
type Message struct {
	buf  []byte
	pos  int
	err  error
	refs RefTable
	big  []piece // long byte slices that were written, which are not copied
	more int     // their length in all

	num     int32
	kind    uint8
	depth   uint8
	pending bool  // the value of the current field has not been read
	taken   bool  // part of buf was handed to whoever read it
	give    *bool // the taken of the message whose bytes may be handed on; nil if none
}

// A piece is part of a message that is not in its buffer: it comes before what
// is there from at on.
type piece struct {
	at int
	b  []byte
}

// long is the length from which on bytes are not copied.
const long = 16 << 10

// Wire types of protobuf.
const (
	kindVarint  = 0
	kindFixed64 = 1
	kindBytes   = 2
	kindFixed32 = 5

	maxDepth = 100 // nesting that protobuf's own implementations allow
)

var (
	errTruncated = errors.New("message ends in the middle of a field")
	errOverflow  = errors.New("varint does not fit in 64 bits")
	errKind      = errors.New("field has another wire type than the contract says")
	errUTF8      = errors.New("string is not valid UTF-8; bytes may be")
	errDepth     = fmt.Errorf("message is nested deeper than %d", maxDepth)
	errFieldNum  = errors.New("field number out of range")
	errNoRefs    = errors.New("message holds a ref but is not part of a call")
)

// Reset makes m an empty message that writes into buf's spare capacity, and
// that exports and imports refs through refs, which may be nil. Protocols call
// it; generated code does not.
func (m *Message) Reset(buf []byte, refs RefTable) {
	clear(m.big) // they are others'
	*m = Message{buf: buf, refs: refs, big: m.big[:0]}
}

// Load makes m a message that is read from b, which it keeps. Protocols call
// it; generated code does not.
func (m *Message) Load(b []byte, refs RefTable) {
	*m = Message{buf: b, refs: refs}
}

// Give is Load, and lets [Message.ReadBytes] return part of b where that saves
// copying much. Taken reports whether it has; b is not the protocol's to use
// again then.
func (m *Message) Give(b []byte, refs RefTable) {
	*m = Message{buf: b, refs: refs}
	m.give = &m.taken
}

// Taken says whether what was given to m was handed on; see [Message.Give].
func (m *Message) Taken() bool { return m.taken }

// Raw returns the bytes that m holds, written or to be read. They are m's own.
func (m *Message) Raw() []byte {
	if len(m.big) > 0 {
		flat := make([]byte, 0, m.Len())
		for len(flat) < m.Len() {
			a, b := m.Part(len(flat), m.Len())
			flat = append(append(flat, a...), b...)
		}
		m.buf, m.big, m.more = flat, nil, 0
	}
	return m.buf
}

// Part returns the bytes of a message that was written, from a position on and
// no more than most, in two slices. It may return fewer than there are.
func (m *Message) Part(from, most int) (a, b []byte) {
	shift := 0 // of positions in m's buffer against those in the message
	for _, p := range m.big {
		start := p.at + shift
		switch {
		case from < start:
			a = m.buf[from-shift:][:min(most, start-from)]
			return a, p.b[:min(most-len(a), len(p.b))]
		case from < start+len(p.b):
			a = p.b[from-start:]
			return a[:min(most, len(a))], nil
		}
		shift += len(p.b)
	}
	a = m.buf[from-shift:]
	return a[:min(most, len(a))], nil
}

// Buffer returns the buffer that m was written to, for its next use. It does not
// hold all of a message that has long byte slices in it.
func (m *Message) Buffer() []byte { return m.buf }

// Len returns the size of m in bytes.
func (m *Message) Len() int { return len(m.buf) + m.more }

// Err returns what was wrong with the message as far as it was read or
// written, or nil.
func (m *Message) Err() error {
	if m.err == nil {
		return nil
	}
	var e *Error
	if errors.As(m.err, &e) {
		return e // a limit of the connection's, which has its own code
	}
	return &Error{Code: InvalidArgument, Message: fmt.Sprintf("malformed message at byte %d: %v", m.pos, m.err)}
}

func (m *Message) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// ---- writing

func (m *Message) tag(num int32, kind uint8) {
	m.buf = binary.AppendUvarint(m.buf, uint64(num)<<3|uint64(kind))
}

// WriteUint writes v as a field of protobuf type uint32, uint64 or enum.
func (m *Message) WriteUint(num int32, v uint64) {
	m.tag(num, kindVarint)
	m.buf = binary.AppendUvarint(m.buf, v)
}

// WriteInt writes v as a field of protobuf type int32, int64 or enum.
func (m *Message) WriteInt(num int32, v int64) { m.WriteUint(num, uint64(v)) }

// WriteSint writes v as a field of protobuf type sint32 or sint64.
func (m *Message) WriteSint(num int32, v int64) { m.WriteUint(num, uint64(v<<1)^uint64(v>>63)) }

// WriteBool writes v as a field of protobuf type bool.
func (m *Message) WriteBool(num int32, v bool) {
	m.tag(num, kindVarint)
	b := byte(0)
	if v {
		b = 1
	}
	m.buf = append(m.buf, b)
}

// WriteFixed64 writes v as a field of protobuf type fixed64.
func (m *Message) WriteFixed64(num int32, v uint64) {
	m.tag(num, kindFixed64)
	m.buf = binary.LittleEndian.AppendUint64(m.buf, v)
}

// WriteFixed32 writes v as a field of protobuf type fixed32.
func (m *Message) WriteFixed32(num int32, v uint32) {
	m.tag(num, kindFixed32)
	m.buf = binary.LittleEndian.AppendUint32(m.buf, v)
}

// WriteDouble writes v as a field of protobuf type double.
func (m *Message) WriteDouble(num int32, v float64) { m.WriteFixed64(num, math.Float64bits(v)) }

// WriteFloat writes v as a field of protobuf type float.
func (m *Message) WriteFloat(num int32, v float32) { m.WriteFixed32(num, math.Float32bits(v)) }

// WriteString writes v as a field of protobuf type string. Text that is not
// valid UTF-8, which protobuf forbids, makes the message unsendable; see
// [Message.Err].
func (m *Message) WriteString(num int32, v string) {
	if !utf8.ValidString(v) {
		m.fail(fmt.Errorf("field %d: %w", num, errUTF8))
	}
	m.tag(num, kindBytes)
	m.buf = binary.AppendUvarint(m.buf, uint64(len(v)))
	m.buf = append(m.buf, v...)
}

// WriteBytes writes v as a field of protobuf type bytes. A long v is not copied:
// it must not be changed before the message was sent.
func (m *Message) WriteBytes(num int32, v []byte) {
	m.tag(num, kindBytes)
	m.buf = binary.AppendUvarint(m.buf, uint64(len(v)))
	if len(v) >= long {
		m.big = append(m.big, piece{len(m.buf), v})
		m.more += len(v)
		return
	}
	m.buf = append(m.buf, v...)
}

// WriteRaw appends fields that are encoded already.
func (m *Message) WriteRaw(fields []byte) { m.buf = append(m.buf, fields...) }

// Grow makes room for n more bytes, so that a large message is allocated once.
func (m *Message) Grow(n int) {
	if cap(m.buf)-len(m.buf) < n {
		m.buf = append(m.buf, make([]byte, n)...)[:len(m.buf)]
	}
}

// Begin starts a nested message as a field; what is written until [Message.End]
// is called with the returned mark is inside it.
func (m *Message) Begin(num int32) (mark int) {
	m.tag(num, kindBytes)
	// One byte is kept for the length, which is enough below 128 bytes: most
	// nested messages are that short, and the few others are moved by End,
	// which costs less than to compute every size beforehand.
	m.buf = append(m.buf, 0)
	return len(m.buf)
}

// End ends the nested message that Begin started.
func (m *Message) End(mark int) {
	n := len(m.buf) - mark
	inside := len(m.big)
	for inside > 0 && m.big[inside-1].at >= mark {
		inside--
		n += len(m.big[inside].b)
	}
	if n < 0x80 {
		m.buf[mark-1] = byte(n)
		return
	}
	var size [binary.MaxVarintLen64]byte
	w := binary.PutUvarint(size[:], uint64(n))
	end := len(m.buf)
	m.buf = append(m.buf, size[:w-1]...)
	copy(m.buf[mark-1+w:], m.buf[mark:end])
	copy(m.buf[mark-1:], size[:w])
	for i := inside; i < len(m.big); i++ {
		m.big[i].at += w - 1
	}
}

// WriteRef exports s to the other side and writes the ref to it as a field.
// The other side can use it until the call ends, or, if it is kept, until it
// releases it; see [Ref]. A service without a Server writes nothing: that is
// how nil crosses.
func (m *Message) WriteRef(num int32, s Service, kept bool) {
	if s.Server == nil {
		return
	}
	if m.refs == nil {
		m.fail(errNoRefs)
		return
	}
	id, err := m.refs.Export(s, kept)
	if err != nil {
		m.fail(err)
		return
	}
	m.writeRef(num, id, kept, false)
}

// WriteHome writes r as a field if r lives on the side that the message goes
// to, so that it arrives there as the value that it stands for, and reports
// whether it did.
func (m *Message) WriteHome(num int32, r *Ref) bool {
	if r == nil || m.refs == nil || !m.refs.Home(r) {
		return false
	}
	m.writeRef(num, r.id, false, true)
	return true
}

func (m *Message) writeRef(num int32, id uint64, kept, home bool) {
	mark := m.Begin(num)
	m.WriteUint(1, id)
	if kept {
		m.WriteBool(2, true)
	}
	if home {
		m.WriteBool(3, true)
	}
	m.End(mark)
}

// ---- reading

// Next moves to the next field and reports whether there is one. A value that
// was not read is skipped: that is how fields of a newer version are ignored.
func (m *Message) Next() bool {
	if m.pending {
		m.skip()
	}
	if m.err != nil || m.pos >= len(m.buf) {
		return false
	}
	tag := m.uvarint()
	if m.err != nil {
		return false
	}
	if tag>>3 == 0 || tag>>3 > 1<<29-1 {
		m.fail(errFieldNum)
		return false
	}
	m.num, m.kind, m.pending = int32(tag>>3), uint8(tag&7), true
	return true
}

// Field returns the number of the field that Next moved to.
func (m *Message) Field() int32 { return m.num }

func (m *Message) uvarint() uint64 {
	if m.pos < len(m.buf) && m.buf[m.pos] < 0x80 {
		v := m.buf[m.pos]
		m.pos++
		return uint64(v)
	}
	v, n := binary.Uvarint(m.buf[m.pos:])
	switch {
	case n > 0:
		m.pos += n
		return v
	case n == 0:
		m.fail(errTruncated)
	default:
		m.fail(errOverflow)
	}
	return 0
}

// take consumes the current field's value if it is of the given kind.
func (m *Message) take(kind uint8) bool {
	if m.err != nil || !m.pending {
		return false
	}
	if m.kind != kind {
		m.fail(fmt.Errorf("field %d: %w", m.num, errKind))
		return false
	}
	m.pending = false
	return true
}

func (m *Message) fixed(n int) []byte {
	if len(m.buf)-m.pos < n {
		m.fail(errTruncated)
		return nil
	}
	b := m.buf[m.pos : m.pos+n]
	m.pos += n
	return b
}

func (m *Message) span() []byte {
	n := m.uvarint()
	if m.err != nil {
		return nil
	}
	if n > uint64(len(m.buf)-m.pos) {
		m.fail(errTruncated)
		return nil
	}
	b := m.buf[m.pos : m.pos+int(n) : m.pos+int(n)]
	m.pos += int(n)
	return b
}

func (m *Message) skip() {
	m.pending = false
	switch m.kind {
	case kindVarint:
		m.uvarint()
	case kindFixed64:
		m.fixed(8)
	case kindBytes:
		m.span()
	case kindFixed32:
		m.fixed(4)
	default: // groups: deprecated since proto2, written by nobody who implements a contract
		m.fail(fmt.Errorf("field %d: %w", m.num, errKind))
	}
}

// ReadUint reads the current field as protobuf type uint32, uint64 or enum.
func (m *Message) ReadUint() uint64 {
	if !m.take(kindVarint) {
		return 0
	}
	return m.uvarint()
}

// ReadInt reads the current field as protobuf type int32, int64 or enum.
func (m *Message) ReadInt() int64 { return int64(m.ReadUint()) }

// ReadSint reads the current field as protobuf type sint32 or sint64.
func (m *Message) ReadSint() int64 {
	v := m.ReadUint()
	return int64(v>>1) ^ -int64(v&1)
}

// ReadBool reads the current field as protobuf type bool.
func (m *Message) ReadBool() bool { return m.ReadUint() != 0 }

// ReadFixed64 reads the current field as protobuf type fixed64.
func (m *Message) ReadFixed64() uint64 {
	if !m.take(kindFixed64) {
		return 0
	}
	if b := m.fixed(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// ReadFixed32 reads the current field as protobuf type fixed32.
func (m *Message) ReadFixed32() uint32 {
	if !m.take(kindFixed32) {
		return 0
	}
	if b := m.fixed(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// ReadDouble reads the current field as protobuf type double.
func (m *Message) ReadDouble() float64 { return math.Float64frombits(m.ReadFixed64()) }

// ReadFloat reads the current field as protobuf type float.
func (m *Message) ReadFloat() float32 { return math.Float32frombits(m.ReadFixed32()) }

// ReadView reads the current field as protobuf type bytes, without copying it:
// the result is part of the message, and valid no longer than that.
func (m *Message) ReadView() []byte {
	if !m.take(kindBytes) {
		return nil
	}
	return m.span()
}

// ReadBytes reads the current field as protobuf type bytes. The result is the
// caller's own, and never nil unless the message is malformed.
func (m *Message) ReadBytes() []byte {
	v := m.ReadView()
	if m.err != nil {
		return nil
	}
	if m.give != nil && len(v) >= long && 2*len(v) >= cap(m.buf) {
		*m.give = true
		return v
	}
	b := make([]byte, len(v))
	copy(b, v)
	return b
}

// ReadString reads the current field as protobuf type string.
func (m *Message) ReadString() string {
	v := m.ReadView()
	if !utf8.Valid(v) {
		m.fail(fmt.Errorf("field %d: %w", m.num, errUTF8))
		return ""
	}
	return string(v)
}

// ReadMessage reads the current field as a nested message, into sub, which
// shares m's bytes. When sub was read, its error has to be handed back with
// [Message.Check].
func (m *Message) ReadMessage(sub *Message) {
	*sub = Message{buf: m.ReadView(), refs: m.refs, depth: m.depth + 1, err: m.err, give: m.give}
	if sub.depth > maxDepth {
		sub.fail(errDepth)
	}
}

// Check makes an error of sub, a nested message, an error of m.
func (m *Message) Check(sub *Message) {
	if sub.err != nil {
		m.fail(sub.err)
	}
}

// ReadRef reads the current field as a ref to something that fulfils c. If it
// lives on the other side, the first result is the ref; if it has come home,
// the second is what this side had exported. Both are nil if the message is
// malformed.
func (m *Message) ReadRef(c *Contract) (*Ref, *Service) {
	var sub Message
	m.ReadMessage(&sub)
	var id uint64
	var kept, home bool
	for sub.Next() {
		switch sub.Field() {
		case 1:
			id = sub.ReadUint()
		case 2:
			kept = sub.ReadBool()
		case 3:
			home = sub.ReadBool()
		}
	}
	m.Check(&sub)
	if m.err == nil && m.refs == nil {
		m.fail(errNoRefs)
	}
	if m.err != nil {
		return nil, nil
	}
	var ref *Ref
	var own *Service
	var err error
	if home {
		own, err = m.refs.Return(id, c)
	} else {
		ref, err = m.refs.Import(id, c, kept)
	}
	if err != nil {
		m.fail(err)
	}
	return ref, own
}
