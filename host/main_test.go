package host_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

func TestMain(m *testing.M) {
	all := map[string]func(){}
	for name, cfg := range toolConfigs {
		all[name] = func() { plugin.MainConfig(cfg()) }
	}
	for _, more := range []map[string]func(){tools, strangers, hosts} {
		for name, f := range more {
			all[name] = f
		}
	}
	tenontest.Main(m, all)
}

var app = tenon.App{Name: "test"}

// command is for tests that do not look at the output.
func command(t testing.TB, name string) *exec.Cmd {
	cmd := tenontest.Command(t, name)
	var quiet bytes.Buffer
	cmd.Stdout, cmd.Stderr = &quiet, &quiet
	return cmd
}

var discard = slog.New(slog.DiscardHandler)

// start starts a plugin that the test itself sees to the end of.
func start(t testing.TB, cfg host.Config) *host.Plugin {
	t.Helper()
	if cfg.App.Name == "" {
		cfg.App = app
	}
	if cfg.Logger == nil {
		cfg.Logger = discard
	}
	p, err := host.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p, time.Minute) })
	return p
}

func tool(t testing.TB) *host.Plugin {
	t.Helper()
	return start(t, host.Config{Cmd: command(t, "tool")})
}

func stop(t testing.TB, p *host.Plugin, within time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return p.Stop(ctx)
}

// do has the tool carry out a command.
func do(p tenon.Conn, command string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return doContext(ctx, p, command)
}

func doContext(ctx context.Context, p tenon.Conn, command string) (string, error) {
	ref, err := toolContract.Bind(p)
	if err != nil {
		return "", err
	}
	return ask(ctx, ref, 0, command)
}

func ask(ctx context.Context, ref *tenon.Ref, method int, text string) (string, error) {
	s, err := ref.Open(ctx, method)
	if err != nil {
		return "", err
	}
	defer s.Close()
	s.Out().WriteString(1, text)
	m, err := s.Call()
	if err != nil {
		return "", err
	}
	return readText(m)
}

func readText(m *tenon.Message) (text string, err error) {
	for m.Next() {
		if m.Field() == 1 {
			text = m.ReadString()
		}
	}
	return text, m.Err()
}

func mustDo(t testing.TB, p tenon.Conn, command string) string {
	t.Helper()
	text, err := do(p, command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return text
}

// begin has the tool carry out a command that does not return, and returns when
// it has begun. What the call ends with comes on the channel.
func begin(t testing.TB, p *host.Plugin, command string) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		_, err := do(p, command)
		ended <- err
	}()
	mustDo(t, p, "await "+command)
	return ended
}

// exitError checks that err says that the plugin has ended, and nothing else.
func exitError(t testing.TB, err error) *host.ExitError {
	t.Helper()
	var exit *host.ExitError
	var transport *tenon.TransportError
	var answer *tenon.Error
	if !errors.As(err, &exit) {
		t.Fatalf("got %T (%v), want a *host.ExitError", err, err)
	}
	if errors.As(err, &transport) || errors.As(err, &answer) {
		t.Errorf("%v is taken for another kind of error too", err)
	}
	return exit
}

// receive waits for an event that has to come.
func receive[T any](t testing.TB, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s did not happen", what)
	}
	return v
}

// until polls for what the system has no event for.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !f(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// A buffer is one that a test can look into while it is written to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
