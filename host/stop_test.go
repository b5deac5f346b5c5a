package host_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

type guestCarrier = carrier.Carrier

func inProcess(t testing.TB, cfg plugin.Config) *host.Plugin {
	t.Helper()
	return start(t, host.Config{InProcess: plugin.InProcess(cfg)})
}

// slack is what Stop may be late by, on a machine that is busy.
const slack = 3 * time.Second

// Stop returns by its deadline whatever the plugin does.
func TestStop(t *testing.T) {
	const limit = 3 * time.Second
	for _, c := range []struct {
		name, plugin string
		before       func(*testing.T, *host.Plugin)
		most         time.Duration
		killed, well bool
	}{
		{"idle", "tool", nil, limit / 2, false, true},
		{"SIGSTOPped", "tool", func(t *testing.T, p *host.Plugin) { freeze(t, p) }, limit, true, false},
		{"SIGSTOPped, with its input full", "tool", fill, limit, true, false},
		{"handler that hangs", "tool", func(t *testing.T, p *host.Plugin) { begin(t, p, "hang") }, limit * 7 / 8, false, true},
		{"deaf to SIGTERM", "deaf", nil, limit, true, false},
		{"dies of SIGTERM", "defaultterm", nil, limit * 7 / 8, true, false},
		{"OnStop that hangs", "neverstop", nil, limit, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // they wait, most of the time
			p := start(t, host.Config{Cmd: command(t, c.plugin)})
			if c.before != nil {
				c.before(t, p)
			}
			began := time.Now()
			err := stop(t, p, limit)
			took := time.Since(began)
			t.Logf("%v, allowed %v: %v", took, limit, err)
			if took > c.most+slack {
				t.Errorf("it took %v", took)
			}
			if (err == nil) != c.well {
				t.Errorf("got %v", err)
			}
			if err != nil && exitError(t, err).Killed != c.killed {
				t.Errorf("%+v", err)
			}
			receive(t, p.Done(), "Done")
		})
	}
}

func freeze(t testing.TB, p *host.Plugin) {
	pid := p.Info().PID
	syscall.Kill(pid, syscall.SIGSTOP)
	until(t, "the stop", func() bool {
		stat, _ := os.ReadFile("/proc/" + mustDoPid(pid) + "/stat")
		_, rest, _ := strings.Cut(string(stat), ") ")
		return strings.HasPrefix(rest, "T")
	})
}

// fill stops the plugin and sends it more than it can take.
func fill(t *testing.T, p *host.Plugin) {
	freeze(t, p)
	var calls sync.WaitGroup
	t.Cleanup(calls.Wait)
	for range 4 {
		calls.Go(func() { do(p, "echo "+strings.Repeat("x", 1<<20)) })
	}
	last := uint64(0)
	until(t, "the standstill", func() bool { // nothing more gets out
		time.Sleep(20 * time.Millisecond)
		now := p.Stats().BytesOut
		same := now == last && now > 0
		last = now
		return same
	})
}

// The plugin finishes what it is busy with before it leaves.
func TestStopFinishesCalls(t *testing.T) {
	for name, p := range map[string]*host.Plugin{"process": tool(t)} {
		t.Run(name, func(t *testing.T) {
			answer := make(chan string, 1)
			go func() {
				text, err := do(p, "release")
				answer <- text + errText(err)
			}()
			mustDo(t, p, "await release")
			stopped := make(chan error, 1)
			go func() { stopped <- stop(t, p, time.Minute) }()
			until(t, "the refusal of new calls", func() bool {
				_, err := do(p, "echo x")
				var transport *tenon.TransportError
				return errors.As(err, &transport) && transport.Unsent
			})
			syscall.Kill(p.Info().PID, syscall.SIGUSR1)
			if got := receive(t, answer, "the answer"); got != "in the end" {
				t.Error(got)
			}
			if err := receive(t, stopped, "the stop"); err != nil {
				t.Error(err)
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestStopCanceled(t *testing.T) {
	tenontest.CheckLeaks(t)
	p := tool(t)
	call := begin(t, p, "hang")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	err := p.Stop(ctx)
	t.Logf("%v: %v", time.Since(began), err)
	if time.Since(began) > slack {
		t.Errorf("it took %v", time.Since(began))
	}
	receive(t, call, "the end of the call")
	receive(t, p.Done(), "Done")
}

func TestStopTwice(t *testing.T) {
	tenontest.CheckLeaks(t)
	p := tool(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := stop(t, p, time.Minute); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := stop(t, p, time.Minute); err != nil {
		t.Error(err)
	}
	_, err := do(p, "echo x")
	var transport *tenon.TransportError
	if !errors.As(err, &transport) || !transport.Unsent {
		t.Errorf("a call after Stop: %v", err)
	}
	t.Log(err)
}

// A short deadline is kept while somebody else has a long one.
func TestStopShortAndLong(t *testing.T) {
	tenontest.CheckLeaks(t)
	p := start(t, host.Config{Cmd: command(t, "deaf")})
	long := make(chan error, 1)
	go func() { long <- stop(t, p, time.Minute) }()
	began := time.Now()
	exitError(t, stop(t, p, 400*time.Millisecond))
	exitError(t, receive(t, long, "the long one"))
	if took := time.Since(began); took > 400*time.Millisecond+slack {
		t.Errorf("it took %v", took)
	}
}

// What a program does after Serve has its time too.
func TestStopWaitsForMain(t *testing.T) {
	cmd := tenontest.Command(t, "slowexit")
	var out buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p := start(t, host.Config{Cmd: cmd})
	if err := stop(t, p, time.Minute); err != nil || out.String() != "in order\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}

func TestOnStop(t *testing.T) {
	cmd := tenontest.Command(t, "onstop")
	var out, logged buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p := start(t, host.Config{Cmd: cmd, Logger: textLogger(&logged)})
	if err := stop(t, p, time.Minute); err != nil {
		t.Error(err)
	}
	if out.String() != "last words\n" || !strings.Contains(logged.String(), "last record") {
		t.Errorf("%q, %q", out.String(), logged.String())
	}
}

// SIGTERM from somebody else: the plugin leaves in order, and the host says that
// it did so by itself.
func TestSIGTERM(t *testing.T) {
	cmd := tenontest.Command(t, "onstop")
	var out buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p := start(t, host.Config{Cmd: cmd})
	syscall.Kill(p.Info().PID, syscall.SIGTERM)
	receive(t, p.Done(), "Done")
	if e := exitError(t, p.Err()); e.Exit.Code != 0 || out.String() != "last words\n" {
		t.Errorf("%v, %q", e, out.String())
	}
}

func TestSIGINTIsTheHosts(t *testing.T) {
	p := tool(t)
	syscall.Kill(p.Info().PID, syscall.SIGINT)
	mustDo(t, p, "echo alive")
	// SIGINT is bit 1: a shell that the plugin starts has to be interruptible.
	ignored := strings.Fields(mustDo(t, p, "childignores"))[1]
	if strings.ContainsAny(ignored[len(ignored)-1:], "2367abefABEF") {
		t.Errorf("children of the plugin ignore SIGINT: %s", ignored)
	}
}

// A guest that hangs cannot be ended, and does not hang the host.
func TestStopGuest(t *testing.T) {
	t.Run("handler that hangs", func(t *testing.T) {
		p := inProcess(t, toolConfig())
		begin(t, p, "wait")
		began := time.Now()
		if err := stop(t, p, 400*time.Millisecond); err != nil || time.Since(began) > 400*time.Millisecond+slack {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
	t.Run("never returns", func(t *testing.T) {
		forever := make(chan struct{})
		defer close(forever)
		guest := plugin.InProcess(toolConfig())
		p, err := host.Start(t.Context(), host.Config{App: app, Logger: discard, InProcess: func(ctx context.Context, c guestCarrier) error {
			guest(ctx, c)
			<-forever
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = stop(t, p, 400*time.Millisecond)
		t.Logf("%v: %v", time.Since(began), err)
		if e := exitError(t, err); !strings.Contains(e.Error(), "has not returned") || time.Since(began) > 400*time.Millisecond+slack {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
	t.Run("finishes calls", func(t *testing.T) {
		p := tenontest.Pair(t, host.Config{}, toolConfig())
		mustDo(t, p, "echo x")
		if err := stop(t, p, time.Minute); err != nil {
			t.Error(err)
		}
	})
}
