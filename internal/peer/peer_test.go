package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
)

// The contract that the tests of this package call, served by a testServer.
var contract = &tenon.Contract{
	Name: "test.Echo",
	Methods: []tenon.Method{
		{Name: "Echo"},
		{Name: "Fail"},
		{Name: "Collect", ClientStream: true},
		{Name: "Count", ServerStream: true},
		{Name: "Chat", ClientStream: true, ServerStream: true},
		{Name: "Run"},
	},
	Errors: []tenon.ErrorDef{{Name: "test.ErrOdd", Value: errOdd}},
}

const (
	echo = iota
	fail
	collect
	count
	chat
	run
)

var errOdd = errors.New("odd")

// A testServer serves contract. Run does what run says.
type testServer struct {
	run func(ctx context.Context, in []byte, s tenon.Stream) error
}

func (t testServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	switch method {
	case echo:
		in, err := s.Recv()
		if err != nil {
			return err
		}
		s.Out().WriteRaw(in.Raw())
		return nil
	case fail:
		return errOdd
	case collect:
		for {
			in, err := s.Recv()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			s.Out().WriteRaw(in.Raw())
		}
	case count:
		in, err := s.Recv()
		if err != nil {
			return err
		}
		in.Next()
		n := in.ReadInt()
		for i := range n {
			s.Out().WriteInt(1, i)
			if err := s.Send(); err != nil {
				return err
			}
		}
		return nil
	case chat:
		for {
			in, err := s.Recv()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			s.Out().WriteRaw(in.Raw())
			if err := s.Send(); err != nil {
				return err
			}
		}
	default:
		in, err := s.Recv()
		if err != nil {
			return err
		}
		return t.run(ctx, bytes.Clone(in.Raw()), s)
	}
}

// carriers are the ways in which two peers are connected in tests.
var carriers = map[string]func(t testing.TB) (a, b carrier.Carrier){
	"pipe": func(testing.TB) (a, b carrier.Carrier) { return carrier.Pipe(64 << 10) },
	"socket": func(t testing.TB) (a, b carrier.Carrier) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		var ends [2]carrier.Carrier
		for i, fd := range fds {
			ends[i], err = carrier.NewSocket(os.NewFile(uintptr(fd), "socketpair"))
			if err != nil {
				t.Fatal(err)
			}
		}
		return ends[0], ends[1]
	},
}

func offered1(services []tenon.Service) map[string][]string {
	o := make(map[string][]string)
	for _, s := range services {
		o[s.Contract.Name] = s.Offered()
	}
	return o
}

// connect starts two peers that serve contract to each other.
func connect(t testing.TB, link func(testing.TB) (a, b carrier.Carrier), configs ...func(a, b *Config)) (host, plugin *Peer) {
	a, b := link(t)
	ca := Config{Carrier: a, First: true}
	cb := Config{Carrier: b, Services: []tenon.Service{{Contract: contract, Server: testServer{}}}}
	for _, f := range configs {
		f(&ca, &cb)
	}
	ca.Remote, cb.Remote = cb.Local, ca.Local
	ca.Offered, cb.Offered = offered1(cb.Services), offered1(ca.Services)
	host, plugin = New(ca, nil), New(cb, nil)
	t.Cleanup(func() {
		for _, p := range []*Peer{host, plugin} {
			if s := p.Stats(); s.ActiveOut+s.Held+s.Exported != 0 {
				t.Errorf("left behind: %+v", s)
			}
			p.Close()
		}
	})
	return host, plugin
}

func bind(t testing.TB, p *Peer) *tenon.Ref {
	ref, err := contract.Bind(p)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func ask(ctx context.Context, ref *tenon.Ref, method int, in []byte) ([]byte, error) {
	s, err := ref.Open(ctx, method)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	s.Out().WriteRaw(in)
	m, err := s.Call()
	if err != nil {
		return nil, err
	}
	return bytes.Clone(m.Raw()), nil
}

func onEach(t *testing.T, f func(t *testing.T, link func(testing.TB) (a, b carrier.Carrier))) {
	for name, link := range carriers {
		t.Run(name, func(t *testing.T) { f(t, link) })
	}
}

func TestUnary(t *testing.T) {
	onEach(t, func(t *testing.T, link func(testing.TB) (a, b carrier.Carrier)) {
		host, _ := connect(t, link)
		ref := bind(t, host)
		for _, size := range []int{0, 1, 64, 4096, 65536, 65537, 1 << 20, 10 << 20} {
			in := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
			for range 20 {
				out, err := ask(context.Background(), ref, echo, in)
				if err != nil {
					t.Fatalf("%d bytes: %v", size, err)
				}
				if !bytes.Equal(in, out) {
					t.Fatalf("%d bytes: %d others came back", size, len(out))
				}
				if size > 1<<16 {
					break
				}
			}
		}
		_, err := ask(context.Background(), ref, fail, nil)
		if !errors.Is(err, errOdd) {
			t.Fatalf("got %v, want %v", err, errOdd)
		}
	})
}

func TestStreams(t *testing.T) {
	onEach(t, func(t *testing.T, link func(testing.TB) (a, b carrier.Carrier)) {
		host, _ := connect(t, link)
		ref := bind(t, host)
		ctx := context.Background()

		s, err := ref.Open(ctx, count)
		if err != nil {
			t.Fatal(err)
		}
		s.Out().WriteInt(1, 100_000)
		if err := s.SendLast(); err != nil {
			t.Fatal(err)
		}
		for i := range int64(100_000) {
			m, err := s.Recv()
			if err != nil {
				t.Fatal(i, err)
			}
			if m.Next(); m.ReadInt() != i {
				t.Fatal("out of order")
			}
		}
		if _, err := s.Recv(); err != io.EOF {
			t.Fatal(err)
		}
		s.Close()

		s, err = ref.Open(ctx, collect)
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			s.Out().WriteRaw([]byte(strings.Repeat("x", 1000)))
			if err := s.Send(); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		m, err := s.Recv()
		if err != nil || m.Len() != 1000_000 {
			t.Fatal(m.Len(), err)
		}
		s.Close()

		s, err = ref.Open(ctx, chat)
		if err != nil {
			t.Fatal(err)
		}
		for i := range int64(1000) {
			s.Out().WriteInt(1, i)
			if err := s.Send(); err != nil {
				t.Fatal(err)
			}
			m, err := s.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if m.Next(); m.ReadInt() != i {
				t.Fatal("out of order")
			}
		}
		s.Close()
	})
}

func BenchmarkUnary(b *testing.B) {
	for name, link := range carriers {
		for _, size := range []int{64, 4 << 10, 64 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				host, _ := connect(b, link)
				ref := bind(b, host)
				in := bytes.Repeat([]byte("x"), size)
				b.ReportAllocs()
				for b.Loop() {
					s, err := ref.Open(context.Background(), echo)
					if err != nil {
						b.Fatal(err)
					}
					s.Out().WriteRaw(in)
					if _, err := s.Call(); err != nil {
						b.Fatal(err)
					}
					s.Close()
				}
			})
		}
	}
}
