package peer

import (
	"context"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
)

// An exporter answers with a kept value, and counts how often it is released.
type exporter struct{ released chan struct{} }

var exporterContract = &tenon.Contract{Name: "test.Exporter", Methods: []tenon.Method{{Name: "Export"}}}

func (e *exporter) ServeCall(_ context.Context, _ int, s tenon.Stream) error {
	s.Out().WriteRef(1, tenon.Service{
		Contract: contract,
		Server:   &testServer{},
		Released: func() { e.released <- struct{}{} },
	}, true)
	return nil
}

func TestReleased(t *testing.T) {
	onEach(t, func(t *testing.T, link func(testing.TB) (a, b carrier.Carrier)) {
		for name, end := range map[string]func(host *Peer, refs []*tenon.Ref){
			"by its holder": func(_ *Peer, refs []*tenon.Ref) {
				for _, r := range refs {
					r.Release()
					r.Release()
				}
			},
			"by the end of the connection": func(host *Peer, _ []*tenon.Ref) { host.Close() },
		} {
			t.Run(name, func(t *testing.T) {
				e := &exporter{make(chan struct{}, 10)}
				host, _ := connect(t, link, func(_, b *Config) {
					b.Services = []tenon.Service{{Contract: exporterContract, Server: e}}
				})
				ref, err := exporterContract.Bind(host)
				if err != nil {
					t.Fatal(err)
				}
				var refs []*tenon.Ref
				for range 3 {
					refs = append(refs, exportOne(t, ref))
				}
				end(host, refs)
				for range 3 {
					select {
					case <-e.released:
					case <-time.After(10 * time.Second):
						t.Fatal("not released")
					}
				}
				for _, r := range refs {
					r.Release()
				}
				if len(e.released) != 0 {
					t.Error("released more than once")
				}
			})
		}
	})
}

func exportOne(t *testing.T, ref *tenon.Ref) *tenon.Ref {
	s, err := ref.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	in, err := s.Call()
	if err != nil {
		t.Fatal(err)
	}
	in.Next()
	r, _ := in.ReadRef(contract)
	if r == nil {
		t.Fatal(in.Err())
	}
	return r
}
