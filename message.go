package tenon

import (
	"errors"
	"fmt"
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
	buf []byte
	pos int

	num   int32
	kind  uint8  // of the value that has not been read; see pending
	taken bool   // part of buf was handed to whoever read it
	depth uint16 // of the nested message that is being written or read

	err    error
	at     int  // the pos at which err was found
	loaded bool // it is read, not written

	whole  int // while buf ends with a packed field: how long it is otherwise; else 0
	counts int // fields that Count may still look at
	room   int // bytes that what is made of the message may still take; see spend

	run      int    // where the fields end that Count has counted
	from     int    // where they began
	texts    int    // bytes of short strings since
	shared   string // of buf from sharedAt on; see share
	sharedAt int

	refs RefTable
	give *bool   // the taken of the message whose bytes may be handed on; nil if none
	big  []piece // long byte slices that were written, which are not copied
	more int     // their length in all
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
)

// What Message.kind is, when it is not 0: there is nothing to be read then.
const (
	pending = 8  // beside a wire type: the value of the current field
	element = 16 // beside pending and a wire type: Elem has told of it
	packed  = 32 // a packed field, whose next element Elem tells of
	member  = 33 // an element of a packed field
	ahead   = 64 // beside pending and a wire type: Next has not told of it; alone: nor of the end
)

const maxDepth = 100 // nesting that protobuf's own implementations allow

var (
	errTruncated = errors.New("message ends in the middle of a field")
	errOverflow  = errors.New("varint does not fit in 64 bits")
	errKind      = errors.New("field has another wire type than the contract says")
	errUTF8      = errors.New("string is not valid UTF-8; bytes may be")
	errDepth     = fmt.Errorf("message is nested deeper than %d", maxDepth)
	errFieldNum  = errors.New("field number out of range")
	errNoRefs    = errors.New("message holds a ref but is not part of a call")
)

// Reset makes m a message that begins with what is in buf, writes on into its
// spare capacity, and exports and imports refs through refs, which may be nil.
// Protocols call it; generated code does not.
func (m *Message) Reset(buf []byte, refs RefTable) {
	clear(m.big) // they are others'
	*m = Message{buf: buf, refs: refs, big: m.big[:0]}
}

// Load makes m a message that is read from b, which it keeps. Protocols call
// it; generated code does not.
func (m *Message) Load(b []byte, refs RefTable) {
	*m = Message{buf: b, refs: refs, loaded: true, counts: len(b), room: roomFor(len(b))}
}

// Give is Load, and lets [Message.ReadBytes] return part of b where that saves
// copying much. Taken reports whether it has; b is not the protocol's to use
// again then.
func (m *Message) Give(b []byte, refs RefTable) {
	m.Load(b, refs)
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

// Grow makes room for n more bytes, so that a large message is allocated once.
func (m *Message) Grow(n int) {
	if cap(m.buf)-len(m.buf) < n {
		m.buf = append(m.buf, make([]byte, n)...)[:len(m.buf)]
	}
}

// Err returns what was wrong with the message as far as it was read or
// written, or nil.
func (m *Message) Err() error {
	if m.err == nil {
		return nil
	}
	var e *Error
	if errors.As(m.err, &e) {
		if given, ok := m.err.(*unusable); ok {
			return given.error
		}
		return e // a limit of the connection's, which has its own code
	}
	switch given, ok := m.err.(*unusable); {
	case ok:
		return &Error{Code: InvalidArgument, Message: given.Error(), Err: given.error}
	case !m.loaded:
		return &Error{Code: InvalidArgument, Message: m.err.Error(), Err: errors.Unwrap(m.err)}
	}
	return &Error{Code: InvalidArgument, Message: fmt.Sprintf("malformed message at byte %d: %v", m.at, m.err)}
}

// An unusable is an error that was given to Fail.
type unusable struct{ error }

func (u *unusable) Unwrap() error { return u.error }

// Fail says that what was given, or read, can't be used. It ends Next, and is
// what [Message.Err] returns if nothing was wrong before: as it is if it is or
// wraps an *[Error], else as one with code [InvalidArgument]. Nil is ignored.
func (m *Message) Fail(err error) {
	if err != nil {
		m.fail(&unusable{err})
	}
}

// fail ends the reading of m. Next looks for nothing but the end, and the Read
// methods for nothing but a value that was not read: that is how err costs them
// nothing while there is none.
func (m *Message) fail(err error) {
	if m.err == nil {
		m.err, m.at = err, m.pos
	}
	m.pos, m.kind, m.whole = len(m.buf), 0, 0
}
