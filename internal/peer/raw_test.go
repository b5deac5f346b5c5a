package peer

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/fault"
	"github.com/tenon-go/tenon/internal/wire"
)

type linker = func(testing.TB) (a, b carrier.Carrier)

// A raw side speaks the protocol by hand to a live Peer. It is the host, so that
// its calls have odd ids, and serves whatever a test says.
type raw struct {
	testing.TB
	c    carrier.Carrier
	peer *Peer
	in   chan rawFrame
}

type rawFrame struct {
	wire.Header
	body []byte
}

// mute starts a peer against a side that does not read.
func mute(t testing.TB, link linker, configs ...func(*Config)) *raw {
	a, b := link(t)
	cfg := Config{Carrier: b, Services: []tenon.Service{{Contract: contract, Server: testServer{}}}}
	cfg.Offered = offered1(cfg.Services)
	for _, f := range configs {
		f(&cfg)
	}
	r := &raw{TB: t, c: a, peer: New(cfg, nil)}
	t.Cleanup(func() {
		closed := make(chan struct{})
		go func() { r.peer.Close(); close(closed) }()
		select {
		case <-closed:
		case <-time.After(20 * time.Second):
			t.Error("Close hangs")
		}
		a.Close()
	})
	return r
}

// newRaw is mute, and reads.
func newRaw(t testing.TB, link linker, configs ...func(*Config)) *raw {
	r := mute(t, link, configs...)
	r.listen()
	return r
}

func (r *raw) listen() {
	r.in = make(chan rawFrame, 1<<16)
	go func() {
		defer close(r.in)
		for {
			head, err := r.take(wire.HeaderSize)
			if err != nil {
				return
			}
			h, err := wire.ParseHeader(head)
			if err != nil {
				r.Errorf("the peer sent a bad header: %v", err)
				return
			}
			body, err := r.take(h.Length)
			if err != nil {
				return
			}
			r.in <- rawFrame{h, body}
		}
	}()
}

func (r *raw) take(n int) ([]byte, error) {
	b := make([]byte, n)
	for have := 0; have < n; {
		k, err := r.c.Read(b[have:], false)
		if have += k; err != nil {
			return nil, err
		}
	}
	return b, nil
}

// say writes frames. The peer may close the connection meanwhile.
func (r *raw) say(frames ...[]byte) *raw {
	for _, f := range frames {
		if _, err := r.c.Write(f, nil); err != nil {
			break
		}
	}
	return r
}

// next returns the next frame, pings and credit excepted.
func (r *raw) next() rawFrame {
	r.Helper()
	for {
		f := r.any()
		if f.Type != wire.Credit {
			return f
		}
	}
}

func (r *raw) any() rawFrame {
	r.Helper()
	select {
	case f, ok := <-r.in:
		if !ok {
			r.Fatalf("the connection has ended: %v", r.peer.Err())
		}
		return f
	case <-time.After(10 * time.Second):
		r.Fatal("nothing came")
		panic("unreachable")
	}
}

func (r *raw) expect(typ wire.Type, id uint64) rawFrame {
	r.Helper()
	f := r.next()
	if f.Type != typ || f.ID != id {
		r.Fatalf("got %v of %d with flags %02x and %q, want %v of %d", f.Type, f.ID, f.Flags, f.body, typ, id)
	}
	return f
}

// returned expects the answer of a call that succeeds.
func (r *raw) returned(id uint64, want string) {
	r.Helper()
	f := r.expect(wire.Return, id)
	b := wire.NewBody(f.Header, f.body)
	b.Metadata()
	b.Refs()
	if f.Flags&wire.Fail != 0 || string(b.Rest()) != want {
		r.Fatalf("answer with flags %02x and %q, want %q", f.Flags, f.body, want)
	}
}

// failed expects the answer of a call that fails.
func (r *raw) failed(id uint64, code tenon.Code) *tenon.Error {
	r.Helper()
	f := r.expect(wire.Return, id)
	if f.Flags&wire.Fail == 0 {
		r.Fatalf("the call succeeded with %q", f.body)
	}
	var m tenon.Message
	m.Load(f.body, nil)
	err := fault.Decode(&m, nil)
	if err.Code != code {
		r.Fatalf("answer is %v (%v), want code %v", err.Code, err, code)
	}
	return err
}

// alive checks that nothing but credit has come, and that the connection goes on.
func (r *raw) alive() {
	r.Helper()
	r.say(fr(wire.Ping, 0, 4711))
	r.expect(wire.Pong, 4711)
}

// fatal checks that the connection has ended because of the protocol.
func (r *raw) fatal() {
	r.Helper()
	select {
	case <-r.peer.Done():
	case <-time.After(10 * time.Second):
		r.Fatal("the connection goes on")
	}
	var t *tenon.TransportError
	if err := r.peer.Err(); !errors.As(err, &t) || t.Op != "protocol" {
		r.Fatalf("the connection ended with %v", err)
	}
}

// drain reads what is left, until the end.
func (r *raw) drain() {
	var buf [64 << 10]byte
	for {
		if _, err := r.c.Read(buf[:], false); err != nil {
			if err != io.EOF {
				return
			}
			return
		}
	}
}

// fr returns a frame.
func fr(typ wire.Type, flags wire.Flags, id uint64, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	b := make([]byte, wire.HeaderSize, wire.HeaderSize+n)
	wire.Header{Type: typ, Flags: flags, Length: n, ID: id}.Put(b)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func uv(n uint64) []byte { return binary.AppendUvarint(nil, n) }

func to(method string) []byte { return wire.AppendTarget(nil, 0, contract.Name, method, 0) }

// callOf is a whole call with a single message.
func callOf(id uint64, method, message string) []byte {
	return fr(wire.Call, wire.Msg|wire.End, id, to(method), []byte(message))
}

// open begins a call that goes on.
func open(id uint64, method string) []byte { return fr(wire.Call, 0, id, to(method)) }

func data(id uint64, message string) []byte { return fr(wire.Data, wire.Msg, id, []byte(message)) }

// refField is a field 1 of type Ref.
func refField(id uint64, kept, home bool) []byte {
	var m tenon.Message
	mark := m.Begin(1)
	m.WriteUint(1, id)
	if kept {
		m.WriteBool(2, true)
	}
	if home {
		m.WriteBool(3, true)
	}
	m.End(mark)
	return m.Raw()
}

// serving sets what Run does.
func serving(server testServer) func(*Config) {
	return func(c *Config) { c.Services = []tenon.Service{{Contract: contract, Server: server}} }
}
