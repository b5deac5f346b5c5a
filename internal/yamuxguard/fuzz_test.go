package yamuxguard

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
)

// Whatever the other side sends is passed on up to what breaks a rule, and what is
// said of it does not depend on how it is cut.
func FuzzGuard(f *testing.F) {
	f.Add(frame(typePing, flagOpen, 0, 1), frame(typePing, flagAck, 0, 1))
	f.Add(append(frame(typeData, flagOpen, 1, 3), "abc"...), frame(typeWindow, flagAck, 1, 0))
	f.Add(bytes.Repeat(frame(typeWindow, flagOpen, 3, 1<<31), 3), frame(typeData, flagReset, 3, 0))
	f.Add(bytes.Repeat(frame(typePing, flagOpen, 0, 7), MostPings+1), []byte{})
	f.Add(frame(9, 0xffff, 1<<31, 1<<32-1), frame(3, 0, 0, 0))
	f.Fuzz(func(t *testing.T, heard, said []byte) {
		for _, first := range []bool{true, false} {
			whole, wholeErr := through(first, heard, said, func(r io.Reader) io.Reader { return r })
			cut, cutErr := through(first, heard, said, iotest.OneByteReader)
			if (wholeErr == nil) != (cutErr == nil) {
				t.Errorf("at once it says %v, byte by byte %v", wholeErr, cutErr)
			}
			if wholeErr == nil && !bytes.Equal(whole, heard) || !bytes.HasPrefix(heard, cut) {
				t.Errorf("of %x it has passed on %x, and %x byte by byte", heard, whole, cut)
			}
		}
	})
}

func through(first bool, heard, said []byte, cut func(io.Reader) io.Reader) ([]byte, error) {
	s := new(script)
	g := New(s, first)
	g.Write(said)
	s.says.Write(heard)
	return io.ReadAll(cut(g))
}
