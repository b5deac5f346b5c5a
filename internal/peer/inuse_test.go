package peer

import (
	"context"
	"maps"
	"testing"

	"github.com/tenon-go/tenon"
)

var useContract = &tenon.Contract{Name: "test.Use", Methods: []tenon.Method{{Name: "Lend"}, {Name: "Keep"}}}

// A useServer keeps what it is given, and waits.
type useServer struct {
	looked chan struct{}
	kept   []*tenon.Ref
}

func (u *useServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	in, err := s.Recv()
	if err != nil {
		return err
	}
	for in.Next() {
		ref, _ := in.ReadRef(lentContract)
		u.kept = append(u.kept, ref)
	}
	if method == 0 {
		u.looked <- struct{}{}
		<-u.looked
	}
	return in.Err()
}

var lentContract = &tenon.Contract{Name: "test.Lent", Methods: []tenon.Method{{Name: "Call"}}}

// What is in use has its names on both sides, and nothing has one afterwards.
func TestInUse(t *testing.T) {
	server := &useServer{looked: make(chan struct{})}
	a, b := connect(t, carriers["pipe"], func(_, b *Config) {
		b.Services = []tenon.Service{{Contract: useContract, Server: server}}
	})
	ref, err := useContract.Bind(a)
	if err != nil {
		t.Fatal(err)
	}
	service := tenon.Service{Contract: lentContract, Server: &useServer{}}
	keep := func() {
		s, _ := ref.Open(t.Context(), 1)
		defer s.Close()
		s.Out().WriteRef(1, service, true)
		s.Out().WriteRef(2, service, true) // the same under the same id
		if _, err := s.Call(); err != nil {
			t.Error(err)
		}
	}
	keep()
	s, err := ref.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	s.Out().WriteRef(1, service, false)
	if err := s.SendLast(); err != nil {
		t.Fatal(err)
	}
	<-server.looked
	one, three := map[string]int{"test.Use.Lend": 1}, map[string]int{"test.Lent": 3}
	sameUse(t, a, tenon.InUse{CallsOut: one, Exported: three})
	sameUse(t, b, tenon.InUse{CallsIn: one, Held: three})
	server.looked <- struct{}{}
	if _, err := s.Recv(); err != nil {
		t.Error(err)
	}
	s.Close()
	two := map[string]int{"test.Lent": 2}
	sameUse(t, a, tenon.InUse{Exported: two})
	sameUse(t, b, tenon.InUse{Held: two})
	for _, ref := range server.kept {
		ref.Release()
	}
	if err := b.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameUse(t, a, tenon.InUse{})
	sameUse(t, b, tenon.InUse{})
}

func sameUse(t *testing.T, p *Peer, want tenon.InUse) {
	t.Helper()
	got := p.InUse()
	same := maps.Equal(got.CallsOut, want.CallsOut) && maps.Equal(got.CallsIn, want.CallsIn) &&
		maps.Equal(got.Exported, want.Exported) && maps.Equal(got.Held, want.Held)
	if !same {
		t.Errorf("got %v, want %v", got, want)
	}
}
