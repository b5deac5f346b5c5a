package interop

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/tenontest"
)

// A session is a plugin that runs, whoever its host is.
type session struct {
	cc      grpc.ClientConnInterface
	broker  broker
	version int
	ping    func(context.Context) error
	stop    func() error // in good order
	kill    func()
	out     *lines // the plugin's standard output
	errs    *lines
	log     *lines
	plugin  *host.Plugin // nil with go-plugin's host
}

// lines is text that comes in while a test waits for it.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A setting is one row of the table.
type setting struct {
	host, plugin, network, trust, broker string
}

func (s setting) program() string {
	if s.network == "tcp" {
		return s.plugin + " tcp"
	}
	return s.plugin
}

func (s setting) command(t *testing.T) *exec.Cmd {
	cmd := tenontest.Command(t, s.program())
	if s.plugin == "goplugin" {
		// It replaces os.Stderr while yamux reads it, which is not ours to fail for.
		cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0 exitcode=0")
	}
	return cmd
}

func (s setting) start(t *testing.T) (*session, error) {
	if s.host == "tenon" {
		return s.startTenon(t)
	}
	return s.startGoPlugin(t)
}

func (s setting) startTenon(t *testing.T) (*session, error) {
	x := &session{out: new(lines), errs: new(lines), log: new(lines)}
	cmd := s.command(t)
	cmd.Stdout, cmd.Stderr = x.out, x.errs
	p, err := host.Start(t.Context(), host.Config{
		App: app, Cmd: cmd, Logger: slog.New(slog.NewTextHandler(x.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Protocols: []host.Protocol{grpcplug.Protocol{AutoMTLS: s.trust == "AutoMTLS", Multiplex: s.broker == "multiplexed"}},
	})
	if err != nil {
		return nil, err
	}
	raw, ok := grpcplug.Of(p)
	if !ok {
		return nil, errors.New("the connection is not gRPC")
	}
	x.plugin, x.cc, x.broker, x.version, x.ping = p, raw.ClientConn, ours{raw.Broker}, p.Info().Version, p.Ping
	x.stop = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		return p.Stop(ctx)
	}
	x.kill = func() { p.Kill(); <-p.Done() }
	return x, nil
}

func (s setting) startGoPlugin(t *testing.T) (*session, error) {
	x := &session{out: new(lines), errs: new(lines), log: new(lines)}
	cmd := s.command(t)
	// What plugins that are killed leave behind, because go-plugin's hosts do not
	// say where their sockets should be.
	dir, err := os.MkdirTemp("", "interop-")
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cmd.Env = append(cmd.Env, "TMPDIR="+dir)
	c := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:     handshake,
		VersionedPlugins:    map[int]goplugin.PluginSet{1: {"greeter": &greeterPlugin{}}, 2: {"greeter": &greeterPlugin{}}},
		Cmd:                 cmd,
		AllowedProtocols:    []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:            s.trust == "AutoMTLS",
		GRPCBrokerMultiplex: s.broker == "multiplexed",
		SyncStdout:          x.out,
		SyncStderr:          x.errs,
		Logger:              hclog.New(&hclog.LoggerOptions{Output: x.log, Level: hclog.Info}),
	})
	p, err := c.Client()
	if err != nil {
		c.Kill()
		return nil, err
	}
	raw, err := p.Dispense("greeter")
	if err != nil {
		c.Kill()
		return nil, err
	}
	d := raw.(connected)
	x.cc, x.broker, x.version = d.cc, theirs{d.broker}, c.NegotiatedVersion()
	x.ping = func(context.Context) error { return p.Ping() }
	x.stop = func() error {
		c.Kill()
		if !c.Exited() {
			return errors.New("it has not ended")
		}
		return nil
	}
	x.kill = c.Kill
	return x, nil
}
