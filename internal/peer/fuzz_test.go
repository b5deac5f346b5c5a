package peer

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/wire"
)

// FuzzPeer gives a live peer, which serves methods of every kind and has calls
// of its own under way, arbitrary bytes as the other side's frames. It must not
// panic, Close must return, every call must end with an error, and nothing may
// be left.
func FuzzPeer(f *testing.F) {
	for _, c := range fatals {
		f.Add(bytes.Join(c.frames, nil))
	}
	for _, seed := range peerSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		if len(stream) > 1<<20 {
			return
		}
		fuzzPeer(t, stream)
	})
}

func peerSeeds() [][]byte {
	md := wire.AppendMetadata(nil, map[string][]string{"k": {"v", "w"}})
	whole := func(frames ...[]byte) []byte { return bytes.Join(frames, nil) }
	return [][]byte{
		nil,
		whole(callOf(1, "Echo", "hi"), callOf(3, "Fail", ""), callOf(5, "Count", "\x08\x03"), callOf(7, "NoSuch", "")),
		whole(open(1, "Chat"), data(1, "a"), fr(wire.Data, fMsg|fMore, 1, uv(4), []byte("ab")), data(1, "cd"), fr(wire.Data, fEnd, 1)),
		whole(open(1, "Stay"), data(1, "a"), fr(wire.Cancel, 0, 1, uv(1))),
		whole(fr(wire.Call, fMeta|fRefs|fMsg|fEnd, 1, to("Echo"), md, uv(2), uv(5), uv(6), []byte("hi"))),
		whole(fr(wire.Call, fMsg|fMore, 1, to("Collect"), uv(1<<20), make([]byte, 100)), fr(wire.Cancel, 0, 1, uv(4))),
		whole(fr(wire.Data, fMsg|fRefs, 2, uv(1), uv(9), refField(9, true, false)), fr(wire.Return, fEnd, 2)),
		whole(fr(wire.Data, fMsg, 2, refField(1, false, true)), fr(wire.Release, 0, 1, uv(1)), fr(wire.Call, fMsg|fEnd, 1, wire.AppendTarget(nil, 1, "", "Echo", 9), []byte("x"))),
		whole(fr(wire.Return, fFail|fEnd, 2, []byte{8, 5, 18, 1, 'x'}), fr(wire.Return, fMsg|fEnd, 4, []byte("x"))),
		whole(fr(wire.Ping, 0, 1), fr(wire.Pong, 0, 1), fr(wire.Drain, 0, 0, uv(0)), fr(wire.Drain, 0, 0, uv(1)), fr(0x80, 0, 0)),
		whole(fr(wire.Credit, 0, 2, uv(100)), fr(wire.Credit, 0, 2, uv(1<<40)), callOf(1, "Run", "panic"), callOf(3, "Run", "repeat")),
	}
}

func fuzzPeer(t *testing.T, stream []byte) {
	a, b := carrier.Pipe(64 << 10)
	cfg := Config{Carrier: b, OnAsked: func() {}}
	underTest(&cfg)
	p := New(cfg, nil)
	go func() {
		var buf [32 << 10]byte
		for {
			if _, err := a.Read(buf[:], false); err != nil {
				return
			}
		}
	}()
	ended := make(chan error, 2)
	for _, method := range []int{chat, echo} {
		go func() { ended <- fuzzCall(p, method) }()
	}
	deadline := time.After(20 * time.Second)
	for p.Stats().ActiveOut < 2 {
		time.Sleep(10 * time.Microsecond)
	}
	wrote := make(chan struct{})
	go func() {
		a.Write(stream, nil)
		a.Close()
		close(wrote)
	}()
	select {
	case <-wrote:
	case <-deadline:
		t.Fatalf("nobody reads\n%s", strays())
	}
	closed := make(chan struct{})
	go func() {
		<-p.Done()
		p.Close()
		close(closed)
	}()
	for range 2 {
		select {
		case <-ended:
		case <-deadline:
			t.Fatalf("a call hangs\n%s", strays())
		}
	}
	select {
	case <-closed:
	case <-deadline:
		t.Fatalf("Close hangs\n%s", strays())
	}
	r := &raw{peer: p}
	for end := time.Now().Add(20 * time.Second); !r.idle(); time.Sleep(10 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("handlers are left\n%s", strays())
		}
	}
	if s := p.Stats(); s.ActiveOut+s.ActiveIn+s.Held+s.Exported != 0 {
		t.Fatalf("left behind: %+v", s)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loans.free != p.cfg.Local.Large || len(p.loans.queue) != 0 || len(p.calls) != 0 {
		t.Fatalf("%d of %d can be lent, %d wait, %d calls", p.loans.free, p.cfg.Local.Large, len(p.loans.queue), len(p.calls))
	}
}

// fuzzCall makes a call with refs, and reads whatever comes as refs.
func fuzzCall(p *Peer, method int) error {
	ref, err := contract.Bind(p)
	if err != nil {
		return err
	}
	s, err := ref.Open(context.Background(), method)
	if err != nil {
		return err
	}
	defer s.Close()
	s.Out().WriteRef(1, tenon.Service{Contract: contract, Server: testServer{run: runTest}}, method == echo)
	s.Out().WriteRef(2, tenon.Service{Contract: contract, Server: &testServer{run: runTest}}, true)
	if err := s.Send(); err != nil {
		return err
	}
	for {
		m, err := s.Recv()
		if err != nil {
			return err
		}
		for m.Next() {
			if ref, _ := m.ReadRef(contract); ref != nil {
				defer ref.Release()
			}
		}
	}
}
