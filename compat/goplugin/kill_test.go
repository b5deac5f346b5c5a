package plugin_test

import (
	"bytes"
	"context"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	plugin "github.com/tenon-go/tenon/compat/goplugin"
	"github.com/tenon-go/tenon/tenontest"
)

// TestKillStopped is about a plugin that answers nothing: terraform#38939.
func TestKillStopped(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc"} {
		c := config(t, p)
		c.KillTimeout = 300 * time.Millisecond
		client := start(t, c)
		do(t, dispense(t, client), "greet you")
		c.Cmd.Process.Signal(syscall.SIGSTOP)
		within(t, 8*time.Second, client.Kill)
		if !client.Exited() {
			t.Error("it is there")
		}
	}
}

// TestKillDeaf is about a plugin that says that it leaves, and stays: #81.
func TestKillDeaf(t *testing.T) {
	client := start(t, config(t, "deaf"))
	do(t, dispense(t, client), "greet you")
	within(t, 8*time.Second, client.Kill)
	if !client.Exited() {
		t.Error("it is there")
	}
}

// TestKillBusy is about calls that never end.
func TestKillBusy(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc"} {
		client := start(t, config(t, p))
		d := dispense(t, client)
		ended := make(chan error, 1)
		go func() { _, err := d.Do("block"); ended <- err }()
		within(t, 8*time.Second, client.Kill)
		if err := <-ended; err == nil {
			t.Error("the call has ended well")
		}
	}
}

// TestKillBeforeStart is about #23: Kill started the plugin.
func TestKillBeforeStart(t *testing.T) {
	client := plugin.NewClient(config(t, "grpc"))
	client.Kill()
	if client.Exited() || client.ID() != "" || client.ReattachConfig() != nil {
		t.Error("Kill has started something")
	}
	failing := plugin.NewClient(config(t, "ends"))
	failing.Start()
	within(t, time.Second, failing.Kill)
	if !failing.Exited() {
		t.Error("a program that has ended has not exited")
	}
}

// TestKillCrashed is about a plugin that is gone when it is killed.
func TestKillCrashed(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc"} {
		client := start(t, config(t, p))
		d := dispense(t, client)
		if _, err := d.Do("exit"); err == nil {
			t.Error("the call has ended well")
		}
		within(t, 8*time.Second, client.Kill)
		if !client.Exited() {
			t.Error("it is there")
		}
		if _, err := client.Start(); err != nil {
			t.Errorf("go-plugin's Start returns the old address, not %v", err)
		}
	}
}

// TestKillStarting has Kill end a start that hangs.
func TestKillStarting(t *testing.T) {
	client := plugin.NewClient(config(t, "quiet"))
	started := make(chan error)
	go func() { _, err := client.Start(); started <- err }()
	time.Sleep(50 * time.Millisecond) // any time will do
	within(t, 5*time.Second, func() {
		for {
			client.Kill()
			select {
			case err := <-started:
				if err == nil {
					t.Error("it has started")
				}
				return
			case <-time.After(10 * time.Millisecond): // Start had not begun
			}
		}
	})
}

// TestGrandchildren is about what a plugin has started, and holds its output: Kill
// waited for it.
func TestGrandchildren(t *testing.T) {
	client := start(t, config(t, "grpc"))
	pid, _ := strconv.Atoi(do(t, dispense(t, client), "child"))
	within(t, 8*time.Second, client.Kill)
	awaitEnd(t, pid)
}

// TestOrphans is about #210, dkron#247 and tflint#1808.
func TestOrphans(t *testing.T) {
	cmd := tenontest.Command(t, "host", "tied")
	cmd.Env = append(cmd.Env, "TMPDIR="+t.TempDir()) // whose sockets nobody removes
	out, _ := cmd.Output()
	var r plugin.ReattachConfig
	if err := r.UnmarshalJSON(bytes.TrimSuffix(bytes.TrimSpace(out), []byte(" <nil>"))); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	awaitEnd(t, r.Pid)
}

// TestCommandContext is about what package exec does with a context.
func TestCommandContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := config(t, "grpc")
	cmd := exec.CommandContext(ctx, c.Cmd.Path, c.Cmd.Args[1:]...)
	cmd.Env = c.Cmd.Env
	c.Cmd = cmd
	client := start(t, c)
	do(t, dispense(t, client), "greet you")
	pid := cmd.Process.Pid
	cancel()
	awaitEnd(t, pid)
	client.Kill()
	if _, err := plugin.NewClient(c).Start(); err != context.Canceled {
		t.Errorf("the error is %v", err)
	}
}

// TestKillConnecting has Kill end a plugin that somebody waits to be connected to.
func TestKillConnecting(t *testing.T) {
	c := config(t, "grpc")
	c.KillTimeout = 200 * time.Millisecond
	client := start(t, c)
	c.Cmd.Process.Signal(syscall.SIGSTOP)
	connected := make(chan error, 1)
	go func() { _, err := client.Client(); connected <- err }()
	within(t, 8*time.Second, client.Kill)
	if err := <-connected; err == nil {
		t.Error("there is a connection")
	}
}

// TestClientAfterKill is about a plugin that was never connected to.
func TestClientAfterKill(t *testing.T) {
	client := start(t, config(t, "grpc"))
	client.Kill()
	if _, err := client.Start(); err != nil {
		t.Error(err)
	}
	within(t, time.Second, func() {
		if p, err := client.Client(); err == nil && p.Ping() == nil {
			t.Error("a dead plugin answers")
		}
	})
}

// A stuck writer does not return before it is told to.
type stuck chan struct{}

func (s stuck) Write(b []byte) (int, error) { <-s; return len(b), nil }

// TestKillStuck is about writers of the caller's that hang.
func TestKillStuck(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc"} {
		for name, give := range map[string]func(*plugin.ClientConfig, stuck){
			"SyncStdout": func(c *plugin.ClientConfig, s stuck) { c.SyncStdout = s },
			"Stderr":     func(c *plugin.ClientConfig, s stuck) { c.Stderr = s },
		} {
			t.Run(p+" "+name, func(t *testing.T) {
				t.Parallel()
				s := make(stuck)
				defer close(s)
				c := config(t, p)
				give(c, s)
				client := start(t, c)
				d := dispense(t, client)
				do(t, d, "print something")
				do(t, d, "stderr something\n")
				within(t, 14*time.Second, client.Kill)
				if !client.Exited() {
					t.Error("it is there")
				}
			})
		}
	}
}
