package grpcplug

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
)

// A ref that does not exist, or is of another contract, is not called.
func TestForeignRefs(t *testing.T) {
	s := start(t, "echo", Protocol{})
	raw, _ := Of(s)
	for _, c := range []struct {
		ref, method string
		code        codes.Code
	}{
		{"7", "/test.Echo/Echo", codes.NotFound},
		{"7", "/test.Other/Echo", codes.NotFound},
		{"18446744073709551616", "/test.Echo/Echo", codes.OK}, // no number: the service
		{"", "/test.Other/Echo", codes.Unimplemented},
		{"", "/test.Echo/Nothing", codes.Unimplemented},
		{"", "/nothing", codes.Unimplemented},
		{"", "/" + refsService + "/Nothing", codes.Unimplemented},
		{"", "/" + refsService + "/" + releaseMethod, codes.OK},
	} {
		ctx := metadata.NewOutgoingContext(t.Context(), metadata.Pairs(refKey, c.ref, hostKey, "x"))
		err := raw.ClientConn.Invoke(ctx, c.method, &frame{[]byte{0x08, 0x63}}, &frame{}, grpc.ForceCodec(codec{}))
		if c.method == "/test.Echo/Echo" && c.code == codes.OK && err != nil {
			// 08 63 is no text, which the echo says
			continue
		}
		if status.Code(err) != c.code {
			t.Errorf("ref %q of %s: %v", c.ref, c.method, err)
		}
	}
}

// stub is a connection that calls nobody.
type stub struct {
	caller
	refs *refs
}

func (s stub) table() *refs                    { return s.refs }
func (s stub) canExport(context.Context) error { return nil }
func (s stub) Release(uint64)                  {}

func TestRefTable(t *testing.T) {
	conn := stub{refs: newRefs(tenon.Limits{Refs: 3})}
	released := make(chan struct{}, 1)
	service := echoService()
	service.Released = func() { released <- struct{}{} }
	one, two := newCallRefs(t.Context(), conn, echoContract), newCallRefs(t.Context(), conn, echoContract)
	lent, err1 := one.Export(service, false)
	kept, err2 := one.Export(service, true)
	_, err3 := two.Export(service, false)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Export(service, true); tenon.CodeOf(err) != tenon.ResourceExhausted {
		t.Errorf("one too many: %v", err)
	}
	if own, err := two.Return(kept, echoContract); err != nil || own.Server != service.Server {
		t.Errorf("%v, %v", own, err)
	}
	if _, err := two.Return(kept, &tenon.Contract{Name: "test.Other"}); tenon.CodeOf(err) != tenon.InvalidArgument {
		t.Errorf("another contract: %v", err)
	}
	one.end()
	two.end()
	if conn.refs.find(lent) != nil || conn.refs.find(kept) == nil {
		t.Error("what was lent is there, or what was kept is not")
	}
	conn.refs.drop(kept, kept, 99)
	select {
	case <-released:
	case <-time.After(10 * time.Second):
		t.Error("nobody was told that the kept one was released")
	}
	if _, err := one.Import(0, echoContract, false); tenon.CodeOf(err) != tenon.InvalidArgument {
		t.Errorf("ref 0: %v", err)
	}
	for id := range uint64(3) {
		if _, err := one.Import(id+1, echoContract, false); err != nil {
			t.Error(err)
		}
	}
	if _, err := one.Import(4, echoContract, false); tenon.CodeOf(err) != tenon.ResourceExhausted {
		t.Errorf("one too many: %v", err)
	}
	one.end()
	var s tenon.Stats
	if conn.refs.count(&s); s.Held != 0 || s.Exported != 0 {
		t.Errorf("%+v", s)
	}
	conn.refs.close()
	if _, err := one.Export(service, true); err == nil {
		t.Error("exported after the end")
	}
}

// A plugin without a broker cannot be given a ref, and can be called.
func TestRefsWithoutBroker(t *testing.T) {
	s := start(t, "bare", Protocol{})
	contract := &tenon.Contract{Name: "test.Who", Methods: []tenon.Method{{Name: "Who"}}}
	ref, err := contract.Bind(s)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() error {
		x, err := ref.Open(t.Context(), 0)
		if err != nil {
			return err
		}
		defer x.Close()
		_, err = x.Call()
		return err
	}
	for range 3 {
		if err := ask(); err != nil {
			t.Error(err)
		}
	}
}

// A plugin finds the services of its host, in the version that was agreed on.
func TestHostServices(t *testing.T) {
	contract := &tenon.Contract{Name: "test.Host", Methods: []tenon.Method{{Name: "Ask"}}}
	server := answerer(func(ctx context.Context, in string) (string, error) {
		if _, _, ok := tenon.Caller(ctx); !ok {
			return "", errors.New("no caller")
		}
		return strings.ToUpper(in), nil
	})
	quits := answerer(func(context.Context, string) (string, error) { runtime.Goexit(); return "", nil })
	for _, c := range []struct {
		service tenon.Service
		want    string
	}{
		{tenon.Service{Contract: contract, Server: server}, "HELLO"},
		{tenon.Service{Contract: contract, Server: quits}, "ended its goroutine"},
		{tenon.Service{Contract: contract, Server: server}.In(1), "does not offer test.Host"},
	} {
		s, err := try(t, "asks", Protocol{}, func(cfg *host.Config) { cfg.Services = []tenon.Service{c.service} })
		if err != nil {
			t.Fatal(err)
		}
		if got, err := call(t.Context(), s, "Echo", "hello"); !strings.Contains(got, c.want) || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

type answerer func(context.Context, string) (string, error)

func (f answerer) ServeCall(ctx context.Context, _ int, s tenon.Stream) error {
	m, err := s.Recv()
	if err != nil {
		return err
	}
	in, err := readText(m)
	if err != nil {
		return err
	}
	out, err := f(ctx, in)
	s.Out().WriteString(1, out)
	return err
}

// asks is an echo that asks its host what to say.
var asks = answerer(func(ctx context.Context, in string) (string, error) {
	contract := &tenon.Contract{Name: "test.Host", Methods: []tenon.Method{{Name: "Ask"}}}
	ref, err := contract.BindCaller(ctx)
	if err != nil {
		return err.Error(), nil
	}
	s, err := ref.Open(ctx, 0)
	if err != nil {
		return "", err
	}
	defer s.Close()
	s.Out().WriteString(1, in)
	m, err := s.Call()
	if err != nil {
		return err.Error(), nil
	}
	return readText(m)
})
