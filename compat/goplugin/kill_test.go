package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	plugin "github.com/tenon-go/tenon/compat/goplugin"
	"github.com/tenon-go/tenon/grpcplug"
)

// TestKillStopped is about a plugin that answers nothing: terraform#38939.
func TestKillStopped(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc"} {
		c := config(t, p)
		c.KillTimeout = 300 * time.Millisecond
		client := start(t, c)
		do(t, dispense(t, client), "greet you")
		halt(t, c.Cmd.Process)
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
		c := config(t, p)
		client := start(t, c)
		d := dispense(t, client)
		ended := make(chan error, 1)
		go func() { _, err := d.Do("block"); ended <- err }()
		do(t, d, "greet you")
		within(t, 1500*time.Millisecond, client.Kill)
		if err := <-ended; err == nil {
			t.Error("the call has ended well")
		}
		if state := c.Cmd.ProcessState; !state.Success() {
			t.Errorf("the plugin has ended with %v", state)
		}
	}
}

// TestKillSilent is about an address where somebody listens who says nothing. That
// Client has waited for it is enough.
func TestKillSilent(t *testing.T) {
	for p, is := range map[string]error{"grpc": &grpcplug.Error{Problem: grpcplug.NotGRPC}, "netrpc": context.DeadlineExceeded} {
		t.Run(p, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			c := config(t, "says", "1|1|tcp|"+l.Addr().String()+"|"+p)
			c.StartTimeout = 3 * time.Second // of Start, and of Client
			client := start(t, c)
			within(t, 8*time.Second, func() {
				if _, err := client.Client(); !errors.Is(err, is) {
					t.Errorf("the error is %v", err)
				}
			})
			within(t, 8*time.Second, client.Kill)
			if !client.Exited() {
				t.Error("it is there")
			}
		})
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
	var log buffer
	c := config(t, "quiet")
	c.Logger = hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Trace})
	client := plugin.NewClient(c)
	started := make(chan error, 1)
	go func() { _, err := client.Start(); started <- err }()
	log.wait(t, "waiting for RPC address")
	within(t, 5*time.Second, client.Kill)
	if err := <-started; err == nil {
		t.Error("it has started")
	}
}

// TestGrandchildren is about what a plugin has started, and holds its output: Kill
// waited for it.
func TestGrandchildren(t *testing.T) {
	client := start(t, config(t, "grpc"))
	pid, _ := strconv.Atoi(do(t, dispense(t, client), "child"))
	within(t, 8*time.Second, client.Kill)
	awaitEnd(t, pid)
}

// TestOrphans is about #210, dkron#247 and tflint#1808. A process group of its own
// keeps signals from a plugin, and nothing else.
func TestOrphans(t *testing.T) {
	tmp := t.TempDir() // of sockets that nobody removes
	for _, manner := range []string{"tied", "setpgid"} {
		awaitEnd(t, leave(t, manner, tmp).Pid)
	}
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
	halt(t, c.Cmd.Process)
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

// TestKillUnanswered is about a plugin that does not answer: it has had its time.
func TestKillUnanswered(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc"} {
		c := config(t, p)
		c.KillTimeout = 100 * time.Millisecond
		client := start(t, c)
		do(t, dispense(t, client), "greet you")
		halt(t, c.Cmd.Process)
		within(t, 1500*time.Millisecond, client.Kill)
	}
}

// halt stops a process, and waits until it has stopped: the signal takes a moment.
func halt(t *testing.T, p *os.Process) {
	t.Helper()
	p.Signal(syscall.SIGSTOP)
	if runtime.GOOS != "linux" {
		return
	}
	stopped := func() bool {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid))
		return bytes.Contains(stat, []byte(") T "))
	}
	for until := time.Now().Add(10 * time.Second); !stopped(); runtime.Gosched() {
		if time.Now().After(until) {
			t.Fatal("it does not stop")
		}
	}
}

// TestDaemons is about what a plugin has started that is to outlive it, and what is
// not.
func TestDaemons(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere they are not found")
	}
	for _, stuck := range []bool{false, true} {
		c := config(t, "grpc")
		c.KillTimeout = 100 * time.Millisecond
		client := start(t, c)
		d := dispense(t, client)
		daemon, _ := strconv.Atoi(do(t, d, "child session"))
		job, _ := strconv.Atoi(do(t, d, "child group"))
		if stuck {
			halt(t, c.Cmd.Process)
		}
		client.Kill()
		awaitEnd(t, job)
		if !alive(daemon) {
			t.Error("a daemon was killed")
		}
		syscall.Kill(daemon, syscall.SIGKILL)
		awaitEnd(t, daemon)
	}
}

// TestStateIsThere is about programs that ask Cmd how a plugin has ended as soon as
// they are told that it has.
func TestStateIsThere(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc"} {
		for range 20 {
			c := config(t, p)
			client := start(t, c)
			d := dispense(t, client)
			go d.Do("exit")
			for !client.Exited() {
				runtime.Gosched()
			}
			s := c.Cmd.ProcessState
			if s == nil || s.ExitCode() != 5 || s.UserTime()+s.SystemTime() <= 0 || s.Pid() != c.Cmd.Process.Pid {
				t.Fatalf("it has exited, and its state is %v", s)
			}
			if usage := s.SysUsage().(*syscall.Rusage); usage.Maxrss <= 0 {
				t.Errorf("its memory was %d", usage.Maxrss)
			}
			client.Kill()
		}
	}
	c := config(t, "ends")
	plugin.NewClient(c).Start()
	if s := c.Cmd.ProcessState; s == nil || s.ExitCode() != 3 {
		t.Errorf("after a start that failed the state is %v", s)
	}
}

// TestCallsAfterTheEnd is about hosts that ask for the code: what has ended by
// itself is Unavailable, and what was killed is Canceled.
func TestCallsAfterTheEnd(t *testing.T) {
	for _, how := range []string{"exit", "panic x", "killed", "Kill"} {
		c := config(t, "grpc")
		client := start(t, c)
		d := dispense(t, client)
		p, _ := client.Client()
		want := codes.Unavailable
		switch how {
		case "killed":
			c.Cmd.Process.Kill()
		case "Kill":
			client.Kill()
			want = codes.Canceled
		default:
			if _, err := d.Do(how); status.Code(err) != codes.Unavailable {
				t.Errorf("%s: the call has ended with %v", how, err)
			}
		}
		for !client.Exited() {
			runtime.Gosched()
		}
		for range 3 {
			_, err := d.Do("greet you")
			if status.Code(err) != want {
				t.Errorf("%s: a later call: %v", how, err)
			}
			if err := p.Ping(); status.Code(err) != want {
				t.Errorf("%s: a later ping: %v", how, err)
			}
		}
		client.Kill()
	}
}
