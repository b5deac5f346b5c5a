package netrpc_test

import (
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/tenon-go/tenon/compat/goplugin/internal/netrpc"
	"github.com/tenon-go/tenon/tenontest"
)

func TestMain(m *testing.M) { tenontest.Main(m, nil) }

// pair returns the two sides of a connection.
func pair(t *testing.T) (host, plugin *netrpc.Session) {
	t.Helper()
	a, b := net.Pipe()
	accepted := make(chan *netrpc.Session)
	go func() {
		s, err := netrpc.Accept(b)
		if err != nil {
			t.Error(err)
		}
		accepted <- s
	}()
	host, err := netrpc.Dial(a)
	if err != nil {
		t.Fatal(err)
	}
	plugin = <-accepted
	host.Broker.Start()
	plugin.Broker.Start()
	t.Cleanup(func() { host.Close(); plugin.Close() })
	return host, plugin
}

// rawHost is a host that has opened the three streams, and does nothing more unless
// it is told to.
func rawHost(t *testing.T, c net.Conn) *yamux.Session {
	t.Helper()
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	raw, err := yamux.Client(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	for range 3 {
		if _, err := raw.Open(); err != nil {
			t.Fatal(err)
		}
	}
	return raw
}

func TestStreams(t *testing.T) {
	host, plugin := pair(t)
	for i, streams := range [][2]net.Conn{{plugin.Control, host.Control}, {plugin.Stdout, host.Stdout}, {plugin.Stderr, host.Stderr}} {
		go streams[0].Write([]byte{byte(i)})
		b := make([]byte, 1)
		if _, err := io.ReadFull(streams[1], b); err != nil || b[0] != byte(i) {
			t.Errorf("stream %d: %v %v", i, b, err)
		}
	}
}

// TestBroker has both sides accept and dial, in either order.
func TestBroker(t *testing.T) {
	host, plugin := pair(t)
	for _, sides := range [][2]*netrpc.Broker{{host.Broker, plugin.Broker}, {plugin.Broker, host.Broker}} {
		for range 3 {
			id := sides[0].NextID()
			got := make(chan error)
			go func() {
				c, err := sides[0].Accept(id)
				if err == nil {
					_, err = c.Write([]byte("x"))
					c.Close()
				}
				got <- err
			}()
			c, err := sides[1].Dial(id)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(c); string(b) != "x" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			c.Close()
			if err := <-got; err != nil {
				t.Error(err)
			}
		}
	}
}

// TestNobody is about ids that one side alone knows.
func TestNobody(t *testing.T) {
	host, plugin := pair(t)
	dialled := make(chan error)
	go func() { _, err := plugin.Broker.Dial(7); dialled <- err }()
	if _, err := host.Broker.Accept(8); !errors.Is(err, netrpc.ErrTimeout) {
		t.Errorf("the error is %v", err)
	}
	if err := <-dialled; err == nil {
		t.Error("nobody has answered, and yet")
	}
}

// TestEnd has Accept end with the connection.
func TestEnd(t *testing.T) {
	host, plugin := pair(t)
	ended := make(chan error)
	go func() { _, err := host.Broker.Accept(1); ended <- err }()
	plugin.Close()
	if err := <-ended; !errors.Is(err, netrpc.ErrClosed) {
		t.Errorf("the error is %v", err)
	}
	if _, err := host.Broker.Dial(1); !netrpc.IsEnd(err) {
		t.Errorf("the error is %v", err)
	}
}

// TestHostile is about a side that dials what nobody waits for, says nothing, and
// says it often.
func TestHostile(t *testing.T) {
	a, b := net.Pipe()
	accepted := make(chan *netrpc.Session)
	go func() { s, _ := netrpc.Accept(b); accepted <- s }()
	raw := rawHost(t, a)
	s := <-accepted
	s.Broker.Start()
	defer s.Close()
	for i := range uint32(200) {
		c, err := raw.Open()
		if err != nil {
			t.Fatal(err)
		}
		switch i % 3 {
		case 0:
			binary.Write(c, binary.LittleEndian, i/9) // many for the same
		case 1:
			c.Write([]byte{1})
		case 2:
			c.Close()
		}
	}
	// It still does what it is there for.
	got := make(chan error)
	go func() { _, err := s.Broker.Accept(5000); got <- err }()
	c, err := raw.Open()
	if err != nil {
		t.Fatal(err)
	}
	binary.Write(c, binary.LittleEndian, uint32(5000))
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// TestNoise is about a connection that is something else.
func TestNoise(t *testing.T) {
	for range 20 {
		a, b := net.Pipe()
		go func() {
			noise := make([]byte, 4096)
			for i := range noise {
				noise[i] = byte(rand.Int())
			}
			a.SetDeadline(time.Now().Add(time.Second))
			go io.Copy(io.Discard, a)
			a.Write(noise)
			a.Close()
		}()
		if s, err := netrpc.Accept(b); err == nil {
			s.Close()
		}
	}
}
