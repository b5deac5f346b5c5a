package tenon

import (
	"bytes"
	"strings"
	"testing"
)

// Strings of all lengths around those for which there is a short way, with a byte
// that is not ASCII at every place, into buffers with all, some or no room.
func TestStringsOfEachLength(t *testing.T) {
	texts := []string{}
	for n := range 140 {
		text := strings.Repeat("abcdefghijk", 13)[:n]
		texts = append(texts, text)
		for i := range n {
			texts = append(texts, text[:i]+"é"+text[i:])
		}
	}
	for _, text := range texts {
		for _, num := range []int32{1, 15, 16} {
			want := plain([]field{{num: int(num), kind: 2, bytes: []byte(text)}})
			for _, room := range []int{0, len(want) - 1, len(want), len(want) + 1} {
				var m Message
				m.Reset(make([]byte, 0, room), nil)
				m.WriteString(num, text)
				if !bytes.Equal(m.Raw(), want) || m.Err() != nil {
					t.Fatalf("%q as field %d: %x, not %x; %v", text, num, m.Raw(), want, m.Err())
				}
			}
			var m Message
			m.Load(want, nil)
			if !m.Next() || m.ReadString() != text || m.Next() || m.Err() != nil {
				t.Fatalf("%q is read as something else: %v", text, m.Err())
			}
		}
	}
	for n := range 140 {
		for i := range n {
			bad := strings.Repeat("a", i) + "\x80" + strings.Repeat("a", n-i-1)
			var m Message
			m.Reset(make([]byte, 0, 200), nil)
			m.WriteString(1, bad)
			if m.Err() == nil {
				t.Fatalf("%q is written", bad)
			}
			m.Load(plain([]field{{num: 1, kind: 2, bytes: []byte(bad)}}), nil)
			if !m.Next() || m.ReadString() != "" || m.Err() == nil {
				t.Fatalf("%q is read", bad)
			}
		}
	}
}

// Behind the last field, of a message and of one in it, there is nothing to be
// read, whether Next was asked or not.
func TestNothingBehindTheEnd(t *testing.T) {
	nothing := func(m *Message) {
		t.Helper()
		if n, s, b := m.ReadUint(), m.ReadString(), m.ReadBytes(); n != 0 || s != "" || len(b) > 0 || m.Elem() || m.Count() != 1 {
			t.Errorf("%d, %q and %x are read behind the end", n, s, b)
		}
	}
	var m Message
	m.Load([]byte{1<<3 | 2, 2, 1 << 3, 7, 2 << 3, 8}, nil)
	m.Next()
	mark := m.Enter()
	if !m.Next() || m.ReadUint() != 7 {
		t.Error("the nested field is missing")
	}
	nothing(&m)
	for range 2 {
		if m.Next() {
			t.Error("the nested message has more fields")
		}
		nothing(&m)
	}
	m.Leave(mark)
	if !m.Next() || m.Field() != 2 || m.ReadUint() != 8 {
		t.Error("the field behind the nested message is missing")
	}
	nothing(&m)
	for range 2 {
		if m.Next() || m.Err() != nil {
			t.Errorf("another field, or %v", m.Err())
		}
	}
}
