package plugin_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	plugin "github.com/tenon-go/tenon/compat/goplugin"
	"github.com/tenon-go/tenon/compat/goplugin/runner"
	"github.com/tenon-go/tenon/host"
)

// TestRedial is about a connection that is lost while the plugin lives.
func TestRedial(t *testing.T) {
	client := start(t, config(t, "returns"))
	d := dispense(t, client)
	pid := do(t, d, "pid")
	d.Do("restart")
	p, _ := client.Client()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		got := new(wrapperspb.StringValue)
		err := p.(*plugin.GRPCClient).Conn.Invoke(ctx, "/test.Doer/Do", wrapperspb.String("pid"), got, grpc.WaitForReady(true))
		if err == nil && got.Value != pid {
			t.Errorf("another process answers: %s, not %s", got.Value, pid)
		}
		if err == nil {
			return
		}
		if ctx.Err() != nil { // and not what the old server could not answer any more
			t.Fatal(err)
		}
	}
}

// TestNamedCertificate is about a plugin that names its certificate in the
// handshake, and a host that has a TLSConfig without authorities.
func TestNamedCertificate(t *testing.T) {
	c := config(t, "named")
	c.TLSConfig = &tls.Config{ServerName: "localhost"}
	if got := do(t, dispense(t, start(t, c)), "greet you"); got != "hello you" {
		t.Errorf("got %q", got)
	}
	if c.TLSConfig.RootCAs != nil {
		t.Error("the configuration was written to")
	}
}

// TestRunnerHangs is about a RunnerFunc that does not return, and one whose runner
// does not start.
func TestRunnerHangs(t *testing.T) {
	for _, kill := range []bool{false, true} {
		release, called := make(chan struct{}), make(chan struct{})
		c := config(t, "grpc")
		c.Cmd, c.StartTimeout = nil, 100*time.Millisecond
		if kill {
			c.StartTimeout = time.Minute
		}
		c.RunnerFunc = func(hclog.Logger, *exec.Cmd, string) (runner.Runner, error) {
			close(called)
			<-release
			return nil, errors.New("too late")
		}
		client := plugin.NewClient(c)
		ended := make(chan error, 1)
		go func() { _, err := client.Start(); ended <- err }()
		<-called
		if kill {
			within(t, 5*time.Second, client.Kill)
		}
		if err := <-ended; err == nil {
			t.Error("the plugin has started")
		}
		close(release)
	}
}

// TestSecureConfigPipe is about a name that leads to no program.
func TestSecureConfigPipe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	c := config(t, "grpc")
	c.Cmd.Path = file
	c.SecureConfig = &plugin.SecureConfig{Checksum: []byte("x"), Hash: sha256.New()}
	if _, err := plugin.NewClient(c).Start(); err == nil || !strings.HasPrefix(err.Error(), "error verifying checksum: open "+file+": not a regular file") {
		t.Errorf("the error is %v", err)
	}
}

// A slowHash waits in the midst of a check.
type slowHash struct {
	swapHash
	turn chan struct{}
}

func (h slowHash) Sum([]byte) []byte {
	<-h.turn
	return []byte("x")
}

// TestSecureConfigSlow is about a check that takes long, and another plugin that has
// nothing to do with it.
func TestSecureConfigSlow(t *testing.T) {
	turn := make(chan struct{})
	slow := config(t, "grpc")
	slow.SecureConfig = &plugin.SecureConfig{Checksum: []byte("x"), Hash: slowHash{swapHash{[]byte("x"), func() {}}, turn}}
	ended := make(chan error, 1)
	client := plugin.NewClient(slow)
	defer client.Kill()
	go func() { _, err := client.Start(); ended <- err }()
	c := config(t, "grpc")
	program, err := os.ReadFile(c.Cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	c.SecureConfig = &plugin.SecureConfig{Checksum: sum[:], Hash: sha256.New()}
	do(t, dispense(t, start(t, c)), "greet you")
	close(turn)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestSecureConfigRewritten is about a file that is written to between the check and
// the start.
func TestSecureConfigRewritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plugin")
	c := config(t, "grpc")
	program, err := os.ReadFile(c.Cmd.Path)
	if err == nil {
		err = os.WriteFile(file, program, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nexec '" + c.Cmd.Path + "'\n"
	c.Cmd.Path = file
	rewrite := func() {
		if err := os.WriteFile(file, []byte(script), 0o700); err != nil {
			t.Error(err)
		}
	}
	c.SecureConfig = &plugin.SecureConfig{Checksum: []byte("x"), Hash: swapHash{[]byte("x"), rewrite}}
	client := plugin.NewClient(c)
	defer client.Kill()
	if _, err := client.Start(); err == nil || runtime.GOOS == "linux" && !strings.HasPrefix(err.Error(), "the program was replaced") {
		t.Errorf("the error is %v", err)
	}
}

// TestCancel is about exec.Cmd's own way to end.
func TestCancel(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		c := config(t, "grpc")
		cmd := exec.CommandContext(ctx, c.Cmd.Path)
		cmd.Env, cmd.Args = c.Cmd.Env, c.Cmd.Args
		var called atomic.Int32
		cmd.Cancel = func() error {
			called.Add(1)
			if deaf {
				return nil
			}
			return cmd.Process.Signal(syscall.SIGTERM)
		}
		want := syscall.SIGTERM
		if deaf {
			cmd.WaitDelay, want = 50*time.Millisecond, syscall.SIGKILL
		}
		c.Cmd = cmd
		client := start(t, c)
		cancel()
		for !client.Exited() {
			runtime.Gosched()
		}
		if s := cmd.ProcessState.Sys().(syscall.WaitStatus); s.Signal() != want || called.Load() != 1 {
			t.Errorf("it has ended with %v, and Cancel was called %d times", cmd.ProcessState, called.Load())
		}
	}
}

// TestNoTemporaryDirectory is about a plugin that needs none.
func TestNoTemporaryDirectory(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	do(t, dispense(t, start(t, config(t, "returns"))), "greet you")
	_, err := plugin.NewClient(config(t, "grpc")).Start()
	if told := (*host.StartError)(nil); !errors.As(err, &told) || !strings.Contains(err.Error(), "no such file or directory") {
		t.Errorf("the error is %v", err)
	}
}

// TestSocketsOfTheEnvironment is about a host whose environment says where the
// sockets are.
func TestSocketsOfTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(plugin.EnvUnixSocketDir, dir)
	client := start(t, config(t, "grpc"))
	addr, _ := client.Start()
	if a := addr.(*net.UnixAddr); !strings.HasPrefix(a.Name, dir+"/") {
		t.Errorf("its socket is %s", a.Name)
	}
	client.Kill()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
