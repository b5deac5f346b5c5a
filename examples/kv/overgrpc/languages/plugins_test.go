//go:build unix

package languages

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/examples/kv/kvtest"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/tenontest"
)

func TestPlugins(t *testing.T) {
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			l.ready(t)
			for name, p := range map[string]grpcplug.Protocol{"plain": {}, "AutoMTLS": {AutoMTLS: true}} {
				t.Run(name, func(t *testing.T) {
					testStore(t, l, p)
					t.Run("Stop", func(t *testing.T) { testStop(t, l, p) })
					t.Run("Kill", func(t *testing.T) { testKill(t, l, p) })
					t.Run("NoClock", func(t *testing.T) { testNoClock(t, l, p) })
				})
			}
			t.Run("Output", func(t *testing.T) { testOutput(t, l) })
			t.Run("NotWithoutHost", func(t *testing.T) { testNotWithoutHost(t, l) })
		})
	}
}

// testStore is what each store goes through, in one process: to start one for each
// test would take most of the time.
func testStore(t *testing.T, l language, p grpcplug.Protocol) {
	store := open(t, l.run(t, p, nil))
	kvtest.Run(t, func(t *testing.T) kv.Store {
		for e, err := range store.List(t.Context(), "") {
			if err == nil {
				err = store.Delete(t.Context(), e.Key)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return store
	}, l.lacks...)
	if _, err := store.Snapshot(t.Context()); tenon.CodeOf(err) != tenon.Unimplemented {
		t.Errorf("Snapshot, which it lacks: %v", err)
	}
}

// run starts the plugin.
func (l language) run(t *testing.T, p grpcplug.Protocol, change func(*host.Config)) *host.Plugin {
	t.Helper()
	cfg := host.Config{
		App: kv.App, Cmd: l.command(t, l.start...), Name: "kv-" + l.name,
		Services: kvtest.Services(), Protocols: []host.Protocol{p},
	}
	if change != nil {
		change(&cfg)
	}
	plugin := tenontest.Start(t, cfg)
	if got := plugin.Info().Protocol; got != "grpc" {
		t.Fatalf("they speak %s", got)
	}
	return plugin
}

func open(t *testing.T, p *host.Plugin) kv.Store {
	t.Helper()
	store, err := kv.OpenStore(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// testStop ends the plugin by asking it, while nothing is under way.
func testStop(t *testing.T, l language, p grpcplug.Protocol) {
	plugin := l.run(t, p, nil)
	if err := open(t, plugin).Put(t.Context(), "a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := plugin.Stop(ctx); err != nil {
		t.Errorf("it ended badly: %v", err)
	}
	if err := plugin.Err(); err != nil {
		t.Errorf("its end: %v", err)
	}
}

// testKill kills the plugin while a call is under way.
func testKill(t *testing.T, l language, p grpcplug.Protocol) {
	plugin := l.run(t, p, nil)
	err := open(t, plugin).Watch(t.Context(), "", func(context.Context, kv.Event) error {
		return syscall.Kill(plugin.Info().PID, syscall.SIGKILL)
	})
	var exit *host.ExitError
	if !errors.As(err, &exit) || exit.Exit.Signal != syscall.SIGKILL {
		t.Errorf("the call ended with %#v: %v", err, err)
	}
	<-plugin.Done() // which tells the end of this test that all is well
}

// testNoClock has a host that offers nothing.
func testNoClock(t *testing.T, l language, p grpcplug.Protocol) {
	store := open(t, l.run(t, p, func(cfg *host.Config) { cfg.Services = nil }))
	before := time.Now().Add(-time.Second)
	if err := store.Put(t.Context(), "a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	for e, err := range store.List(t.Context(), "") {
		if err != nil || e.Modified.Before(before) || e.Modified.After(time.Now().Add(time.Second)) {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

// testOutput looks for a log record, as a record, and for what the plugin prints.
func testOutput(t *testing.T, l language) {
	records, out := &recorder{}, new(bytes.Buffer)
	plugin := l.run(t, grpcplug.Protocol{}, func(cfg *host.Config) {
		cfg.Cmd = l.command(t, l.chatty...)
		cfg.Cmd.Stdout = out
		cfg.Logger = slog.New(records)
	})
	if err := open(t, plugin).Put(t.Context(), "greeting", nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := plugin.Stop(ctx); err != nil { // behind it all that was printed has come
		t.Fatal(err)
	}
	if out.String() != "hello\nbye\n" {
		t.Errorf("it printed %q", out)
	}
	if !slices.Contains(records.all(), "INFO stored greeting") {
		t.Errorf("the log has %q", records.all())
	}
}

// testNotWithoutHost runs the plugin by hand.
func testNotWithoutHost(t *testing.T, l language) {
	out, err := l.command(t, l.start...).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(string(out), "plugin of kv") {
		t.Errorf("it ended with %v and said %q", err, out)
	}
}

// A recorder keeps the levels and messages of records.
type recorder struct {
	mu   sync.Mutex
	list []string
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *recorder) WithGroup(string) slog.Handler            { return r }

func (r *recorder) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, rec.Level.String()+" "+rec.Message)
	return nil
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}
