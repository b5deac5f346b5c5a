package tenontest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
)

// patience bounds how long a test's end waits for what is still on its way.
const patience = 5 * time.Second

// Serve serves the services in this process, as plugin.Main would in its own,
// and returns the host's handle on them. See [Start] for what happens when the
// test ends.
func Serve(t testing.TB, app tenon.App, services ...tenon.Service) *host.Plugin {
	t.Helper()
	return Pair(t, host.Config{}, plugin.Config{App: app, Services: services})
}

// Pair starts a host and a plugin that are connected in memory, and returns the
// host's handle on the plugin. Of the two Apps one may be left out. InProcess
// need not be set. See [Start] for what happens when the test ends.
func Pair(t testing.TB, h host.Config, p plugin.Config) *host.Plugin {
	t.Helper()
	if h.App.Name == "" {
		h.App = p.App
	}
	if p.App.Name == "" {
		p.App = h.App
	}
	h.InProcess = plugin.InProcess(p)
	return Start(t, h)
}

// Start starts a plugin, as [host.Start] does, and fails the test at once if
// that fails. What the plugin logs becomes part of the test's output, and so
// does what it prints, unless cfg says otherwise.
//
// When the test ends the plugin is stopped, if it has not ended by then. The
// test fails if the plugin does not end well, and also if anything is left of
// what the test did with it: a stream that was not closed, a ref that was not
// released, a handler that has not returned. A moment is allowed for what is
// still on its way.
func Start(t testing.TB, cfg host.Config) *host.Plugin {
	t.Helper()
	out := &output{w: t.Output()}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	cfg.Cmd = printing(cfg.Cmd, out)
	p, err := host.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end(t, p)
		out.close()
	})
	return p
}

// printing returns a copy of cmd that prints to out if it is not told where to.
func printing(cmd *exec.Cmd, out io.Writer) *exec.Cmd {
	if cmd == nil {
		return nil
	}
	c := &exec.Cmd{
		Path: cmd.Path, Args: cmd.Args, Env: cmd.Env, Dir: cmd.Dir, Err: cmd.Err,
		Stdin: cmd.Stdin, Stdout: cmd.Stdout, Stderr: cmd.Stderr,
		ExtraFiles: cmd.ExtraFiles, SysProcAttr: cmd.SysProcAttr,
	}
	if c.Stdout == nil {
		c.Stdout = out
	}
	if c.Stderr == nil {
		c.Stderr = out
	}
	return c
}

// end stops the plugin and looks for what the test left behind.
func end(t testing.TB, p *host.Plugin) {
	t.Helper()
	select {
	case <-p.Done():
		return // the test has seen to it, and to its error
	default:
	}
	stats := settled(p, func(s tenon.Stats) bool {
		return s.ActiveOut == 0 && s.Exported == 0 && s.Held == 0
	})
	report(t, p, stats)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		t.Errorf("tenontest: %v", err)
	}
	// Not before: the stream of the plugin's log is a call as well.
	stats = settled(p, func(s tenon.Stats) bool { return s.ActiveIn == 0 })
	if stats.ActiveIn > 0 {
		t.Errorf("tenontest: plugin %q: the host has not returned from %s: a handler or callback hangs",
			p.Info().Name, counted(stats.ActiveIn, "call", "calls", p.InUse().CallsIn))
	}
}

// report says what of the connection is left.
func report(t testing.TB, p *host.Plugin, s tenon.Stats) {
	t.Helper()
	name, use := p.Info().Name, p.InUse()
	if s.ActiveOut > 0 {
		t.Errorf("tenontest: plugin %q: the host has not ended %s: a call hangs, or a stream was not closed",
			name, counted(s.ActiveOut, "call", "calls", use.CallsOut))
	}
	if s.Held > 0 {
		t.Errorf("tenontest: plugin %q: the host holds %s of the plugin's: close or release what calls returned",
			name, counted(s.Held, "ref", "refs", use.Held))
	}
	if s.Exported > 0 {
		t.Errorf("tenontest: plugin %q: the plugin holds %s of the host's: it has kept arguments that it did not release",
			name, counted(s.Exported, "ref", "refs", use.Exported))
	}
}

// counted is "2 refs (kv.Snapshot)", or "3 refs (kv.Lock, 2 of kv.Snapshot)".
func counted(n int, one, many string, names map[string]int) string {
	what := many
	if n == 1 {
		what = one
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if names[name] > 1 && len(names) > 1 {
			list = append(list, fmt.Sprintf("%d of %s", names[name], name))
		} else {
			list = append(list, name)
		}
	}
	if list == nil {
		return fmt.Sprintf("%d %s", n, what)
	}
	return fmt.Sprintf("%d %s (%s)", n, what, strings.Join(list, ", "))
}

// settled waits until the counters are as they should be, for releases and the
// ends of calls take a moment to arrive. There is no event to wait for.
func settled(p *host.Plugin, good func(tenon.Stats) bool) tenon.Stats {
	deadline := time.Now().Add(patience / 5)
	for {
		s := p.Stats()
		if good(s) || time.Now().After(deadline) {
			return s
		}
		time.Sleep(time.Millisecond)
	}
}

// An output is a test's, which must not be written to after the test's end.
type output struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(p)
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.w = io.Discard
}
