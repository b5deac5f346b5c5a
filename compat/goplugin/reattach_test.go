package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	plugin "github.com/tenon-go/tenon/compat/goplugin"
	"github.com/tenon-go/tenon/compat/goplugin/runner"
	"github.com/tenon-go/tenon/tenontest"
)

// stored is r as a later host gets to see it.
func stored(t *testing.T, r *plugin.ReattachConfig) *plugin.ReattachConfig {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	again := new(plugin.ReattachConfig)
	if err := json.Unmarshal(b, again); err != nil {
		t.Fatal(err)
	}
	return again
}

func attach(t *testing.T, r *plugin.ReattachConfig, change func(*plugin.ClientConfig)) *plugin.Client {
	t.Helper()
	c := config(t, "grpc")
	c.Cmd, c.Reattach = nil, r
	if change != nil {
		change(c)
	}
	return plugin.NewClient(c)
}

func TestReattach(t *testing.T) {
	each(t, func(t *testing.T, c *plugin.ClientConfig) {
		if c.GRPCBrokerMultiplex {
			return // which excludes it
		}
		first := start(t, c)
		r := stored(t, first.ReattachConfig())
		second := attach(t, r, func(other *plugin.ClientConfig) { other.AutoMTLS = c.AutoMTLS })
		defer second.Kill()
		d := dispense(t, second)
		if got := do(t, d, "greet you"); got != "hello you" {
			t.Errorf("got %q", got)
		}
		if second.ID() != first.ID() || second.ReattachConfig() != r || second.Protocol() != first.Protocol() || second.NegotiatedVersion() != 1 {
			t.Error("the second client is of another plugin")
		}
		second.Kill()
		if !second.Exited() {
			t.Error("it is there")
		}
		awaitEnd(t, r.Pid)
		if _, err := attach(t, r, nil).Start(); err != plugin.ErrProcessNotFound {
			t.Errorf("the error is %v", err)
		}
	})
}

// TestReattachLater has a host leave its plugin to another. A third one that cleans up
// in between does not take its socket for one that nobody needs.
func TestReattachLater(t *testing.T) {
	tmp := t.TempDir()
	for _, manner := range []string{"detached", "setsid"} {
		r := leave(t, manner, tmp)
		if !strings.HasPrefix(r.Addr.String(), tmp) {
			t.Fatalf("it listens at %v, where others tidy up", r.Addr)
		}
		if out, err := hostIn(t, "tidy", tmp).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		client := attach(t, r, nil)
		do(t, dispense(t, client), "greet you")
		client.Kill()
		awaitEnd(t, r.Pid)
	}
	hostIn(t, "tidy", tmp).Run()
	if list, _ := os.ReadDir(tmp); len(list) != 0 {
		t.Errorf("left behind: %v", list)
	}
}

// hostIn is a host whose sockets are in a directory of the test's.
func hostIn(t *testing.T, manner, tmp string) *exec.Cmd {
	t.Helper()
	cmd := tenontest.Command(t, "host", manner)
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	return cmd
}

// leave has a host start a plugin, and die.
func leave(t *testing.T, manner, tmp string) *plugin.ReattachConfig {
	t.Helper()
	out, _ := hostIn(t, manner, tmp).Output()
	r := new(plugin.ReattachConfig)
	if err := json.Unmarshal([]byte(strings.TrimSuffix(strings.TrimSpace(string(out)), " <nil>")), r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return r
}

// TestReattachStranger is about nomad#23969 and nomad#24538: a number that was given
// to another process, which was killed.
func TestReattachStranger(t *testing.T) {
	first := start(t, config(t, "grpc"))
	stranger := exec.Command("sleep", "100")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stranger.Process.Kill(); stranger.Wait() }()
	r := *first.ReattachConfig()
	r.Session = "" // as go-plugin's
	r.Pid = stranger.Process.Pid
	client := attach(t, &r, nil)
	if _, err := client.Start(); !errors.Is(err, plugin.ErrProcessNotFound) {
		t.Errorf("the error is %v", err)
	}
	client.Kill()
	if !alive(stranger.Process.Pid) {
		t.Error("a stranger was killed")
	}
	r = *first.ReattachConfig()
	r.Pid = os.Getpid() // with the session of another
	if _, err := attach(t, &r, nil).Start(); !errors.Is(err, plugin.ErrProcessNotFound) {
		t.Errorf("the error is %v", err)
	}
}

// TestReattachOld reads what programs have stored of go-plugin's.
func TestReattachOld(t *testing.T) {
	for text, want := range map[string]string{
		`{"Protocol":"grpc","Addr":{"Name":"/tmp/x","Net":"unix"},"Pid":7}`:            "unix /tmp/x",
		`{"Protocol":"grpc","Addr":{"IP":"127.0.0.1","Port":99,"Zone":""},"Pid":7}`:    "tcp 127.0.0.1:99",
		`{"Protocol":"grpc","Addr":{"Network":"unix","String":"/tmp/x"},"Pid":7}`:      "unix /tmp/x",
		`{"Protocol":"grpc","Addr":{"Network":"tcp","String":"127.0.0.1:99"},"Pid":7}`: "tcp 127.0.0.1:99",
	} {
		var r plugin.ReattachConfig
		if err := json.Unmarshal([]byte(text), &r); err != nil || r.Pid != 7 {
			t.Errorf("%s: %v", text, err)
		} else if got := r.Addr.Network() + " " + r.Addr.String(); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// TestTestMode serves in this process.
func TestTestMode(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc"} {
		t.Run(p, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			configs, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
			c := grpcConfig()
			if p == "netrpc" {
				c.GRPCServer = nil
			}
			c.HandshakeConfig = plugin.HandshakeConfig{ProtocolVersion: 1}
			c.Logger = hclog.NewNullLogger()
			c.Test = &plugin.ServeTestConfig{Context: ctx, ReattachConfigCh: configs, CloseCh: closed}
			dir := t.TempDir()
			t.Setenv(plugin.EnvUnixSocketDir, dir)
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			go plugin.Serve(c)
			r := <-configs
			if filepath.Dir(r.Addr.String()) != dir || r.Pid != os.Getpid() || !r.Test || r.ProtocolVersion != 1 || string(r.Protocol) != p {
				t.Errorf("%+v", r)
			}
			for range 2 { // Kill does not end it
				client := attach(t, stored(t, r), nil)
				do(t, dispense(t, client), "greet you")
				if client.NegotiatedVersion() != 1 {
					t.Error(client.NegotiatedVersion())
				}
				client.Kill()
				if p, err := client.Client(); err != nil || p.Ping() != nil {
					t.Error("Kill has ended the connection")
				}
				// The host may end before the plugin, and has nothing to remove then.
				if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
					t.Errorf("made in the directory for temporary files: %v %v", left, err)
				}
			}
			cancel()
			select {
			case <-closed:
			case <-time.After(10 * time.Second):
				t.Fatal("Serve goes on")
			}
		})
	}
}

// TestTestModeOutput has what is printed come to the host.
func TestTestModeOutput(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc"} {
		t.Run(p, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			configs, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
			c := grpcConfig()
			if p == "netrpc" {
				c.GRPCServer = nil
			}
			c.Logger = hclog.NewNullLogger()
			c.Test = &plugin.ServeTestConfig{Context: ctx, ReattachConfigCh: configs, CloseCh: closed, SyncStdio: true}
			own := os.Stdout
			go plugin.Serve(c)
			var out buffer
			client := attach(t, <-configs, func(c *plugin.ClientConfig) { c.SyncStdout = &out })
			do(t, dispense(t, client), "print one")
			out.wait(t, "one")
			client.Kill()
			cancel()
			<-closed
			if os.Stdout != own {
				t.Error("os.Stdout is not what it was")
			}
		})
	}
}

// A strange runner runs a process in a way of its own, in which addresses have other
// names.
type strange struct {
	cmd      *exec.Cmd
	out, err io.ReadCloser
	dir      string // as the host calls it
	alias    string // as the plugin does
	told     atomic.Int32
}

func newStrange(cmd *exec.Cmd) (*strange, error) {
	s := &strange{cmd: cmd}
	var err error
	if s.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	s.err, err = cmd.StderrPipe()
	return s, err
}

func (s *strange) Start(context.Context) error     { return s.cmd.Start() }
func (s *strange) Diagnose(context.Context) string { return "it is strange" }
func (s *strange) Stdout() io.ReadCloser           { return s.out }
func (s *strange) Stderr() io.ReadCloser           { return s.err }
func (s *strange) Name() string                    { return "strange" }
func (s *strange) ID() string                      { return "strange-1" }
func (s *strange) Wait(context.Context) error      { return s.cmd.Wait() }
func (s *strange) Kill(context.Context) error      { return s.cmd.Process.Kill() }

func (s *strange) PluginToHost(n, a string) (string, string, error) {
	return n, strings.Replace(a, s.alias, s.dir, 1), nil
}

func (s *strange) HostToPlugin(n, a string) (string, string, error) {
	s.told.Add(1)
	return n, strings.Replace(a, s.dir, s.alias, 1), nil
}

func TestRunner(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc", "ends"} {
		t.Run(p, func(t *testing.T) {
			l := newLogged()
			c := config(t, p)
			own := c.Cmd
			c.Cmd, c.Logger = nil, l.Logger
			var dir string
			var s *strange
			c.RunnerFunc = func(_ hclog.Logger, cmd *exec.Cmd, tmpDir string) (runner.Runner, error) {
				dir = tmpDir
				cmd.Path, cmd.Args = own.Path, own.Args
				alias := filepath.Join(t.TempDir(), "p")
				if err := os.Symlink(dir, alias); err != nil {
					return nil, err
				}
				cmd.Env = append(append(cmd.Env, own.Env...), plugin.EnvUnixSocketDir+"="+alias)
				var err error
				s, err = newStrange(cmd)
				s.dir, s.alias = dir, alias
				return s, err
			}
			client := plugin.NewClient(c)
			defer client.Kill()
			addr, err := client.Start()
			if p == "ends" {
				if err == nil || !strings.HasPrefix(err.Error(), "Unrecognized remote plugin message: ") || !strings.Contains(err.Error(), "it is strange") {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if client.ID() != "strange-1" || filepath.Dir(addr.String()) != dir {
				t.Error(client.ID(), addr, dir)
			}
			d := dispense(t, client)
			do(t, d, "log a message")
			id := d.serve(fixed("from the host"))
			if got := do(t, d, "back "+itoa(id)+" x"); got != "from the host" {
				t.Errorf("got %q", got)
			}
			if told := s.told.Load(); told == 0 && p == "grpc" {
				t.Error("the plugin was told an address of the host's")
			}
			client.Kill()
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("%s is left", dir)
			}
			if !strings.Contains(l.String(), "a message") {
				t.Error("its log is lost")
			}
		})
	}
}

func itoa(id uint32) string {
	b, _ := json.Marshal(id)
	return string(b)
}

func TestRunnerFails(t *testing.T) {
	wrong := errors.New("no daemon")
	c := config(t, "grpc")
	c.Cmd = nil
	c.RunnerFunc = func(hclog.Logger, *exec.Cmd, string) (runner.Runner, error) { return nil, wrong }
	if _, err := plugin.NewClient(c).Start(); err != wrong {
		t.Errorf("the error is %v", err)
	}
}

func TestReattachFunc(t *testing.T) {
	first := start(t, config(t, "grpc"))
	r := *first.ReattachConfig()
	r.Pid = 0
	r.ReattachFunc = func() (runner.AttachedRunner, error) { return newKiller(first), nil }
	client := attach(t, &r, nil)
	defer client.Kill()
	do(t, dispense(t, client), "greet you")
	if client.ID() != "killer" {
		t.Error(client.ID())
	}
	client.Kill()
}

// A killer attaches to another client's plugin.
type killer struct {
	kill func()
	over chan struct{} // closed when it has been done
}

func newKiller(c *plugin.Client) killer {
	k := killer{over: make(chan struct{})}
	k.kill = sync.OnceFunc(func() { c.Kill(); close(k.over) })
	return k
}

func (killer) ID() string { return "killer" }
func (k killer) Wait(ctx context.Context) error {
	select {
	case <-k.over:
	case <-ctx.Done():
	}
	return nil
}
func (k killer) Kill(context.Context) error                     { k.kill(); return nil }
func (killer) PluginToHost(n, a string) (string, string, error) { return n, a, nil }
func (killer) HostToPlugin(n, a string) (string, string, error) { return n, a, nil }

// TestHelpers uses what is for other people's tests.
func TestHelpers(t *testing.T) {
	client, server := plugin.TestPluginRPCConn(t, set, &plugin.TestOptions{ServerStdout: io.NopCloser(strings.NewReader("out"))})
	var out buffer
	client.SyncStreams(&out, io.Discard)
	out.wait(t, "out")
	d, err := client.Dispense("doer")
	if err != nil {
		t.Fatal(err)
	}
	do(t, d.(doer), "greet you")
	if server.Config() != "" || server.Init() != nil {
		t.Error("the server is odd")
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	for _, mux := range []bool{false, true} {
		client, server := plugin.TestPluginGRPCConn(t, mux, set)
		d, err := client.Dispense("doer")
		if err != nil {
			t.Fatal(err)
		}
		do(t, d.(doer), "greet you")
		if err := client.Ping(); err != nil {
			t.Error(err)
		}
		id := d.(peerServer).serve(fixed("own"))
		if got := do(t, d.(doer), "back "+itoa(id)+" x"); got != "own" {
			t.Errorf("got %q", got)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		<-server.DoneCh
	}
	for _, mux := range []bool{false, true} {
		for _, stop := range []func(*plugin.GRPCServer){(*plugin.GRPCServer).Stop, (*plugin.GRPCServer).GracefulStop} {
			client, server := plugin.TestPluginGRPCConn(t, mux, set)
			stop(server)
			within(t, 3*time.Second, func() {
				if client.Ping() == nil {
					t.Error("a server that was stopped answers")
				}
				client.Close()
			})
			<-server.DoneCh
			if server.Config() == "" {
				t.Error("the server has no Config")
			}
		}
	}
	a, b := plugin.TestConn(t)
	a.Close()
	b.Close()
	rc, _ := plugin.TestRPCConn(t)
	rc.Close()
	cc, gs := plugin.TestGRPCConn(t, func(*grpc.Server) {})
	cc.Close()
	gs.Stop()
}

func TestDiscover(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plugin-a", "plugin-b", "other"} {
		os.WriteFile(filepath.Join(dir, name), nil, 0o600)
	}
	list, err := plugin.Discover("plugin-*", dir)
	if err != nil || len(list) != 2 {
		t.Error(list, err)
	}
}
