package netrpc_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/tenon-go/tenon/compat/goplugin/internal/netrpc"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/internal/yamuxguard"
)

// What yamux's frames are made of.
const (
	data, window, ping = 0, 1, 2
	opens, acks        = 1, 2
)

func frame(kind byte, flags uint16, id, length uint32) []byte {
	b := []byte{0, kind}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint32(b, id)
	return binary.BigEndian.AppendUint32(b, length)
}

// socketPair returns the two ends of a socket, which holds what nobody has read.
func socketPair(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if theirs, err = net.Dial("unix", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	if ours, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// oneEnd is a session whose other side is a connection that does as it likes.
func oneEnd(t *testing.T, host bool) (s *netrpc.Session, theirs net.Conn) {
	t.Helper()
	ours, theirs := socketPair(t)
	open := netrpc.Dial
	if !host {
		open = netrpc.Accept
		for id := uint32(1); id < 7; id += 2 {
			theirs.Write(frame(window, opens, id, 0))
		}
	}
	s, err := open(ours)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.Broker.Start()
	return s, theirs
}

// Whatever the other side announces, a session keeps no more than some of it, and
// says why it has ended.
func TestFloods(t *testing.T) {
	for name, c := range map[string]struct {
		reads bool
		next  func(i, id uint32) []byte
		why   string
	}{
		"pings":        {false, func(i, _ uint32) []byte { return frame(ping, opens, 0, i) }, "does not wait for the answers"},
		"opens":        {false, func(_, id uint32) []byte { return frame(window, opens, id, 0) }, "it opens"},
		"opens, reads": {true, func(_, id uint32) []byte { return frame(window, opens, id, 0) }, "it opens"},
		"dials": {true, func(i, id uint32) []byte {
			return append(frame(data, opens, id, 4), binary.LittleEndian.AppendUint32(nil, i)...)
		}, "it opens"},
		"opens ours": {true, func(_, id uint32) []byte { return frame(window, opens, id+1, 0) }, "not its own"},
		"windows":    {true, func(i, _ uint32) []byte { return frame(window, acks, 1+2*(i%3), 1<<32-256<<10) }, "more than a session can count"},
	} {
		for _, host := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%v", name, host), func(t *testing.T) {
				before := runtime.NumGoroutine()
				s, theirs := oneEnd(t, host)
				if c.reads {
					go io.Copy(io.Discard, theirs)
				}
				go func() {
					id := uint32(2)
					if !host {
						id = 7
					}
					for i := uint32(0); ; i++ {
						if _, err := theirs.Write(c.next(i, id+2*i)); err != nil {
							return
						}
					}
				}()
				for ended, late := false, time.After(10*time.Second); !ended; {
					select {
					case <-s.Done():
						ended = true
					case <-late:
						t.Fatal("the session goes on")
					case <-time.After(time.Millisecond):
					}
					if n := s.Streams(); n > yamuxguard.MostStreams+3 {
						t.Fatalf("%d streams are kept", n)
					}
					// Each stream may be closed, in time, by one of its own.
					if n := runtime.NumGoroutine() - before; n > yamuxguard.MostStreams+yamuxguard.MostPings+50 {
						t.Fatalf("%d goroutines are kept", n)
					}
				}
				told(t, s.Breach(), c.why)
				_, err := s.Broker.Dial(1)
				told(t, err, c.why)
				_, err = s.Control.Read(make([]byte, 1))
				told(t, err, c.why)
				if _, err = s.Broker.Accept(1 << 31); !errors.Is(err, netrpc.ErrClosed) {
					t.Errorf("to accept failed with %v", err)
				}
				told(t, err, c.why)
				s.Close()
				for late := time.After(5 * time.Second); runtime.NumGoroutine() > before+2; { // who floods, and who reads
					select {
					case <-late:
						t.Fatalf("%d goroutines are left of it", runtime.NumGoroutine()-before)
					case <-time.After(time.Millisecond):
					}
				}
			})
		}
	}
}

func told(t *testing.T, err error, why string) {
	t.Helper()
	var e *yamuxguard.Error
	if !errors.Is(err, &grpcplug.Error{Problem: grpcplug.BadBrokerMessage}) || !errors.As(err, &e) || !strings.Contains(e.Text, why) {
		t.Errorf("the error is %v", err)
	}
}

// A program may have any number of streams that both sides wanted.
func TestMany(t *testing.T) {
	host, plugin := pair(t)
	const many = yamuxguard.MostStreams + 200
	for _, sides := range [][2]*netrpc.Broker{{host.Broker, plugin.Broker}, {plugin.Broker, host.Broker}} {
		for range many {
			id := sides[0].NextID()
			got := make(chan error, 1)
			go func() { _, err := sides[0].Accept(id); got <- err }()
			if _, err := sides[1].Dial(id); err != nil {
				t.Fatal(err)
			}
			if err := <-got; err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := host.Streams(); n != 2*many+3 {
		t.Errorf("there are %d streams", n)
	}
}

// A side that dials, and never closes what the other closes, is not waited for: the
// streams are gone after some time, which is not long.
func TestClosePatience(t *testing.T) {
	if netrpc.ClosePatience > time.Minute {
		t.Errorf("streams are kept for %v", netrpc.ClosePatience)
	}
	ours, theirs := socketPair(t)
	raw := rawHost(t, theirs)
	s, err := netrpc.AcceptFor(ours, 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Broker.Refuse(1)
	s.Broker.Start()
	for range 2 * yamuxguard.MostStreams {
		c, err := raw.Open()
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		c.Write([]byte{1, 0, 0, 0})
		if _, err := c.Read(make([]byte, 1)); err != io.EOF && err != yamux.ErrConnectionReset {
			t.Fatal(err)
		}
	}
	for late := time.After(10 * time.Second); s.Streams() > 3; {
		select {
		case <-late:
			t.Fatalf("%d streams are kept", s.Streams())
		case <-time.After(time.Millisecond):
		}
	}
	if err := s.Breach(); err != nil {
		t.Error(err)
	}
}
