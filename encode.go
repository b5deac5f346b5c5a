package tenon

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// Most tags, lengths and numbers have one byte: fields below 16, and values below
// 128. What is for those only is small enough to be inlined.

// room is how much a field may take without its content: two varints, and as many
// bytes more as are written at once.
const room = 2*binary.MaxVarintLen64 + 8

// head returns the position at which the next field begins, with room for it.
func (m *Message) head(n int) int {
	if cap(m.buf)-len(m.buf) < room+n {
		m.Grow(room + n)
	}
	return len(m.buf)
}

// put writes v as a varint at b's position i, and returns the position behind it.
func put(b []byte, i int, v uint64) int {
	for v >= 0x80 {
		b[i] = byte(v) | 0x80
		v >>= 7
		i++
	}
	b[i] = byte(v)
	return i + 1
}

func (m *Message) tag(num int32, kind uint8) { m.uvarint(uint64(num)<<3 | uint64(kind)) }

func (m *Message) uvarint(v uint64) {
	at := m.head(0)
	n := put(m.buf[at:at+room], 0, v)
	m.buf = m.buf[:at+n]
}

// WriteUint writes v as a field of protobuf type uint32, uint64 or enum.
func (m *Message) WriteUint(num int32, v uint64) {
	at := len(m.buf)
	if num >= 16 || v >= 1<<14 || at+3 > cap(m.buf) {
		m.writeUint(num, v)
		return
	}
	b := m.buf[at : at+3]
	b[0] = byte(num << 3)
	if v < 0x80 {
		b[1] = byte(v)
		m.buf = m.buf[:at+2]
		return
	}
	b[1], b[2] = byte(v)|0x80, byte(v>>7)
	m.buf = m.buf[:at+3]
}

func (m *Message) writeUint(num int32, v uint64) {
	at := m.head(0)
	b := m.buf[at : at+room]
	n := put(b, put(b, 0, uint64(num)<<3), v)
	m.buf = m.buf[:at+n]
}

// WriteInt writes v as a field of protobuf type int32, int64 or enum.
func (m *Message) WriteInt(num int32, v int64) { m.WriteUint(num, uint64(v)) }

// WriteSint writes v as a field of protobuf type sint32 or sint64.
func (m *Message) WriteSint(num int32, v int64) { m.WriteUint(num, uint64(v<<1)^uint64(v>>63)) }

// WriteBool writes v as a field of protobuf type bool.
func (m *Message) WriteBool(num int32, v bool) {
	b := uint64(0)
	if v {
		b = 1
	}
	m.WriteUint(num, b)
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
	at := len(m.buf)
	end := at + 2 + len(v)
	if num >= 16 || len(v) >= 0x80 || end > cap(m.buf) {
		m.writeString(num, v)
		return
	}
	// It is copied while it is looked at, eight bytes at a time. Of a length that is
	// no multiple of 8 some of the last bytes are copied twice.
	b := m.buf[at:end]
	b[0], b[1] = byte(num<<3)|kindBytes, byte(len(v))
	all := uint64(0)
	if b, s := b[2:], v; len(s) >= 8 {
		all = eight(s[len(s)-8:])
		binary.LittleEndian.PutUint64(b[len(b)-8:], all)
		for ; len(s) > 8 && len(b) > 8; b, s = b[8:], s[8:] {
			next := eight(s)
			binary.LittleEndian.PutUint64(b, next)
			all |= next
		}
	} else {
		for i := range len(s) {
			b[i] = s[i]
			all |= uint64(s[i])
		}
	}
	if all&tops != 0 { // not ASCII
		m.writeString(num, v)
		return
	}
	m.buf = m.buf[:end]
}

func (m *Message) writeString(num int32, v string) {
	if !utf8.ValidString(v) {
		m.fail(fmt.Errorf("field %d: %w", num, errUTF8))
	}
	m.tag(num, kindBytes)
	m.uvarint(uint64(len(v)))
	m.buf = append(m.buf, v...)
}

// ascii reports whether s, which is short, has ASCII only. Of a length that is no
// multiple of 8 some of the last bytes are looked at twice.
func ascii(s []byte) bool {
	if len(s) < 8 {
		var all byte
		for _, c := range s {
			all |= c
		}
		return all < utf8.RuneSelf
	}
	all := binary.LittleEndian.Uint64(s[len(s)-8:])
	for ; len(s) > 8; s = s[8:] {
		all |= binary.LittleEndian.Uint64(s)
	}
	return all&tops == 0
}

const tops = 0x8080808080808080

func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// WriteBytes writes v as a field of protobuf type bytes. A long v is not copied:
// it must not be changed before the message was sent.
func (m *Message) WriteBytes(num int32, v []byte) {
	m.tag(num, kindBytes)
	m.uvarint(uint64(len(v)))
	if len(v) >= long {
		m.big = append(m.big, piece{len(m.buf), v})
		m.more += len(v)
		return
	}
	m.buf = append(m.buf, v...)
}

// WriteRaw appends fields that are encoded already.
func (m *Message) WriteRaw(fields []byte) { m.buf = append(m.buf, fields...) }

// PutInt writes v as an element of a packed field of type int32, int64 or enum,
// which [Message.Begin] has started.
func (m *Message) PutInt(v int64) { m.uvarint(uint64(v)) }

// PutUint writes v as an element of a packed field of type uint32, uint64 or
// enum.
func (m *Message) PutUint(v uint64) { m.uvarint(v) }

// PutBool writes v as an element of a packed field of type bool.
func (m *Message) PutBool(v bool) {
	b := byte(0)
	if v {
		b = 1
	}
	m.buf = append(m.buf, b)
}

// PutFloat writes v as an element of a packed field of type float.
func (m *Message) PutFloat(v float32) {
	m.buf = binary.LittleEndian.AppendUint32(m.buf, math.Float32bits(v))
}

// PutDouble writes v as an element of a packed field of type double.
func (m *Message) PutDouble(v float64) {
	m.buf = binary.LittleEndian.AppendUint64(m.buf, math.Float64bits(v))
}

// Begin starts a nested message, or a packed field, as a field; what is written
// until [Message.End] is called with the returned mark is inside it.
func (m *Message) Begin(num int32) (mark int) {
	// One byte is kept for the length, which is enough below 128 bytes: most
	// nested messages are that short, and the few others are moved by End,
	// which costs less than to compute every size beforehand.
	m.depth++
	at := len(m.buf) + 2
	if num >= 16 || at > cap(m.buf) {
		return m.begin(num)
	}
	m.buf = m.buf[:at]
	m.buf[at-2], m.buf[at-1] = byte(num<<3)|kindBytes, 0
	return at
}

func (m *Message) begin(num int32) (mark int) {
	m.tag(num, kindBytes)
	m.buf = append(m.buf, 0)
	return len(m.buf)
}

// TooDeep reports whether no message can be begun inside the one that is being
// written, because it is nested as deep as protobuf's implementations read. That
// is an error of m then. It is true after any other error as well. Writers of
// recursive types ask, so that a value that holds itself does not take them round
// and round, on all of its ways.
func (m *Message) TooDeep() bool {
	if m.depth < maxDepth {
		return m.err != nil
	}
	m.fail(errDepth)
	return true
}

// End ends the nested message, or packed field, that Begin started.
func (m *Message) End(mark int) {
	m.depth--
	if n := len(m.buf) - mark; n|m.more < 0x80 {
		m.buf[mark-1] = byte(n)
	} else {
		m.endLong(mark)
	}
}

func (m *Message) endLong(mark int) {
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
