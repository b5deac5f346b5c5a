package host_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

// Every way in which a plugin ends during calls: each call that is under way
// fails with what is known of the end, and so does each later one.
func TestCrash(t *testing.T) {
	for _, c := range []struct {
		name, command string
		check         func(*testing.T, *host.ExitError)
	}{
		{"kill -9", "kill", func(t *testing.T, e *host.ExitError) {
			if e.Exit.Signal != syscall.SIGKILL || e.Killed || e.Exit.Code != -1 {
				t.Errorf("%+v", e)
			}
		}},
		{"panic", "die of sorrow", func(t *testing.T, e *host.ExitError) {
			if e.Exit.Panic != "panic: of sorrow" || !strings.Contains(e.Exit.Stack, "host_test.panicking") || e.Exit.Code != 2 {
				t.Errorf("%+v", e)
			}
			if !strings.Contains(e.Error(), "of sorrow") {
				t.Error(e)
			}
		}},
		{"exit 7", "exit 7", func(t *testing.T, e *host.ExitError) {
			if e.Exit.Code != 7 || e.Exit.Panic != "" || e.Exit.Signal != nil {
				t.Errorf("%+v", e)
			}
		}},
		{"exit 0", "exit 0", func(t *testing.T, e *host.ExitError) {
			if e.Exit.Code != 0 || !strings.Contains(e.Error(), "ended by itself") {
				t.Errorf("%+v", e)
			}
		}},
		{"last words", "printexit farewell", func(t *testing.T, e *host.ExitError) {
			if e.Exit.Code != 4 || !strings.Contains(e.Error(), "farewell") {
				t.Errorf("%+v", e)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tenontest.CheckLeaks(t)
			crash(t, c.command, c.check)
		})
	}
}

func crash(t *testing.T, command string, check func(*testing.T, *host.ExitError)) {
	p := tool(t)
	bystander := begin(t, p, "hang")
	pid := p.Info().PID
	_, err := do(p, command)
	for _, err := range []error{err, receive(t, bystander, "the end of the other call")} {
		e := exitError(t, err)
		if e.Exit.PID != pid || e.Exit.Uptime <= 0 || e.Path == "" {
			t.Errorf("%+v", e)
		}
		check(t, e)
	}
	_, err = do(p, "echo still there?")
	check(t, exitError(t, err))
	receive(t, p.Done(), "Done")
	check(t, exitError(t, p.Err()))
	check(t, exitError(t, stop(t, p, time.Minute)))
	t.Log(p.Err())
}

// How long a caller waits until it knows.
func TestCrashDelay(t *testing.T) {
	var worst, sum time.Duration
	const n = 20
	for range n {
		p := tool(t)
		began := time.Now()
		_, err := do(p, "kill")
		took := time.Since(began)
		exitError(t, err)
		sum, worst = sum+took, max(worst, took)
	}
	t.Logf("kill -9 to error: %v on average, %v at worst", sum/n, worst)
	if sum/n > time.Second {
		t.Error("too slow")
	}
}

func TestPanicInHandler(t *testing.T) {
	for name, p := range map[string]*host.Plugin{"process": tool(t), "in process": inProcess(t, toolConfig())} {
		t.Run(name, func(t *testing.T) {
			_, err := do(p, "panic at the disco")
			var e *tenon.Error
			var exit *host.ExitError
			if !errors.As(err, &e) || errors.As(err, &exit) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(e.Message, "at the disco") || !strings.Contains(e.Stack, "tool_test.go") || e.Method != "Do" {
				t.Errorf("%+v", e)
			}
			if got := mustDo(t, p, "echo alive"); got != "alive" {
				t.Error(got)
			}
		})
	}
}

func TestCrashOnPanic(t *testing.T) {
	p := start(t, host.Config{Cmd: command(t, "crasher")})
	if _, err := do(p, "panic at the disco"); err == nil {
		t.Error("no error")
	}
	receive(t, p.Done(), "Done")
	e := exitError(t, p.Err())
	if !strings.Contains(e.Exit.Panic, "at the disco") || !strings.Contains(e.Exit.Stack, "tool_test.go") {
		t.Errorf("%+v", e.Exit)
	}
}

// An error that the plugin returned is neither of the others.
func TestReturnedError(t *testing.T) {
	_, err := do(tool(t), "fail politely")
	var e *tenon.Error
	var exit *host.ExitError
	var transport *tenon.TransportError
	if !errors.As(err, &e) || errors.As(err, &exit) || errors.As(err, &transport) || err.Error() != "politely" {
		t.Errorf("got %v", err)
	}
}

// The plugin lives, but something in it has closed the connection: the host
// does not wait for it for ever.
func TestConnectionClosedByPlugin(t *testing.T) {
	tenontest.CheckLeaks(t)
	p := tool(t)
	_, err := do(p, "disconnect")
	t.Log(err)
	if err == nil {
		t.Error("no error")
	}
	receive(t, p.Done(), "Done")
	t.Log(p.Err())
	var e *host.ExitError
	if !errors.As(p.Err(), &e) {
		t.Errorf("got %v", p.Err())
	}
}

// A plugin that breaks the protocol is told apart from one that crashed.
func TestBrokenProtocol(t *testing.T) {
	for _, name := range []string{"hugeframe", "halfframe"} {
		t.Run(name, func(t *testing.T) {
			tenontest.CheckLeaks(t)
			p := start(t, host.Config{Cmd: command(t, name)})
			_, err := do(p, "echo x")
			receive(t, p.Done(), "Done")
			t.Logf("call: %v\nplugin: %v", err, p.Err())
			var transport *tenon.TransportError
			var exit *host.ExitError
			if errors.As(err, &transport) == (name == "halfframe") || errors.As(err, &exit) == (name == "hugeframe") {
				t.Errorf("got %T", err)
			}
			if !errors.As(p.Err(), &exit) || exit.Killed != (name == "hugeframe") {
				t.Errorf("got %v", p.Err())
			}
		})
	}
}

func TestKill(t *testing.T) {
	tenontest.CheckLeaks(t)
	p := tool(t)
	call := begin(t, p, "hang")
	p.Kill()
	if e := exitError(t, receive(t, call, "the end of the call")); !e.Killed {
		t.Errorf("%+v", e)
	}
	receive(t, p.Done(), "Done")
	p.Kill() // once more does nothing
	if e := exitError(t, stop(t, p, time.Second)); !e.Killed || e.Exit.Signal != syscall.SIGKILL {
		t.Errorf("%+v", e)
	}
}

// What serving returns is not lost in process either.
func TestGuestError(t *testing.T) {
	why := errors.New("disk full")
	guest := plugin.InProcess(toolConfig())
	p := start(t, host.Config{InProcess: func(ctx context.Context, c guestCarrier) error {
		guest(ctx, c)
		return why
	}})
	mustDo(t, p, "echo x")
	err := stop(t, p, time.Minute)
	t.Log(err)
	var e *host.ExitError
	if !errors.Is(err, why) || !errors.As(err, &e) || !errors.Is(e.Exit.Err, why) {
		t.Errorf("got %v", err)
	}
}

// A guest that returns while it is used has crashed, in its way.
func TestGuestEnds(t *testing.T) {
	tenontest.CheckLeaks(t)
	ctx, cancel := context.WithCancel(t.Context())
	guest := plugin.InProcess(toolConfig())
	p := start(t, host.Config{InProcess: func(outer context.Context, c guestCarrier) error {
		both, stop := context.WithCancel(outer)
		defer stop()
		context.AfterFunc(ctx, stop)
		return guest(both, c)
	}})
	mustDo(t, p, "echo x")
	cancel()
	receive(t, p.Done(), "Done")
	exitError(t, p.Err())
	_, err := do(p, "echo x")
	exitError(t, err)
	t.Log(err)
}

// A connection that outlives its process is given up.
func TestConnectionInherited(t *testing.T) {
	tenontest.CheckLeaks(t)
	cmd := tenontest.Command(t, "heir")
	var out buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p := start(t, host.Config{Cmd: cmd})
	began := time.Now()
	_, err := do(p, "echo x")
	t.Logf("%v: %v", time.Since(began), err)
	if e := exitError(t, err); e.Exit.Code != 5 {
		t.Errorf("%+v", e)
	}
	receive(t, p.Done(), "Done")
	killPid(strings.TrimSpace(out.String()))
}
