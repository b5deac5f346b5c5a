package grpcplug

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

var app = tenon.App{Name: "test", Version: 3, Versions: []int{2, 1}, Cookie: "GRPCPLUG_TEST=yes"}

// The echo is the contract of the tests here.
var echoContract = &tenon.Contract{Name: "test.Echo", Methods: []tenon.Method{
	{Name: "Echo"}, {Name: "Fail"}, {Name: "Both", ClientStream: true, ServerStream: true}, {Name: "Wait"}, {Name: "Panic"},
	{Name: "Say"}, {Name: "Without", Optional: true}, {Name: "Quit"},
}}

func echoService() tenon.Service {
	return tenon.Service{Contract: echoContract, Server: echoServer{}, Without: []string{"Without"}}
}

func TestMain(m *testing.M) {
	all := map[string]func(){}
	for _, more := range []map[string]func(){plugins, strangers} {
		for name, f := range more {
			all[name] = f
		}
	}
	tenontest.Main(m, all)
}

var plugins = map[string]func(){
	"either": func() { Main(app, echoService()) },
	"registers": func() {
		register := func(r grpc.ServiceRegistrar, _ *Broker, _ int) error {
			r.RegisterService(&grpc.ServiceDesc{ServiceName: "test.More", HandlerType: (*any)(nil)}, nil)
			return nil
		}
		plugin.MainConfig(plugin.Config{App: app, Services: []tenon.Service{echoService()}, Protocols: []plugin.Protocol{Protocol{Register: register}}})
	},
	"echo": served(func(*plugin.Config, *Protocol) {}),
	"tcp":  served(func(_ *plugin.Config, p *Protocol) { p.Network = tcpNetwork }),
	"initfails": served(func(c *plugin.Config, _ *Protocol) {
		c.Init = func(context.Context) error { return os.ErrPermission }
	}),
	"asks": served(func(c *plugin.Config, _ *Protocol) {
		c.Services = []tenon.Service{{Contract: echoContract, Server: asks}}
	}),
	"onstop": served(func(c *plugin.Config, _ *Protocol) {
		c.OnStop = func(context.Context) { os.Stdout.WriteString("last words\n"); slog.Info("last record") }
	}),
	"neverstop": served(func(c *plugin.Config, _ *Protocol) {
		c.OnStop = func(context.Context) { select {} }
		c.StopTimeout = 100 * time.Millisecond
	}),
}

// served is a plugin that serves gRPC even to a host of our own.
func served(change func(*plugin.Config, *Protocol)) func() {
	return func() {
		os.Unsetenv("TENON_PLUGIN")
		cfg := plugin.Config{App: app, Name: "echo", Services: []tenon.Service{echoService().In(1, 2, 3)}}
		var p Protocol
		change(&cfg, &p)
		cfg.Protocols = []plugin.Protocol{p}
		plugin.MainConfig(cfg)
	}
}

// started is a plugin under test.
type started struct {
	*host.Plugin
	out, errs, log *text
}

// text is output that comes while a test looks at it.
type text struct {
	mu   sync.Mutex
	b    bytes.Buffer
	more chan struct{} // closed when more comes; nil if nobody waits
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.more != nil {
		close(x.more)
		x.more = nil
	}
	return x.b.Write(p)
}

// has reports whether what is there, and otherwise what tells that more came.
func (x *text) has(what string) (bool, <-chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.more == nil {
		x.more = make(chan struct{})
	}
	return strings.Contains(x.b.String(), what), x.more
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// await waits until what is there.
func (x *text) await(t *testing.T, what string) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		ok, more := x.has(what)
		if ok {
			return
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("%q has not come, but %q", what, x)
		}
	}
}

func try(t *testing.T, name string, p Protocol, change func(*host.Config)) (*started, error) {
	t.Helper()
	s := &started{out: new(text), errs: new(text), log: new(text)}
	cmd := tenontest.Command(t, name)
	cmd.Stdout, cmd.Stderr = s.out, s.errs
	cfg := host.Config{
		App: app, Cmd: cmd, Name: name, Protocols: []host.Protocol{p},
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	s.Plugin, err = host.Start(t.Context(), cfg)
	if err == nil {
		t.Cleanup(func() { s.stop() })
	}
	return s, err
}

func start(t *testing.T, name string, p Protocol) *started {
	t.Helper()
	s, err := try(t, name, p, nil)
	if err != nil {
		t.Fatalf("%v\nstderr: %s", err, s.errs)
	}
	return s
}

func (s *started) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return s.Stop(ctx)
}

// call calls a method of the echo that takes and returns a text.
func call(ctx context.Context, conn tenon.Conn, method, in string) (string, error) {
	ref, err := echoContract.Bind(conn)
	if err != nil {
		return "", err
	}
	s, err := ref.Open(ctx, echoContract.Index(method))
	if err != nil {
		return "", err
	}
	defer s.Close()
	s.Out().WriteString(1, in)
	m, err := s.Call()
	if err != nil {
		return "", err
	}
	return readText(m)
}

func readText(m *tenon.Message) (all string, err error) {
	for m.Next() {
		all += m.ReadString()
	}
	return all, m.Err()
}

type echoServer struct{}

func (echoServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	if echoContract.Methods[method].ClientStream {
		return both(s)
	}
	m, err := s.Recv()
	if err != nil {
		return err
	}
	in, err := readText(m)
	if err != nil {
		return err
	}
	_, md, _ := tenon.Caller(ctx)
	switch echoContract.Methods[method].Name {
	case "Fail":
		return &os.PathError{Op: "open", Path: in, Err: os.ErrNotExist}
	case "Wait":
		<-ctx.Done()
		return ctx.Err()
	case "Panic":
		panic(in)
	case "Quit":
		runtime.Goexit()
	case "Say":
		os.Stdout.WriteString(in)
	}
	s.Out().WriteString(1, in)
	for _, v := range md["greeting"] {
		s.Out().WriteString(1, v)
	}
	return nil
}

func both(s tenon.Stream) error {
	for {
		m, err := s.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		s.Out().WriteRaw(m.Raw())
		if err := s.Send(); err != nil {
			return err
		}
	}
}

// pair is two brokers of one connection, in memory but for their sockets.
func pair(t *testing.T, muxed bool) (a, b *Broker) {
	o := &options{limit: 1 << 20}
	place := newPlace("", wish{dir: t.TempDir()})
	var ma, mb *mux
	if muxed {
		ma, mb = muxPair(t)
	}
	a, b = newBroker(o, place, ma), newBroker(o, place, mb)
	x, y := pipe()
	for broker, s := range map[*Broker]*pipeEnd{a: x, b: y} {
		go broker.listen(s)
	}
	t.Cleanup(func() {
		x.close()
		y.close()
		for _, broker := range []*Broker{a, b} {
			broker.close()
			broker.wait()
		}
		ma.close()
		mb.close()
	})
	return a, b
}

// pipe is a stream of frames.
func pipe() (x, y *pipeEnd) {
	ab, ba, done := make(chan []byte, 64), make(chan []byte, 64), make(chan struct{})
	once := new(sync.Once)
	return &pipeEnd{ba, ab, done, once}, &pipeEnd{ab, ba, done, once}
}

type pipeEnd struct {
	in, out chan []byte
	done    chan struct{}
	once    *sync.Once
}

func (p *pipeEnd) close() { p.once.Do(func() { close(p.done) }) }

func (p *pipeEnd) SendMsg(m any) error {
	select {
	case p.out <- append([]byte(nil), m.(*frame).b...):
		return nil
	case <-p.done:
		return io.EOF
	}
}

func (p *pipeEnd) RecvMsg(m any) error {
	select {
	case m.(*frame).b = <-p.in:
		return nil
	case <-p.done:
		return io.EOF
	}
}

// answersWith registers a service of one method that answers with a text.
func answersWith(what string) func(grpc.ServiceRegistrar) {
	return func(r grpc.ServiceRegistrar) {
		r.RegisterService(&grpc.ServiceDesc{ServiceName: "test.Who", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
			StreamName: "Who", Handler: func(_ any, s grpc.ServerStream) error {
				if err := s.RecvMsg(&frame{}); err != nil {
					return err
				}
				return s.SendMsg(&frame{[]byte(what)})
			},
		}}}, nil)
	}
}

func who(ctx context.Context, cc *grpc.ClientConn) (string, error) {
	var f frame
	err := cc.Invoke(ctx, "/test.Who/Who", &frame{}, &f, grpc.ForceCodec(codec{}))
	return string(f.b), err
}
