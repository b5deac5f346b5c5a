package yamuxguard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
)

func frame(kind byte, flags uint16, id, length uint32) []byte {
	b := []byte{0, kind}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint32(b, id)
	return binary.BigEndian.AppendUint32(b, length)
}

// Headers are found wherever reads and writes begin and end.
func TestFrames(t *testing.T) {
	var all []byte
	var want []uint32
	for i := range uint32(50) {
		all = append(all, append(frame(typeData, uint16(i%3), i, i), bytes.Repeat([]byte{2}, int(i))...)...)
		all = append(all, frame(1, flagClose, 1000+i, 1<<31)...) // its length is no length
		want = append(want, i, 1000+i)
	}
	for size := 1; size < 100; size++ {
		var f frames
		var got []uint32
		for rest := all; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			f.each(rest[:min(size, len(rest))], func(h *header) error { got = append(got, h.id()); return nil })
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("in pieces of %d bytes: %v, want %v", size, got, want)
		}
	}
}

// A script is a connection that has something to read, and swallows what is written.
type script struct{ says bytes.Buffer }

func (s *script) Read(b []byte) (int, error)  { return s.says.Read(b) }
func (s *script) Write(b []byte) (int, error) { return len(b), nil }
func (s *script) Close() error                { return nil }

// hears reports what a guard has against what the other side sends.
func hears(g *Guard, s *script, all ...[]byte) error {
	for _, b := range all {
		s.says.Write(b)
	}
	_, err := io.Copy(io.Discard, g)
	return err
}

// What the other side takes is counted for the connections of both sides, less what
// was sent, and may be all that 32 bits can say.
func TestWindows(t *testing.T) {
	const all = 1<<32 - 1
	for _, ours := range []bool{true, false} {
		for _, sent := range []uint32{0, 1000} {
			for _, over := range []uint32{0, 1} {
				s := &script{}
				g := New(s, true)
				id := uint32(2)
				if ours {
					id = 1
					g.Write(frame(typeWindow, flagOpen, id, 0))
				} else if err := hears(g, s, frame(typeWindow, flagOpen, id, 0)); err != nil {
					t.Fatal(err)
				}
				g.Write(append(frame(typeData, 0, id, sent), make([]byte, sent)...))
				err := hears(g, s, frame(typeWindow, flagAck, id, 1<<31), frame(typeWindow, 0, 77, all), frame(typeWindow, 0, 77, all))
				if err != nil {
					t.Fatal(err)
				}
				err = hears(g, s, frame(typeWindow, 0, id, all-1<<31-firstWindow+sent+over))
				var e *Error
				if over == 0 && err != nil || over == 1 && (!errors.As(err, &e) || e != g.Err()) {
					t.Errorf("ours %v, %d bytes sent, %d too many: %v", ours, sent, over, err)
				}
			}
		}
	}
}

// A connection that was claimed does not count, however it ends.
func TestClaim(t *testing.T) {
	s := &script{}
	g := New(s, false)
	const many = 3 * MostStreams
	for id := uint32(1); id < 2*many; id += 2 {
		if err := hears(g, s, frame(typeWindow, flagOpen, id, 0)); err != nil {
			t.Fatal(err)
		}
		g.Write(frame(typeWindow, flagAck, id, 0))
		g.Claim(id)
		g.Claim(id)
		if id%4 == 1 {
			if err := hears(g, s, frame(typeWindow, flagReset, id, 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := g.Counted(); n != 0 {
		t.Errorf("%d connections count", n)
	}
	for id := uint32(2*many + 1); ; id += 2 {
		err := hears(g, s, frame(typeWindow, flagOpen, id, 0))
		g.Write(frame(typeWindow, flagAck, id, 0))
		if err != nil {
			if n := g.Counted(); n != MostStreams {
				t.Errorf("with %d connections: %v", n, err)
			}
			break
		}
	}
}
