package tenon

import (
	"encoding/binary"
	"math/bits"
)

// Elem reports whether the current field, which is repeated and of numbers, has
// an element that was not read: once for one that is not packed, and for each
// element of one that is. It is the condition of a loop that reads one each
// time.
func (m *Message) Elem() bool {
	switch {
	case m.kind >= ahead:
	case m.kind == packed:
		if m.pos < len(m.buf) {
			m.kind = member
			return true
		}
		m.unpack()
		m.kind = 0
	case m.kind == pending|kindBytes:
		v := m.ReadView()
		if m.err != nil || len(v) == 0 {
			return false
		}
		m.whole = len(m.buf)
		m.buf = m.buf[:m.pos]
		m.pos -= len(v)
		m.kind = member
		return true
	case m.kind&(pending|element) == pending:
		m.kind |= element
		return true
	default: // nothing was read of what Elem told of
		m.skip()
	}
	return false
}

// unpack ends the packed field that is being read.
func (m *Message) unpack() {
	m.buf, m.whole = m.buf[:m.whole], 0
}

// Count returns how many fields with the current one's number and wire type
// follow each other, itself included, as far as they are there. It is for
// [Grow], when there is no room for one more element: whoever asks for each
// element is answered 1 from some time on, as all of Count's looking ahead is
// bounded by the size of the message.
func (m *Message) Count() int {
	kind := m.kind &^ element
	if kind&pending == 0 || kind >= ahead || m.counts <= 0 {
		return 1
	}
	tag := uint64(m.num)<<3 | uint64(kind&7)
	ahead := scanner{m.buf, m.pos}
	n := 1
	if tag < 0x80 && kind == pending|kindBytes {
		short := ahead.short(byte(tag))
		n += short
		m.counts -= short
	}
	for ahead.skip(kind&7) && m.counts > 0 && ahead.next(tag) {
		n++
		m.counts--
	}
	if n >= manyFields && ahead.pos > m.run {
		m.run, m.from, m.texts = ahead.pos, m.pos, 0
	}
	return n
}

// CountPacked returns how many elements the current field has if it is packed,
// of so many bits each, or varints if it is 0. Otherwise it is Count.
func (m *Message) CountPacked(size int) int {
	if m.kind != pending|kindBytes {
		return m.Count()
	}
	v := (&scanner{m.buf, m.pos}).span()
	if size > 0 {
		return len(v) / max(size/8, 1)
	}
	if m.counts -= len(v) / 8; m.counts <= 0 {
		return 1
	}
	return varints(v)
}

// varints counts the bytes that end a varint, which are those below 0x80.
func varints(b []byte) (n int) {
	for ; len(b) >= 8; b = b[8:] {
		n += 8 - bits.OnesCount64(binary.LittleEndian.Uint64(b)&tops)
	}
	for _, c := range b {
		n += int(^c >> 7)
	}
	return n
}

// A scanner looks ahead in a message. What is malformed ends it.
type scanner struct {
	b   []byte
	pos int
}

func (s *scanner) number() (uint64, bool) {
	if s.pos < len(s.b) && s.b[s.pos] < 0x80 {
		s.pos++
		return uint64(s.b[s.pos-1]), true
	}
	v, n := binary.Uvarint(s.b[s.pos:])
	s.pos += max(n, 0)
	return v, n > 0
}

func (s *scanner) span() []byte {
	n, ok := s.number()
	if !ok || n > uint64(len(s.b)-s.pos) {
		return nil
	}
	return s.b[s.pos : s.pos+int(n)]
}

// short passes over values with a length of one byte and the given tag behind
// them, and returns how many. That is what most are.
func (s *scanner) short(tag byte) (n int) {
	for s.pos < len(s.b) && s.b[s.pos] < 0x80 {
		end := s.pos + 1 + int(s.b[s.pos])
		if end >= len(s.b) || s.b[end] != tag {
			break
		}
		s.pos = end + 1
		n++
	}
	return n
}

// next passes over a tag if it is the given one.
func (s *scanner) next(tag uint64) bool {
	t, ok := s.number()
	return ok && t == tag
}

// skip passes over a value.
func (s *scanner) skip(kind uint8) bool {
	n := 0
	switch kind {
	case kindVarint:
		_, ok := s.number()
		return ok
	case kindFixed64:
		n = 8
	case kindFixed32:
		n = 4
	case kindBytes:
		v, ok := s.number()
		if !ok || v > uint64(len(s.b)-s.pos) {
			return false
		}
		n = int(v)
	default:
		return false
	}
	s.pos += n
	return s.pos <= len(s.b)
}
