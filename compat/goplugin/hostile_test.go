package plugin_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/rpc"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	plugin "github.com/tenon-go/tenon/compat/goplugin"
	"github.com/tenon-go/tenon/grpcplug"
)

// A villain is the other side of a host's net/rpc: it is as it should be until it is
// told not to be.
type villain struct {
	net.Conn
	mu   sync.Mutex    // held while a frame is written
	rest int           // of the session's frame that is being written
	deaf chan struct{} // closed when it takes nothing more on the control stream
}

// Write keeps a frame of the session's in one piece: a header and what it announces
// come in two calls.
func (v *villain) Write(b []byte) (int, error) {
	if v.rest == 0 {
		v.mu.Lock()
		const data = 0
		if b[1] == data {
			v.rest = len(b) + int(binary.BigEndian.Uint32(b[8:]))
		} else {
			v.rest = len(b)
		}
	}
	n, err := v.Conn.Write(b)
	if v.rest -= len(b); v.rest == 0 || err != nil {
		v.rest = 0
		v.mu.Unlock()
	}
	return n, err
}

// says sends frames of yamux.
func (v *villain) says(kind byte, flags uint16, times int, next func(i int) (id, length uint32)) {
	var b bytes.Buffer
	for i := range times {
		id, length := next(i)
		f := binary.BigEndian.AppendUint16([]byte{0, kind}, flags)
		f = binary.BigEndian.AppendUint32(f, id)
		b.Write(binary.BigEndian.AppendUint32(f, length))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Conn.Write(b.Bytes())
}

type control struct{}

func (control) Ping(bool, *struct{}) error { return nil }
func (control) Quit(bool, *struct{}) error { return nil }

// A selective stream is read from until its owner is deaf, and is never closed.
type selective struct {
	net.Conn
	deaf chan struct{}
	end  <-chan struct{}
}

func (s *selective) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	select {
	case <-s.deaf:
		<-s.end
		return 0, io.EOF
	default:
		return n, err
	}
}

func (s *selective) Close() error { return nil }

// serve is yamux's and net/rpc's work, on one connection.
func (v *villain) serve(t *testing.T) {
	cfg := yamux.DefaultConfig()
	cfg.LogOutput, cfg.EnableKeepAlive = io.Discard, false
	session, err := yamux.Server(v, cfg)
	if err != nil {
		t.Error(err)
		return
	}
	defer session.Close()
	streams := make([]net.Conn, 3)
	for i := range streams {
		if streams[i], err = session.Accept(); err != nil {
			return
		}
	}
	s := rpc.NewServer()
	s.RegisterName("Control", control{})
	s.ServeConn(&selective{streams[0], v.deaf, session.CloseChan()})
	<-session.CloseChan()
}

// attack returns a client of a plugin that is a villain, and whose connection is
// there. It has patience to answer that it leaves.
func attack(t *testing.T, plugins plugin.PluginSet, patience time.Duration) (*plugin.Client, *villain) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &villain{deaf: make(chan struct{})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if v.Conn, err = l.Accept(); err == nil {
			v.serve(t)
		}
	}()
	t.Cleanup(func() { l.Close(); <-served })
	c := config(t, "says", "1|1|tcp|"+l.Addr().String()+"|netrpc")
	c.Plugins = plugins
	c.KillTimeout = patience
	client := start(t, c)
	if _, err := client.Client(); err != nil {
		t.Fatal(err)
	}
	return client, v
}

// settles waits until there are no more goroutines than there were.
func settles(t *testing.T, before int) {
	t.Helper()
	for late := time.After(10 * time.Second); runtime.NumGoroutine() > before; {
		select {
		case <-late:
			b := make([]byte, 1<<16)
			t.Fatalf("%d goroutines are left\n%s", runtime.NumGoroutine()-before, b[:runtime.Stack(b, true)])
		case <-time.After(time.Millisecond):
		}
	}
}

// TestKillUnread is about a plugin that takes nothing: who writes to it waits, until
// Kill ends it in its time.
func TestKillUnread(t *testing.T) {
	before := runtime.NumGoroutine()
	long := strings.Repeat("x", 1<<20) // more than a stream's window
	t.Run("attack", func(t *testing.T) {
		client, v := attack(t, plugin.PluginSet{long: doerPlugin{}}, 300*time.Millisecond)
		close(v.deaf)
		p, _ := client.Client()
		ended := make(chan error, 4)
		go func() { _, err := p.Dispense(long); ended <- err }()
		for range 3 {
			go func() { ended <- p.Ping() }()
		}
		within(t, 8*time.Second, client.Kill)
		if !client.Exited() {
			t.Error("it is there")
		}
		for range 4 {
			if err := <-ended; err == nil {
				t.Error("it was answered")
			}
		}
	})
	settles(t, before)
}

// TestKillLiar is about a plugin that breaks yamux's rules when the connection is
// there: what waits for it ends, says why, and Kill does not wait for it at all.
func TestKillLiar(t *testing.T) {
	for name, breaks := range map[string]func(*villain){
		"windows": func(v *villain) {
			v.says(1, 2, 3, func(i int) (id, length uint32) { return uint32(2*i + 1), 1<<32 - 256<<10 })
		},
		"pings": func(v *villain) { v.says(2, 1, 100_000, func(i int) (id, length uint32) { return 0, uint32(i) }) },
		"opens": func(v *villain) { v.says(1, 1, 100_000, func(i int) (id, length uint32) { return uint32(2*i + 2), 0 }) },
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			t.Run("attack", func(t *testing.T) {
				client, v := attack(t, set, time.Minute)
				p, _ := client.Client()
				go breaks(v)
				var err error
				for err == nil { // it may be answered a few times before
					err = p.Ping()
				}
				broken := &grpcplug.Error{Problem: grpcplug.BadBrokerMessage}
				if !errors.Is(err, broken) {
					t.Errorf("Ping failed with %v", err)
				}
				if _, err := p.Dispense("doer"); !errors.Is(err, broken) {
					t.Errorf("Dispense failed with %v", err)
				}
				within(t, 8*time.Second, client.Kill)
				if !client.Exited() {
					t.Error("it is there")
				}
			})
			settles(t, before)
		})
	}
}

// TestNothingKept is about what a host keeps of a connection that has ended, to a
// plugin that closes no stream.
func TestNothingKept(t *testing.T) {
	host, other := net.Pipe()
	v := &villain{Conn: other, deaf: make(chan struct{})}
	served := make(chan struct{})
	go func() { v.serve(t); close(served) }()
	kept := make(chan struct{})
	func() {
		conn := &struct{ net.Conn }{host}
		runtime.AddCleanup(conn, func(struct{}) { close(kept) }, struct{}{})
		c, err := plugin.NewRPCClient(conn, set)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ping(); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	<-served
	for late := time.After(10 * time.Second); ; {
		runtime.GC()
		select {
		case <-kept:
			return
		case <-late:
			t.Fatal("something has hold of the connection")
		case <-time.After(time.Millisecond):
		}
	}
}
