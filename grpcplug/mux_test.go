package grpcplug

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
	"google.golang.org/grpc"

	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/yamuxguard"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

// A lockedConn is written to by a session and by who harms it.
type lockedConn struct {
	net.Conn
	mu sync.Mutex
}

func (c *lockedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.Write(b)
}

func init() {
	for name, f := range map[string]func(){
		"opens for ever": func() {
			greet(func(c net.Conn) {
				for id := uint32(2); ; id += 2 {
					if _, err := c.Write(yamuxFrame(typeData, flagOpen, id, 0)); err != nil {
						return
					}
				}
			})
		},
		// Is a good plugin until it is called.
		"pings when called": func() {
			greet(func(c net.Conn) {
				both := &lockedConn{Conn: c}
				session, err := yamux.Server(both, nil)
				if err != nil {
					panic(err)
				}
				server := grpc.NewServer(grpc.ForceServerCodec(codec{}), grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
					if method, _ := grpc.MethodFromServerStream(s); method == "/test.Echo/Echo" {
						for {
							if _, err := both.Write(bytes.Repeat(yamuxFrame(typePing, flagOpen, 0, 1), 1000)); err != nil {
								return err
							}
						}
					}
					<-s.Context().Done()
					return nil
				}))
				server.Serve(session)
			})
		},
		"serves early": served(func(_ *plugin.Config, p *Protocol) {
			p.Register = func(_ grpc.ServiceRegistrar, b *Broker, _ int) error {
				_, err := b.Serve(77, answersWith("x"))
				return err
			}
		}),
	} {
		strangers[name] = f
	}
}

// What yamux's frames are made of.
const (
	typeData, typePing = 0, 2
	flagOpen           = 1
)

func yamuxFrame(kind byte, flags uint16, id, length uint32) []byte {
	b := []byte{0, kind}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint32(b, id)
	return binary.BigEndian.AppendUint32(b, length)
}

// oneEnd is a mux whose other side is a connection that does as it likes.
func oneEnd(t *testing.T, first bool) (m *mux, theirs net.Conn) {
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
	ours, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if m, err = newMux(ours, first); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.close)
	return m, theirs
}

// Whatever the other side announces, a session keeps no more than some of it, and
// says why it has ended.
func TestMuxFloods(t *testing.T) {
	for name, c := range map[string]struct {
		reads bool
		next  func(i, id uint32) []byte
		why   string
	}{
		"pings":        {false, func(i, _ uint32) []byte { return yamuxFrame(typePing, flagOpen, 0, i) }, "does not wait for the answers"},
		"opens":        {false, func(_, id uint32) []byte { return yamuxFrame(1, flagOpen, id, 0) }, "opens"},
		"opens, reads": {true, func(_, id uint32) []byte { return yamuxFrame(1, flagOpen, id, 0) }, "opens"},
		"opens, fills": {true, func(_, id uint32) []byte {
			return append(yamuxFrame(typeData, flagOpen, id, 256<<10), make([]byte, 256<<10)...)
		}, "nobody wants"},
		"opens, ends": {true, func(_, id uint32) []byte {
			return append(yamuxFrame(typeData, flagOpen, id, 0), yamuxFrame(typeData, flagOpen, id, 0)...)
		}, "twice"},
		"opens ours": {true, func(_, id uint32) []byte { return yamuxFrame(1, flagOpen, id+1, 0) }, "not its own"},
	} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%v", name, first), func(t *testing.T) {
				before := runtime.NumGoroutine()
				m, theirs := oneEnd(t, first)
				if c.reads {
					go io.Copy(io.Discard, theirs)
				}
				go func() {
					id := uint32(2)
					if !first {
						id = 1
					}
					for i := uint32(0); ; i++ {
						if _, err := theirs.Write(c.next(i, id+2*i)); err != nil {
							return
						}
					}
				}()
				for ended, late := false, time.After(5*time.Second); !ended; {
					select {
					case <-m.session.CloseChan():
						ended = true
					case <-late:
						t.Fatal("the session goes on")
					case <-time.After(time.Millisecond):
					}
					if n := m.session.NumStreams(); n > yamuxguard.MostStreams {
						t.Fatalf("%d connections are kept", n)
					}
					if n := runtime.NumGoroutine() - before; n > yamuxguard.MostPings+2*yamuxguard.MostRefused+50 {
						t.Fatalf("%d goroutines are kept", n)
					}
				}
				var e *Error
				if err := m.why(errNoSession); !errors.As(err, &e) || e.Problem != BadBrokerMessage || !bytes.Contains([]byte(err.Error()), []byte(c.why)) {
					t.Errorf("it ended with %v", err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := m.dial(ctx); !errors.Is(err, &Error{Problem: BadBrokerMessage}) {
					t.Errorf("to dial failed with %v", err)
				}
			})
		}
	}
}

// Connections that were asked for are bounded too.
func TestMuxManyWanted(t *testing.T) {
	m, theirs := oneEnd(t, true)
	for i := range uint32(yamuxguard.MostStreams + 1) {
		if err := m.expect(func(net.Conn) bool { return true }); err != nil && i < maxPending {
			t.Fatal(err)
		}
		if _, err := theirs.Write(yamuxFrame(1, flagOpen, 2*i+2, 0)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(theirs, make([]byte, 12)); err != nil && i < yamuxguard.MostStreams {
			t.Fatal(err)
		}
	}
	select {
	case <-m.session.CloseChan():
	case <-time.After(5 * time.Second):
		t.Fatal("the session goes on")
	}
	if err := m.why(nil); err == nil || !bytes.Contains([]byte(err.Error()), []byte("at a time")) {
		t.Errorf("it ended with %v", err)
	}
}

// TestMuxListenerShut has those refused at once who come when the listener is
// closed, or wait then.
func TestMuxListenerShut(t *testing.T) {
	under, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	l := newMuxListener(under)
	defer l.end()
	c, err := net.Dial("unix", under.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMux(c, true)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	dial := func() net.Conn {
		c, err := m.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	taken := dial()
	if _, err := l.Accept(); err != nil {
		t.Fatal(err)
	}
	waits := dial()
	l.Close()
	for name, c := range map[string]net.Conn{"the one that waited": waits, "the one that came later": dial()} {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if _, err := taken.Write([]byte("x")); err != nil {
		t.Errorf("the connection that was taken: %v", err)
	}
	if _, err := l.Accept(); err != net.ErrClosed {
		t.Errorf("Accept: %v", err)
	}
}

// What is opened and closed again counts no more, whoever closes it first, and one
// side may do so for ever.
func TestMuxForgets(t *testing.T) {
	a, b := muxPair(t)
	defer a.close()
	defer b.close()
	for i := range 2 * yamuxguard.MostStreams {
		ours, err := a.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		theirs := <-b.rest
		if i%2 == 0 {
			ours, theirs = theirs, ours
		}
		ours.Close()
		if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
			t.Fatalf("connection %d: %v", i, err)
		}
		theirs.Close()
	}
	// The answer follows all that the other side has said before.
	if _, err := b.session.Ping(); err != nil {
		t.Fatal(err)
	}
	if n := b.guard.Counted(); n > 0 {
		t.Fatalf("%d connections count, and the session has %d", n, b.session.NumStreams())
	}
}

// A side that opens connections, and reads no more at some time, holds up nobody.
func TestMuxUnread(t *testing.T) {
	for _, first := range []bool{true, false} {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		m, err := newMux(ours, first)
		if err != nil {
			t.Fatal(err)
		}
		odd := uint32(1) // the lowest bit of their ids
		if first {
			odd = 0
		}
		go func() {
			for id := uint32(0); id < 40; id += 2 {
				theirs.Write(yamuxFrame(1, flagOpen, id+2-odd, 0))
			}
		}()
		// The last of these is of the one that is too many, which is then closed.
		if _, err := io.ReadFull(theirs, make([]byte, 12*(waiting+1))); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			within(t, time.Second, "to dial", func() { m.dial(ctx) })
			cancel()
		}
		within(t, time.Second, "to close it", m.close)
	}
}

// A start ends in time with a plugin that floods it, and says so.
func TestStartFlooded(t *testing.T) {
	within(t, 4*time.Second, "to give up", func() {
		_, err := try(t, "opens for ever", Protocol{Multiplex: true}, func(c *host.Config) { c.StartTimeout = 2 * time.Second })
		if !errors.Is(err, &Error{Problem: BadBrokerMessage}) {
			t.Errorf("got %v", err)
		}
	})
}

// A plugin that floods its host is at its end, and the host knows why.
func TestFlooded(t *testing.T) {
	s := start(t, "pings when called", Protocol{Multiplex: true})
	if _, err := call(t.Context(), s, "Echo", "x"); err == nil {
		t.Error("it was answered")
	}
	select {
	case <-s.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("the connection goes on")
	}
	if !errors.Is(s.Err(), &Error{Problem: BadBrokerMessage}) {
		t.Errorf("it ended with %v", s.Err())
	}
}

// What a plugin serves before there is a session does not need one, not even when
// there will be none.
func TestServedWithoutSession(t *testing.T) {
	s := &server{options: &options{limit: 1 << 20}, wish: wish{multiplex: true}, place: newPlace("", wish{dir: t.TempDir()})}
	if err := s.listen(); err != nil {
		t.Fatal(err)
	}
	l, err := s.broker.Accept(77)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string)
	go func() { asked <- l.Addr().String() }()
	select {
	case got := <-asked:
		if got != "id 77" {
			t.Errorf("its address is %q", got)
		}
	case <-time.After(5 * time.Second):
		t.Error("its address waits for the session")
	}
	s.unlisten()
	s.broker.admit(l.(*muxedListener))
	if c := <-s.broker.out; c.knock == nil || c.knock.err != errNoSession.Error() {
		t.Errorf("a knock is answered with %+v", c.knock)
	}
	var settled atomic.Bool
	if _, err := s.broker.mux().open(t.Context(), func() { settled.Store(true) }); err != errNoSession || !settled.Load() {
		t.Errorf("to open: %v, settled %v", err, settled.Load())
	}
	s.broker.close()
	s.broker.wait()
	s.place.remove()
}

func TestStoppedWithoutHost(t *testing.T) {
	a := &abroad{cmd: tenontest.Command(t, "serves early")}
	a.cmd.Env = append(a.cmd.Env, "GRPCPLUG_TEST=yes", envMultiplex+"=true", "TMPDIR="+t.TempDir())
	a.cmd.Stdout, a.cmd.Stderr = &a.out, &a.out
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.kill)
	a.out.await(t, "|grpc|")
	a.cmd.Process.Signal(syscall.SIGTERM)
	within(t, 5*time.Second, "its end", func() {
		if err := a.cmd.Wait(); err != nil {
			t.Errorf("it ended with %v\n%s", err, a.out.String())
		}
	})
}
