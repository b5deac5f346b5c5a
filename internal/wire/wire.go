// Package wire turns frames into bytes and back.
//
// It is pure: no I/O, no state, and every limit is an argument or a constant of
// the protocol. PROTOCOL.md, section 3, is its specification.
package wire

import (
	"encoding/binary"
	"fmt"
)

// A Type says what a frame is. Types from Ignorable on may be skipped by a
// receiver that does not know them; other unknown types end the connection.
type Type uint8

// The types of frames.
const (
	Call    Type = 1  // caller to callee: begins a call
	Data    Type = 2  // either way: a message of a call, or a part of one
	Return  Type = 3  // callee to caller: ends a call
	Cancel  Type = 4  // caller to callee: the caller has given up
	Credit  Type = 5  // either way: room for more bytes of a call
	Release Type = 6  // holder to owner: a kept ref is not used any more
	Ping    Type = 7  // either way: are you there?
	Pong    Type = 8  // answer to Ping
	Drain   Type = 9  // either way: one side is to leave; see Leave and Leaving
	_       Type = 10 // further ones are for later versions

	Ignorable Type = 0x80
)

var typeNames = [...]string{"0", "CALL", "DATA", "RETURN", "CANCEL", "CREDIT", "RELEASE", "PING", "PONG", "DRAIN"}

// String returns the type's name as in PROTOCOL.md.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type 0x%02x", uint8(t))
}

// Flags say what is in a frame's body. Unknown flags are ignored.
type Flags uint8

// The flags. The parts of a body that they announce stand in this order:
// metadata, refs, message.
const (
	End  Flags = 1 << iota // the sender sends no further message in this call
	Msg                    // the body ends with a message or a part of one
	More                   // the message goes on in another frame
	Meta                   // there is metadata
	Refs                   // there are the ids of the kept refs in the message
	Fail                   // Return: the message is an error
)

// Sizes and limits of the protocol.
const (
	HeaderSize  = 16
	MaxBody     = 128<<10 - HeaderSize // a body that says that it is longer ends the connection
	MaxPart     = 64 << 10             // how much of a message a sender puts in one frame
	MaxMetadata = 32 << 10             // bytes of metadata, keys and values with their lengths
	MaxRefs     = 1 << 10              // kept refs in one message
	MaxName     = 1 << 10              // bytes in the name of a service or method

	// MaxPairs is how many pairs of metadata there may be.
	MaxPairs = 128

	// RefCost is what each kept ref in a message costs.
	RefCost = 8

	// FrameCost is what each message counts against credit in addition to its
	// bytes: about what it takes to keep one, so that a window full of empty ones
	// takes up no more memory than the window says.
	FrameCost = 128
)

// What a Drain frame says.
const (
	Leave   = 0 // the sender begins no more calls of services; finish, and close the connection
	Leaving = 1 // the sender is about to close the connection; begin no more calls of services
)

// A Header begins each frame.
type Header struct {
	Type   Type
	Flags  Flags
	Length int    // of the body
	ID     uint64 // of the call; of the ref for Release; any number for Ping and Pong
}

// A FormatError says which rule of the protocol a frame broke. The connection
// cannot be used any more.
type FormatError struct {
	Type Type
	ID   uint64
	Rule string
}

// Error describes the frame and the rule.
func (e *FormatError) Error() string {
	return fmt.Sprintf("%v frame of call %d breaks the protocol: %s", e.Type, e.ID, e.Rule)
}

// Fault returns a *FormatError about h.
func (h Header) Fault(format string, args ...any) error {
	return &FormatError{Type: h.Type, ID: h.ID, Rule: fmt.Sprintf(format, args...)}
}

// Put writes h to the first HeaderSize bytes of b.
func (h Header) Put(b []byte) {
	_ = b[HeaderSize-1]
	binary.LittleEndian.PutUint32(b, uint32(h.Length))
	b[4], b[5], b[6], b[7] = byte(h.Type), byte(h.Flags), 0, 0
	binary.LittleEndian.PutUint64(b[8:], h.ID)
}

// ParseHeader reads the header in the first HeaderSize bytes of b. The two
// reserved bytes are ignored.
func ParseHeader(b []byte) (Header, error) {
	_ = b[HeaderSize-1]
	n := binary.LittleEndian.Uint32(b)
	h := Header{
		Type:   Type(b[4]),
		Flags:  Flags(b[5]),
		ID:     binary.LittleEndian.Uint64(b[8:]),
		Length: int(min(n, MaxBody+1)),
	}
	switch {
	case n > MaxBody:
		return h, h.Fault("body of %d bytes, more than %d", n, MaxBody)
	case h.Type == 0 || h.Type > Drain && h.Type < Ignorable:
		return h, h.Fault("unknown type")
	}
	return h, nil
}

// A Target is what a call goes to: a ref, or a service if Ref is 0.
type Target struct {
	Ref     uint64
	Service []byte
	Method  []byte
	Timeout uint64 // microseconds that the caller waits; 0 is for ever
}

// AppendTarget appends a target to a Call frame's body.
func AppendTarget(b []byte, ref uint64, service, method string, timeout uint64) []byte {
	b = binary.AppendUvarint(b, ref)
	if ref == 0 {
		b = appendString(b, service)
	}
	b = appendString(b, method)
	return binary.AppendUvarint(b, timeout)
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// AppendMetadata appends pairs of keys and values.
func AppendMetadata(b []byte, md map[string][]string) []byte {
	n := 0
	for _, values := range md {
		n += len(values)
	}
	b = binary.AppendUvarint(b, uint64(n))
	for key, values := range md {
		for _, value := range values {
			b = appendString(b, key)
			b = appendString(b, value)
		}
	}
	return b
}

// MetadataSize returns how many bytes AppendMetadata adds, at most.
func MetadataSize(md map[string][]string) int {
	n := binary.MaxVarintLen64
	for key, values := range md {
		for _, value := range values {
			n += len(key) + len(value) + 6
		}
	}
	return n
}

// AppendRefs appends the ids of refs.
func AppendRefs(b []byte, ids []uint64) []byte {
	b = binary.AppendUvarint(b, uint64(len(ids)))
	for _, id := range ids {
		b = binary.AppendUvarint(b, id)
	}
	return b
}

// A Body is read from front to back. The first thing that is wrong is kept, and
// everything read after it is zero.
type Body struct {
	head Header
	rest []byte
	err  error
}

// NewBody returns the body b of the frame with header h.
func NewBody(h Header, b []byte) Body { return Body{head: h, rest: b} }

// Err returns the *FormatError that says what was wrong, or nil.
func (b *Body) Err() error { return b.err }

func (b *Body) fail(format string, args ...any) {
	if b.err == nil {
		b.err = b.head.Fault(format, args...)
	}
	b.rest = nil
}

// Uint reads a number.
func (b *Body) Uint(what string) uint64 {
	if b.err != nil {
		return 0
	}
	v, n := binary.Uvarint(b.rest)
	if n <= 0 {
		b.fail("%s is not a varint", what)
		return 0
	}
	b.rest = b.rest[n:]
	return v
}

func (b *Body) name(what string, limit int) []byte {
	n := b.Uint(what)
	switch {
	case b.err != nil:
		return nil
	case n > uint64(limit):
		b.fail("%s of %d bytes, more than %d", what, n, limit)
		return nil
	case n > uint64(len(b.rest)):
		b.fail("%s ends after the frame", what)
		return nil
	}
	s := b.rest[:n:n]
	b.rest = b.rest[n:]
	return s
}

// Target reads what AppendTarget appended. The names share the body's bytes.
func (b *Body) Target() Target {
	var t Target
	t.Ref = b.Uint("ref")
	if t.Ref == 0 {
		t.Service = b.name("service", MaxName)
	}
	t.Method = b.name("method", MaxName)
	t.Timeout = b.Uint("timeout")
	return t
}

// Metadata reads the metadata, if the header says that there is some.
func (b *Body) Metadata() map[string][]string {
	if b.head.Flags&Meta == 0 {
		return nil
	}
	md := make(map[string][]string)
	b.pairs(func(key, value []byte) { md[string(key)] = append(md[string(key)], string(value)) })
	if b.err != nil {
		return nil
	}
	return md
}

func (b *Body) pairs(f func(key, value []byte)) {
	if b.err != nil {
		return
	}
	start := len(b.rest)
	n := b.Uint("number of metadata")
	if n > MaxPairs {
		b.fail("%d pairs of metadata, more than %d", n, MaxPairs)
		return
	}
	for range n {
		key := b.name("metadata key", MaxMetadata)
		value := b.name("metadata value", MaxMetadata)
		if b.err != nil {
			return
		}
		if start-len(b.rest) > MaxMetadata {
			b.fail("more than %d bytes of metadata", MaxMetadata)
			return
		}
		f(key, value)
	}
}

// Refs reads the ids of kept refs, if the header says that there are some.
func (b *Body) Refs() []uint64 {
	if b.head.Flags&Refs == 0 || b.err != nil {
		return nil
	}
	n := b.Uint("number of refs")
	if n > MaxRefs || n > uint64(len(b.rest)) {
		b.fail("%d refs in one message", n)
		return nil
	}
	ids := make([]uint64, 0, n)
	for range n {
		ids = append(ids, b.Uint("ref"))
	}
	if b.err != nil {
		return nil
	}
	return ids
}

// Rest returns what has not been read.
func (b *Body) Rest() []byte { return b.rest }
