package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/link"
	"github.com/tenon-go/tenon/internal/peer"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

var app = tenon.App{Name: "test"}

var contract = &tenon.Contract{Name: "test.Echo", Methods: []tenon.Method{{Name: "Echo"}, {Name: "Wait"}}}

type echo struct{ begun chan struct{} }

func (e echo) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	m, err := s.Recv()
	if err != nil {
		return err
	}
	if method == 1 {
		close(e.begun)
		<-ctx.Done()
		return ctx.Err()
	}
	slog.Info("echo", "secret", "hush")
	s.Out().WriteRaw(m.Raw())
	return nil
}

func service() tenon.Service { return tenon.Service{Contract: contract, Server: echo{}} }

func TestMain(m *testing.M) {
	tenontest.Main(m, map[string]func(){
		"echo": func() { plugin.Main(app, service()) },
		"own log": func() {
			plugin.MainConfig(plugin.Config{App: app, Services: []tenon.Service{service()}, Log: redacted})
		},
		"twice": func() {
			first := plugin.Serve(context.Background(), plugin.Config{App: app, Services: []tenon.Service{service()}})
			second := plugin.Serve(context.Background(), plugin.Config{App: app})
			fmt.Printf("%v\n%v\n", first, second)
		},
	})
}

// redacted removes what nobody may see before it leaves the plugin.
func redacted(toHost slog.Handler) slog.Handler { return redactor{toHost} }

type redactor struct{ slog.Handler }

func (r redactor) Handle(ctx context.Context, rec slog.Record) error {
	return r.Handler.Handle(ctx, slog.NewRecord(rec.Time, rec.Level, rec.Message, rec.PC))
}

// Run by hand, or by a host of another kind, a plugin says what it is.
func TestByHand(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		says []string
	}{
		{"by hand", nil, []string{"plugin.test is a plugin for test", "not run by hand"}},
		{"cookie only", []string{"TENON_APP=test"}, []string{"is a plugin for test", "TENON_PLUGIN is not", "another plugin system", "grpcplug.Main"}},
		{"nonsense", []string{"TENON_PLUGIN=yes"}, []string{`TENON_PLUGIN is "yes"`, `"1:3"`}},
		{"standard descriptor", []string{"TENON_PLUGIN=1:0"}, []string{"stdin, stdout and stderr"}},
		{"later generation", []string{"TENON_PLUGIN=2:3"}, []string{"generation 2", "newer Tenon"}},
		{"no descriptor", []string{"TENON_PLUGIN=1:77"}, []string{"77"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := tenontest.Command(t, "echo")
			cmd.Env = append(cmd.Env, c.env...)
			out, err := cmd.CombinedOutput()
			t.Logf("%v\n%s", err, out)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("got %v", err)
			}
			for _, part := range c.says {
				if !bytes.Contains(out, []byte(part)) {
					t.Errorf("%q is missing", part)
				}
			}
		})
	}
}

// A host of go-plugin shows one line of standard output, in which nothing must
// look like a handshake.
func TestForeignHost(t *testing.T) {
	for _, c := range []struct {
		env  []string
		says string
	}{{nil, ""}, {[]string{"TENON_APP=test"}, "call grpcplug.Main in place of plugin.Main"}} {
		cmd := tenontest.Command(t, "echo")
		cmd.Env = append(cmd.Env, c.env...)
		out, _ := cmd.Output()
		if s := string(out); !strings.Contains(s, c.says) || strings.Contains(s, "|") || strings.Count(s, "\n") > 1 || c.says == "" && s != "" {
			t.Errorf("with %q it prints %q", c.env, s)
		}
	}
}

func call(ctx context.Context, c tenon.Conn, method int) error {
	ref, err := contract.Bind(c)
	if err != nil {
		return err
	}
	s, err := ref.Open(ctx, method)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Call()
	return err
}

func TestOwnLogHandler(t *testing.T) {
	var logged bytes.Buffer
	p := tenontest.Start(t, host.Config{App: app, Cmd: tenontest.Command(t, "own log"), Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	if err := call(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	p.Stop(t.Context())
	if s := logged.String(); !strings.Contains(s, "msg=echo") || strings.Contains(s, "hush") {
		t.Errorf("%q", s)
	}
}

// The offer is taken once: a second Serve is not started by a host.
func TestServeTwice(t *testing.T) {
	cmd := tenontest.Command(t, "twice")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p := tenontest.Start(t, host.Config{App: app, Cmd: cmd})
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if s := out.String(); !strings.HasPrefix(s, "<nil>\n") || !strings.Contains(s, "is a plugin for test") {
		t.Errorf("%q", s)
	}
}

// ---- Serve, with a host made by hand

// A guest is a plugin that is served on a pipe.
type guest struct {
	host   carrier.Carrier
	ended  chan error
	cancel context.CancelFunc
}

func serve(t *testing.T, cfg plugin.Config) *guest {
	mine, theirs := carrier.Pipe(1 << 16)
	ctx, cancel := context.WithCancel(context.Background())
	g := &guest{mine, make(chan error, 1), cancel}
	go func() { g.ended <- plugin.InProcess(cfg)(ctx, theirs) }()
	t.Cleanup(func() { cancel(); mine.Close() })
	return g
}

func offer() handshake.Offer { return handshake.Offer{App: "test", Cookie: "test", Versions: []int{1}} }

// hello sends an offer and returns the answer.
func (g *guest) hello(t *testing.T, o handshake.Offer) (handshake.Answer, []byte) {
	t.Helper()
	body, err := o.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return g.say(t, body)
}

func (g *guest) say(t *testing.T, body []byte) (handshake.Answer, []byte) {
	t.Helper()
	if err := link.Send(t.Context(), g.host, body); err != nil {
		t.Fatal(err)
	}
	reply, ahead, err := link.Receive(t.Context(), g.host)
	if err != nil {
		t.Fatal(err)
	}
	a, err := handshake.ParseAnswer(reply)
	if err != nil {
		t.Fatal(err)
	}
	return a, ahead
}

func (g *guest) connect(t *testing.T) *peer.Peer {
	t.Helper()
	a, ahead := g.hello(t, offer())
	return peer.New(peer.Config{Carrier: g.host, First: true, Offered: handshake.Offered(a.Services)}, ahead)
}

func (g *guest) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-g.ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the plugin does not end")
		return nil
	}
}

func config(change func(*plugin.Config)) plugin.Config {
	cfg := plugin.Config{App: app, Services: []tenon.Service{service()}}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

func TestRefusals(t *testing.T) {
	inits := 0
	for _, c := range []struct {
		name   string
		cfg    func(*plugin.Config)
		offer  handshake.Offer
		reason handshake.Reason
		text   string
	}{
		{"app", nil, handshake.Offer{App: "other", Cookie: "test", Versions: []int{1}}, handshake.WrongApp, ""},
		{"cookie", nil, handshake.Offer{App: "test", Cookie: "no", Versions: []int{1}}, handshake.WrongCookie, ""},
		{"version", nil, handshake.Offer{App: "test", Cookie: "test", Versions: []int{2}}, handshake.NoCommonVersion, ""},
		{"init", func(c *plugin.Config) { c.Init = func(context.Context) error { return errors.New("no disk") } }, offer(), handshake.InitFailed, "no disk"},
		{"long init", func(c *plugin.Config) {
			c.Init = func(context.Context) error { return errors.New(strings.Repeat("é", 1<<20)) }
		}, offer(), handshake.InitFailed, "ééé"},
		{"services", func(c *plugin.Config) { c.Services = append(c.Services, service()) }, offer(), handshake.InitFailed, "there twice"},
		{"limits", func(c *plugin.Config) { c.Limits.Window = -1 }, offer(), handshake.InitFailed, "Window is -1"},
		{"name", func(c *plugin.Config) { c.Name = strings.Repeat("x", 1000) }, offer(), handshake.InitFailed, "plugin.Config.Name"},
		{"app name", func(c *plugin.Config) { c.App.Name = "" }, offer(), handshake.InitFailed, "App.Name is empty"},
		{"long app name", func(c *plugin.Config) { c.App.Name = strings.Repeat("x", 1000) }, offer(), handshake.WrongApp, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config(c.cfg)
			if cfg.Init == nil {
				cfg.Init = func(context.Context) error { inits++; return nil }
			}
			g := serve(t, cfg)
			a, _ := g.hello(t, c.offer)
			if a.Refusal == nil || a.Refusal.Reason != c.reason || !strings.Contains(a.Refusal.Text, c.text) {
				t.Errorf("answered %+v", a.Refusal)
			}
			if err := g.end(t); err == nil {
				t.Error("served well")
			}
		})
	}
	if inits != 0 {
		t.Errorf("Init was called %d times for nothing", inits)
	}
}

// A host's hello that cannot be read is answered, too.
func TestMalformedOffer(t *testing.T) {
	g := serve(t, config(nil))
	a, _ := g.say(t, []byte{0xff})
	if a.Refusal == nil || a.Refusal.Reason != handshake.InitFailed || !strings.Contains(a.Refusal.Text, "the offer is malformed") {
		t.Errorf("%+v", a.Refusal)
	}
	g.end(t)
}

func TestInitBeforeAnswer(t *testing.T) {
	var ready atomic.Bool
	g := serve(t, config(func(c *plugin.Config) {
		c.Init = func(context.Context) error { ready.Store(true); return nil }
	}))
	if a, _ := g.hello(t, offer()); a.Refusal != nil || !ready.Load() {
		t.Errorf("%+v", a)
	}
}

func TestInitEndsWithServe(t *testing.T) {
	began := make(chan struct{})
	g := serve(t, config(func(c *plugin.Config) {
		c.Init = func(ctx context.Context) error { close(began); <-ctx.Done(); return ctx.Err() }
	}))
	body, _ := offer().Append(nil)
	if err := link.Send(t.Context(), g.host, body); err != nil {
		t.Fatal(err)
	}
	<-began
	g.cancel()
	if err := g.end(t); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The ends of a connection, and what Serve makes of them.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*guest, *peer.Peer)
		want error
	}{
		{"asked", func(_ *guest, p *peer.Peer) { p.Ask() }, nil},
		{"context", func(g *guest, _ *peer.Peer) { g.cancel() }, nil},
		{"host gone", func(g *guest, _ *peer.Peer) { g.host.Close() }, plugin.ErrHostGone},
		{"broken protocol", func(g *guest, _ *peer.Peer) { g.host.Write(bytes.Repeat([]byte{0xff}, 64), nil) }, plugin.ErrHostGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stops atomic.Int32
			g := serve(t, config(func(c *plugin.Config) {
				c.OnStop = func(context.Context) { stops.Add(1) }
			}))
			p := g.connect(t)
			defer p.Close()
			if err := call(t.Context(), p, 0); err != nil {
				t.Fatal(err)
			}
			c.end(g, p)
			if err := g.end(t); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("got %v", err)
			} else {
				t.Log(err)
			}
			if stops.Load() != 1 {
				t.Errorf("OnStop was called %d times", stops.Load())
			}
		})
	}
}

// Neither a handler nor OnStop keeps a plugin for longer than StopTimeout, when
// nobody is there to end it.
func TestStopTimeout(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	begun := make(chan struct{})
	g := serve(t, config(func(c *plugin.Config) {
		c.StopTimeout = 50 * time.Millisecond
		c.Services = []tenon.Service{{Contract: contract, Server: hanging{begun, forever}}}
		c.OnStop = func(context.Context) { <-forever }
	}))
	p := g.connect(t)
	defer p.Close()
	go call(t.Context(), p, 0)
	<-begun
	g.cancel()
	began := time.Now()
	if err := g.end(t); err != nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

type hanging struct{ begun, forever chan struct{} }

func (h hanging) ServeCall(context.Context, int, tenon.Stream) error {
	close(h.begun)
	<-h.forever
	return nil
}

// While calls are being finished a plugin that is told to end has StopTimeout.
func TestAskedThenTold(t *testing.T) {
	begun := make(chan struct{})
	g := serve(t, config(func(c *plugin.Config) {
		c.StopTimeout = 20 * time.Millisecond
		c.Services[0].Server = echo{begun}
	}))
	p := g.connect(t)
	defer p.Close()
	go call(t.Context(), p, 1)
	<-begun
	p.Ask()
	g.cancel()
	if err := g.end(t); err != nil {
		t.Error(err)
	}
}

func TestNotStartedError(t *testing.T) {
	os.Unsetenv(handshake.EnvPlugin)
	err := plugin.Serve(t.Context(), config(nil))
	var e *plugin.NotStartedError
	if !errors.As(err, &e) || e.App != "test" || e.Cookie {
		t.Errorf("got %v", err)
	}
}
