package plugin_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/wrapperspb"

	plugin "github.com/tenon-go/tenon/compat/goplugin"
	"github.com/tenon-go/tenon/tenontest"
)

var handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "DOER_PLUGIN", MagicCookieValue: "yes"}

func TestMain(m *testing.M) {
	tenontest.Main(m, map[string]func(){
		"netrpc":   func() { plugin.Serve(&plugin.ServeConfig{HandshakeConfig: handshake, Plugins: set}) },
		"grpc":     func() { plugin.Serve(grpcConfig()) },
		"versions": serveVersions,
		"tls":      serveTLS,
		"hand":     func() { plugin.Serve(grpcConfig()) },
		"says":     func() { fmt.Println(os.Args[len(os.Args)-1]); os.Stdout.Sync(); select {} },
		"chatty": func() {
			fmt.Println("a library is glad to be used")
			fmt.Println("1|2|3 is not what you think")
			plugin.Serve(grpcConfig())
		},
		"ends":    func() { fmt.Fprintln(os.Stderr, "no licence"); os.Exit(3) },
		"deaf":    serveDeaf,
		"quiet":   func() { select {} },
		"host":    serveHost,
		"sick":    serveSick,
		"returns": serveReturning,
		"named":   serveNamed,
		"mux":     func() { plugin.ServeMux(plugin.ServeMuxMap{"doer": grpcConfig()}) },
	})
}

func grpcConfig() *plugin.ServeConfig {
	return &plugin.ServeConfig{HandshakeConfig: handshake, Plugins: set, GRPCServer: plugin.DefaultGRPCServer}
}

var set = plugin.PluginSet{"doer": doerPlugin{}}

// A doer does what it is told, a verb and an argument.
type doer interface {
	Do(what string) (string, error)
}

// A caller calls back a doer that the other side serves under an id.
type caller func(id uint32, what string) (string, error)

type impl struct{ back caller }

func (d impl) Do(what string) (string, error) {
	verb, arg, _ := strings.Cut(what, " ")
	switch verb {
	case "greet":
		return "hello " + arg, nil
	case "fail":
		return "", errors.New(arg)
	case "print":
		fmt.Print(arg)
	case "eprint":
		fmt.Fprint(os.Stderr, arg)
	case "log":
		hclog.New(&hclog.LoggerOptions{Output: realStderr, JSONFormat: true, Level: hclog.Trace, Name: "inner"}).
			Warn(arg, "key", "value", "n", 7)
	case "stderr":
		fmt.Fprint(realStderr, arg)
	case "stdout":
		fmt.Fprintln(realStdout, arg)
		fmt.Fprintln(realStdout, arg)
	case "long":
		n, _ := strconv.Atoi(arg)
		fmt.Fprintln(realStderr, strings.Repeat("x", n))
	case "exit":
		os.Exit(5)
	case "panic":
		go panic(arg)
		select {}
	case "len":
		return strconv.Itoa(len(arg)), nil
	case "env":
		return os.Getenv(arg), nil
	case "pid":
		return strconv.Itoa(os.Getpid()), nil
	case "child":
		c := exec.Command("sleep", "100")
		switch arg {
		case "session":
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		case "group":
			c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		default:
			c.Stdout, c.Stderr = realStdout, realStderr
		}
		if err := c.Start(); err != nil {
			return "", err
		}
		return strconv.Itoa(c.Process.Pid), nil
	case "back":
		id, rest, _ := strings.Cut(arg, " ")
		n, _ := strconv.Atoi(id)
		return d.back(uint32(n), rest)
	case "block":
		select {}
	}
	return "", nil
}

// As they were before Serve put its own in their place.
var realStdout, realStderr = os.Stdout, os.Stderr

type doerPlugin struct{ version string }

func (p doerPlugin) Server(b *plugin.MuxBroker) (interface{}, error) {
	return &doerRPC{p.impl(func(id uint32, what string) (string, error) {
		c, err := b.Dial(id)
		if err != nil {
			return "", err
		}
		client := rpc.NewClient(c)
		defer client.Close()
		return doerRPCClient{client, b}.Do(what)
	})}, nil
}

func (p doerPlugin) impl(back caller) doer {
	if p.version != "" {
		return fixed(p.version)
	}
	return impl{back}
}

// fixed always says the same.
type fixed string

func (f fixed) Do(string) (string, error) { return string(f), nil }

func (doerPlugin) Client(b *plugin.MuxBroker, c *rpc.Client) (interface{}, error) {
	return doerRPCClient{c, b}, nil
}

func (p doerPlugin) GRPCServer(b *plugin.GRPCBroker, s *grpc.Server) error {
	registerDoer(s, p.impl(func(id uint32, what string) (string, error) {
		cc, err := b.Dial(id)
		if err != nil {
			return "", err
		}
		defer cc.Close()
		return doerGRPC{cc, b}.Do(what)
	}))
	return nil
}

func (doerPlugin) GRPCClient(_ context.Context, b *plugin.GRPCBroker, cc *grpc.ClientConn) (interface{}, error) {
	return doerGRPC{cc, b}, nil
}

type doerRPC struct{ impl doer }

func (d *doerRPC) Do(what string, answer *string) (err error) {
	*answer, err = d.impl.Do(what)
	return err
}

type doerRPCClient struct {
	c *rpc.Client
	b *plugin.MuxBroker
}

func (d doerRPCClient) Do(what string) (answer string, err error) {
	err = d.c.Call("Plugin.Do", what, &answer)
	return answer, err
}

// serve serves a doer to the plugin, and returns its id.
func (d doerRPCClient) serve(own doer) uint32 {
	id := d.b.NextId()
	go d.b.AcceptAndServe(id, &doerRPC{own})
	return id
}

func registerDoer(s *grpc.Server, d doer) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "test.Doer", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Do", Handler: func(_ any, _ context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.StringValue)
			if err := dec(in); err != nil {
				return nil, err
			}
			out, err := d.Do(in.Value)
			return wrapperspb.String(out), err
		}}},
	}, nil)
}

type doerGRPC struct {
	cc *grpc.ClientConn
	b  *plugin.GRPCBroker
}

func (d doerGRPC) Do(what string) (string, error) {
	out := new(wrapperspb.StringValue)
	err := d.cc.Invoke(context.Background(), "/test.Doer/Do", wrapperspb.String(what), out)
	return out.Value, err
}

func (d doerGRPC) serve(own doer) uint32 {
	id := d.b.NextId()
	go d.b.AcceptAndServe(id, func(opts []grpc.ServerOption) *grpc.Server {
		s := grpc.NewServer(opts...)
		registerDoer(s, own)
		return s
	})
	return id
}

// A peerServer is a client that serves the plugin something in turn.
type peerServer interface {
	doer
	serve(doer) uint32
}

func serveVersions() {
	c := grpcConfig()
	c.Plugins = nil
	c.VersionedPlugins = map[int]plugin.PluginSet{
		2: {"doer": doerPlugin{version: "two"}},
		3: {"doer": doerPlugin{version: "three"}},
		4: {"doer": doerPlugin{version: "four"}},
	}
	plugin.Serve(c)
}

// serveReturning is a plugin whose server ends when it is told "restart", and listens
// again at the same address.
func serveReturning() {
	l := mustListen("127.0.0.1:0")
	address := l.Addr().String()
	fmt.Printf("1|1|tcp|%s|grpc|\n", address)
	for {
		server := grpc.NewServer()
		registerDoer(server, restarter{func() { go server.Stop() }})
		server.Serve(l)
		l = mustListen(address)
	}
}

func mustListen(address string) net.Listener {
	l, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	return l
}

type restarter struct{ restart func() }

func (r restarter) Do(what string) (string, error) {
	if what == "restart" {
		r.restart()
	}
	return strconv.Itoa(os.Getpid()), nil
}

// serveNamed serves with a certificate that it names in its handshake, as plugins do
// that were not made with go-plugin.
func serveNamed() {
	c, err := testTLS()
	if err != nil {
		panic(err)
	}
	l := mustListen("127.0.0.1:0")
	fmt.Printf("1|1|tcp|%s|grpc|%s\n", l.Addr(), base64.RawStdEncoding.EncodeToString(c.Certificates[0].Certificate[0]))
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: c.Certificates})))
	registerDoer(server, impl{})
	server.Serve(l)
}

// serveTLS serves with a certificate of its own.
func serveTLS() {
	c := grpcConfig()
	if os.Args[len(os.Args)-1] == "netrpc" {
		c.GRPCServer = nil
	}
	c.TLSProvider = func() (*tls.Config, error) { return testTLS() }
	plugin.Serve(c)
}

// config is a client's for a plugin of this binary.
func config(t testing.TB, name string, args ...string) *plugin.ClientConfig {
	t.Helper()
	return &plugin.ClientConfig{
		HandshakeConfig: handshake, Plugins: set, Cmd: tenontest.Command(t, name, args...),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolNetRPC, plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
		StartTimeout:     time.Minute,
	}
}

// start returns a client whose plugin is killed when the test ends.
func start(t testing.TB, c *plugin.ClientConfig) *plugin.Client {
	t.Helper()
	client := plugin.NewClient(c)
	t.Cleanup(client.Kill)
	if _, err := client.Start(); err != nil {
		t.Fatal(err)
	}
	return client
}

func dispense(t testing.TB, c *plugin.Client) peerServer {
	t.Helper()
	p, err := c.Client()
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.Dispense("doer")
	if err != nil {
		t.Fatal(err)
	}
	return d.(peerServer)
}

func do(t testing.TB, d doer, what string) string {
	t.Helper()
	answer, err := d.Do(what)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return answer
}

// A buffer is one for several goroutines.
type buffer struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(p)
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
	return len(p), nil
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// wait waits until the buffer contains s.
func (b *buffer) wait(t testing.TB, s string) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		b.mu.Lock()
		if strings.Contains(b.text.String(), s) {
			b.mu.Unlock()
			return
		}
		if b.changed == nil {
			b.changed = make(chan struct{})
		}
		changed := b.changed
		b.mu.Unlock()
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%q did not come, but %q", s, b.String())
		}
	}
}

var _ io.Writer = (*buffer)(nil)
