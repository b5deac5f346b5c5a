package tenon

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"unicode/utf8"
)

// Next moves to the next field and reports whether there is one. A value that
// was not read is skipped: that is how fields of a newer version are ignored.
func (m *Message) Next() bool {
	if m.kind >= ahead {
		m.kind -= ahead
		return m.kind != 0
	}
	return m.next()
}

func (m *Message) next() bool {
	if m.kind != 0 {
		m.skip()
	}
	if m.pos >= len(m.buf) {
		return false
	}
	tag := m.number()
	if m.err != nil {
		return false
	}
	if tag>>3 == 0 || tag>>3 > 1<<29-1 {
		m.fail(errFieldNum)
		return false
	}
	m.num, m.kind = int32(tag>>3), uint8(tag&7)|pending
	return true
}

// advance ends the reading of a value, behind which pos is. It looks at the tag
// there already: most have one byte, and Next has little left to do then, as it
// has at the end.
func (m *Message) advance(pos int) {
	if pos < len(m.buf) {
		if tag := m.buf[pos]; tag-8 < 0x80-8 {
			m.num, m.kind, m.pos = int32(tag>>3), tag&7|pending|ahead, pos+1
			return
		}
		m.kind, m.pos = 0, pos
		return
	}
	m.kind, m.pos = ahead, pos
}

// Field returns the number of the field that Next moved to, until its value is
// read.
func (m *Message) Field() int32 { return m.num }

// number reads a varint.
func (m *Message) number() uint64 {
	b := m.buf[m.pos:]
	v, shift := uint64(0), 0
	for i, c := range b {
		if c < 0x80 {
			if shift == 63 && c > 1 {
				break
			}
			m.pos += i + 1
			return v | uint64(c)<<(shift&63)
		}
		if shift == 63 {
			break
		}
		v |= uint64(c&0x7f) << (shift & 63)
		shift += 7
	}
	m.badNumber(len(b))
	return 0
}

// badNumber says what is wrong with a varint of which so many bytes are there at
// most.
func (m *Message) badNumber(there int) {
	if there < binary.MaxVarintLen64 {
		m.fail(errTruncated)
	} else {
		m.fail(errOverflow)
	}
}

// take consumes the value that is to be read if it is of the given kind.
func (m *Message) take(kind uint8) bool {
	switch m.kind {
	case pending | kind, pending | element | kind:
		m.kind = 0
		return true
	case member:
		if kind != kindBytes {
			m.kind = packed
			return true
		}
	case 0:
		return false
	default:
		if m.kind >= ahead {
			return false
		}
	}
	m.fail(fmt.Errorf("field %d: %w", m.num, errKind))
	return false
}

// fixed returns the next n bytes.
func (m *Message) fixed(n int) []byte {
	if len(m.buf)-m.pos < n {
		m.fail(errTruncated)
		return nil
	}
	b := m.buf[m.pos : m.pos+n]
	m.pos += n
	return b
}

// span returns the bytes behind their length.
func (m *Message) span() []byte {
	n := m.number()
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

// skip passes over what was not read of the current field.
func (m *Message) skip() {
	kind := m.kind
	m.kind = 0
	switch kind &^ element {
	case 0:
	case pending | kindVarint:
		m.number()
	case pending | kindFixed64:
		m.fixed(8)
	case pending | kindBytes:
		m.span()
	case pending | kindFixed32:
		m.fixed(4)
	case packed, member:
		m.pos = len(m.buf)
		m.unpack()
	default: // groups: deprecated since proto2, written by nobody who implements a contract
		m.fail(fmt.Errorf("field %d: %w", m.num, errKind))
	}
}

// ReadUint reads the current field as protobuf type uint32, uint64 or enum.
func (m *Message) ReadUint() uint64 {
	if b, at := m.buf, m.pos+1; m.kind == pending|kindVarint && at < len(b) {
		v := uint64(b[at-1])
		if v >= 0x80 {
			next := uint64(b[at])
			if next >= 0x80 {
				return m.readUint()
			}
			v = v&0x7f | next<<7
			at++
		}
		m.advance(at)
		return v
	}
	return m.readUint()
}

func (m *Message) readUint() uint64 {
	if !m.take(kindVarint) {
		return 0
	}
	v := m.number()
	if m.kind == 0 {
		m.advance(m.pos)
	}
	return v
}

// ReadInt reads the current field as protobuf type int32, int64 or enum.
func (m *Message) ReadInt() int64 { return int64(m.ReadUint()) }

// ReadSint reads the current field as protobuf type sint32 or sint64.
func (m *Message) ReadSint() int64 {
	v := m.ReadUint()
	return int64(v>>1) ^ -int64(v&1)
}

// ReadIntN is ReadInt for a type of so many bits, or of those of an int if it is
// 0. A number that the type does not hold is an error.
func (m *Message) ReadIntN(size int) int64 {
	num := m.num
	v := m.ReadInt()
	unused := 64 - width(size)
	if v<<unused>>unused != v {
		m.fail(fmt.Errorf("field %d: %d is out of the range of an integer of %d bits", num, v, width(size)))
		return 0
	}
	return v
}

// ReadUintN is ReadUint for a type of so many bits, or of those of an uint if it
// is 0. A number that the type does not hold is an error.
func (m *Message) ReadUintN(size int) uint64 {
	num := m.num
	v := m.ReadUint()
	if unused := 64 - width(size); v<<unused>>unused != v {
		m.fail(fmt.Errorf("field %d: %d is out of the range of an unsigned integer of %d bits", num, v, width(size)))
		return 0
	}
	return v
}

func width(size int) int {
	if size <= 0 || size > 64 {
		return bits.UintSize
	}
	return size
}

// ReadBool reads the current field as protobuf type bool.
func (m *Message) ReadBool() bool { return m.ReadUint() != 0 }

// ReadFixed64 reads the current field as protobuf type fixed64.
func (m *Message) ReadFixed64() uint64 {
	if !m.take(kindFixed64) {
		return 0
	}
	b := m.fixed(8)
	if b == nil {
		return 0
	}
	if m.kind == 0 {
		m.advance(m.pos)
	}
	return binary.LittleEndian.Uint64(b)
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
	if m.kind == 0 {
		m.advance(m.pos)
	}
	return b
}

// ReadArrayBytes reads the current field as protobuf type bytes into dst, of
// whose length it has to be.
func (m *Message) ReadArrayBytes(dst []byte) {
	v := m.ReadView()
	switch {
	case m.err != nil:
	case len(v) != len(dst):
		m.fail(fmt.Errorf("field %d: %d bytes, and not %d", m.num, len(v), len(dst)))
	default:
		copy(dst, v)
	}
}

// ReadString reads the current field as protobuf type string. Short ones in the
// elements of a list, or of a map, may share an allocation of no more than 512
// bytes.
func (m *Message) ReadString() string {
	if at := m.pos + 1; m.kind == pending|kindBytes && at <= len(m.buf) {
		n := int(m.buf[at-1])
		end := at + n
		if n < 0x80 && end <= len(m.buf) && ascii(m.buf[at:end]) {
			m.advance(end)
			if i := at - m.sharedAt; i+n <= len(m.shared) {
				m.texts += n
				return m.shared[i : i+n]
			}
			if at < m.run {
				return m.share(at, n)
			}
			return string(m.buf[at:end])
		}
	}
	return m.readString()
}

func (m *Message) readString() string {
	v := m.ReadView()
	if !utf8.Valid(v) {
		m.fail(fmt.Errorf("field %d: %w", m.num, errUTF8))
		return ""
	}
	return string(v)
}

// Enter reads the current field as a nested message: until [Message.Leave] is
// called with the mark that it returns, m is that message.
func (m *Message) Enter() (mark int) {
	b, at := m.buf, m.pos+1
	m.depth++
	if m.kind == pending|kindBytes && at <= len(b) && m.depth <= maxDepth {
		if end := at + int(b[at-1]); b[at-1] < 0x80 && end <= len(b) {
			m.buf = b[:end]
			m.advance(at)
			return len(b)
		}
	}
	m.enter()
	return len(b)
}

func (m *Message) enter() {
	v := m.ReadView()
	switch {
	case m.err != nil:
	case m.depth > maxDepth:
		m.fail(errDepth)
	default:
		m.buf = m.buf[:m.pos]
		m.pos -= len(v)
	}
}

// Leave ends the nested message that Enter began. What was not read of it is
// skipped.
func (m *Message) Leave(mark int) {
	if m.kind != 0 || m.err != nil {
		m.abandon(mark)
	}
	m.depth--
	end := len(m.buf)
	m.buf = m.buf[:mark]
	m.advance(end)
}

// abandon ends a nested message that was not read to its end.
func (m *Message) abandon(mark int) {
	if m.kind == packed || m.kind == member {
		m.unpack()
	}
	if m.err != nil {
		m.buf = m.buf[:mark] // nothing behind it is read either
	}
}

// ReadMessage reads the current field as a nested message, into sub, which
// shares m's bytes. When sub was read, its error has to be handed back with
// [Message.Check]. It is for nested messages that are kept for a while; others
// are read with [Message.Enter].
func (m *Message) ReadMessage(sub *Message) {
	v := m.ReadView()
	*sub = Message{buf: v, refs: m.refs, depth: m.depth + 1, give: m.give, loaded: true, counts: len(v), room: m.room}
	if m.err != nil {
		sub.fail(m.err)
	} else if sub.depth > maxDepth {
		sub.fail(errDepth)
	}
}

// Check makes an error of sub, a nested message, an error of m.
func (m *Message) Check(sub *Message) {
	m.room = sub.room
	if sub.err != nil {
		m.fail(sub.err)
	}
}
