package overgrpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/tenontest"
)

// rust builds the plugin in Rust, and returns its path. What was built before is
// built on.
func rust(t *testing.T) string {
	t.Helper()
	cargo, err := exec.LookPath("cargo")
	if err != nil {
		t.Skip("there is no Rust on this machine: cargo was not found")
	}
	// What is found may be no more than the name: rustup's cargo without a toolchain.
	if out, err := exec.CommandContext(t.Context(), cargo, "--version").CombinedOutput(); err != nil {
		t.Skipf("there is no Rust on this machine: cargo --version: %v\n%s", err, out)
	}
	dir, err := filepath.Abs("../rust")
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dir, "target")
	cmd := exec.CommandContext(t.Context(), cargo, "build", "--locked", "--quiet", "--target-dir", target)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return filepath.Join(target, "debug", "kv-rust")
}

// What a plugin in another language takes is a promise.
func TestRustIsShort(t *testing.T) {
	text, err := os.ReadFile("../rust/src/main.rs")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	if n >= 60 {
		t.Errorf("main.rs has %d lines", n)
	}
}

// A foreign is a plugin in another language, under test.
type foreign struct {
	*host.Plugin
	kv.Store
	ctx      context.Context
	log, out *text
}

// text is output that comes while a test looks at it.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

func startForeign(t *testing.T, cmd *exec.Cmd) *foreign {
	t.Helper()
	x := &foreign{log: new(text), out: new(text)}
	cmd.Stdout = x.out
	var cancel context.CancelFunc
	x.ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	x.Plugin = tenontest.Start(t, host.Config{
		App: kv.App, Cmd: cmd, Protocols: []host.Protocol{grpcplug.Protocol{}},
		Logger: slog.New(slog.NewTextHandler(x.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	var err error
	if x.Store, err = kv.OpenStore(t.Context(), x.Plugin); err != nil {
		t.Fatal(err)
	}
	return x
}

func TestRust(t *testing.T) {
	path := rust(t)
	for name, test := range map[string]func(*testing.T, *foreign){
		"calls": foreignCalls, "list": foreignList, "watch": foreignWatch, "watch ends": foreignWatchEnds,
		"left out": foreignLeftOut, "stop": foreignStop, "ping": foreignPing,
	} {
		t.Run(name, func(t *testing.T) { test(t, startForeign(t, exec.Command(path))) })
	}
	t.Run("kill", func(t *testing.T) { foreignKilled(t, exec.Command(path)) })
	t.Run("host ends", func(t *testing.T) { foreignLeft(t, exec.Command(path)) })
	t.Run("by hand", func(t *testing.T) { foreignByHand(t, exec.Command(path)) })
	t.Run("no AutoMTLS", func(t *testing.T) { foreignWithoutTLS(t, exec.Command(path)) })
}

func foreignCalls(t *testing.T, x *foreign) {
	for _, value := range []string{"hello", "", strings.Repeat("x", kv.MaxValue)} {
		if err := x.Put(x.ctx, "a", []byte(value)); err != nil {
			t.Fatal(err)
		}
		if got, err := x.Get(x.ctx, "a"); err != nil || string(got) != value {
			t.Fatalf("got %d bytes, not %d: %v", len(got), len(value), err)
		}
	}
	if err := x.Delete(x.ctx, "a"); err != nil {
		t.Error(err)
	}
	_, get := x.Get(x.ctx, "a")
	for name, err := range map[string]error{"Get": get, "Delete": x.Delete(x.ctx, "a")} {
		var e *tenon.Error
		if !errors.Is(err, kv.ErrNotFound) || !errors.As(err, &e) || e.Method != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func foreignPing(t *testing.T, x *foreign) {
	if err := x.Ping(x.ctx); err != nil {
		t.Error(err)
	}
}

func foreignList(t *testing.T, x *foreign) {
	began := time.Now().Add(-time.Second)
	for _, key := range []string{"n/2", "m", "n/1", "n/30"} {
		if err := x.Put(x.ctx, key, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	if got := keys(t, x.List(x.ctx, "n/")); !slices.Equal(got, []string{"n/1", "n/2", "n/30"}) {
		t.Errorf("got %q", got)
	}
	for e, err := range x.List(x.ctx, "") {
		if err != nil || e.Size != int64(len(e.Key)) || e.Modified.Before(began) || e.Modified.After(time.Now().Add(time.Second)) {
			t.Errorf("got %+v, %v", e, err)
		}
		if e.Key == "n/1" {
			break
		}
	}
}

func keys(t *testing.T, list iter.Seq2[kv.Entry, error]) (all []string) {
	t.Helper()
	for e, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Key)
	}
	return all
}

// foreignWatch has the plugin call a function of the host's, which calls it in
// turn.
func foreignWatch(t *testing.T, x *foreign) {
	ctx, cancel := context.WithCancel(x.ctx)
	defer cancel()
	var got []kv.Event
	err := x.Watch(ctx, "w/", func(ctx context.Context, e kv.Event) error {
		e.Entry.Modified = time.Time{}
		got = append(got, e)
		switch len(got) {
		case 1:
			return errors.Join(x.Put(ctx, "elsewhere", nil), x.Put(ctx, "w/a", []byte("22")))
		case 2:
			return x.Delete(ctx, "w/a")
		}
		cancel()
		<-ctx.Done()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the watch ended with %v", err)
	}
	put := kv.Event{Op: kv.OpPut, Entry: kv.Entry{Key: "w/a", Size: 2}}
	if len(got) != 3 || got[0] != (kv.Event{Op: kv.OpWatch}) || got[1] != put || got[2].Op != kv.OpDelete || got[2].Entry.Key != "w/a" {
		t.Errorf("got %+v", got)
	}
}

// foreignWatchEnds has the host's function fail: its error comes back as it was.
func foreignWatchEnds(t *testing.T, x *foreign) {
	want := &kv.KeyError{Op: "watch", Key: "k", Err: kv.ErrBusy}
	for range 3 {
		err := x.Watch(x.ctx, "", func(context.Context, kv.Event) error { return want })
		var at *kv.KeyError
		if !errors.Is(err, kv.ErrBusy) || !errors.As(err, &at) || at.Key != "k" {
			t.Errorf("got %v", err)
		}
	}
}

// foreignLeftOut calls what the plugin does not implement.
func foreignLeftOut(t *testing.T, x *foreign) {
	_, imported := x.Import(x.ctx, "a", strings.NewReader("x"))
	_, exported := x.Export(x.ctx, "a", io.Discard)
	_, snapshot := x.Snapshot(x.ctx)
	for _, err := range []error{imported, exported, snapshot} {
		if tenon.CodeOf(err) != tenon.Unimplemented {
			t.Errorf("got %v", err)
		}
	}
}

// foreignStop sees the plugin's log and its last words.
func foreignStop(t *testing.T, x *foreign) {
	if err := x.Put(x.ctx, `a "quoted" key`, nil); err != nil {
		t.Fatal(err)
	}
	if err := x.Stop(x.ctx); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if got := x.log.String(); !strings.Contains(got, "level=DEBUG msg=put") || !strings.Contains(got, `key="a \"quoted\" key"`) {
		t.Errorf("the log is %q", got)
	}
	if got := x.out.String(); got != "kv has served until its host left\n" {
		t.Errorf("the output is %q", got)
	}
}

// foreignKilled kills the plugin during a call.
func foreignKilled(t *testing.T, cmd *exec.Cmd) {
	p, err := host.Start(t.Context(), host.Config{
		App: kv.App, Cmd: cmd, Protocols: []host.Protocol{grpcplug.Protocol{}}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	store, err := kv.OpenStore(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	err = store.Watch(t.Context(), "", func(context.Context, kv.Event) error {
		return syscall.Kill(p.Info().PID, syscall.SIGKILL)
	})
	<-p.Done()
	for what, err := range map[string]error{"the call": err, "the plugin": p.Err()} {
		var exit *host.ExitError
		if !errors.As(err, &exit) || exit.Exit.Signal != syscall.SIGKILL || exit.Killed {
			t.Errorf("%s ended with %v", what, err)
		}
	}
}

// foreignLeft is a host that goes without a word.
func foreignLeft(t *testing.T, cmd *exec.Cmd) {
	cmd.Env = append(os.Environ(), "TENON_APP=kv", "PLUGIN_UNIX_SOCKET_DIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	line := make([]byte, 1024)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	cc, err := grpc.NewClient("unix:"+strings.Split(string(line[:n]), "|")[3], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	both := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	s, err := cc.NewStream(t.Context(), both, "/plugin.GRPCBroker/StartStream")
	if err == nil {
		_, err = s.Header()
	}
	if err != nil {
		t.Fatal(err)
	}
	cc.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// foreignByHand is a user who runs the plugin.
func foreignByHand(t *testing.T, cmd *exec.Cmd) {
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !bytes.Contains(out, []byte("this is a plugin, for a host of kv to start")) {
		t.Errorf("it ended with %v, and said %q", err, out)
	}
}

// foreignWithoutTLS asks for what the plugin cannot do.
func foreignWithoutTLS(t *testing.T, cmd *exec.Cmd) {
	_, err := host.Start(t.Context(), host.Config{
		App: kv.App, Cmd: cmd, Protocols: []host.Protocol{grpcplug.Protocol{AutoMTLS: true}}, Logger: slog.New(slog.DiscardHandler),
	})
	var problem *grpcplug.Error
	if !errors.As(err, &problem) || problem.Problem != grpcplug.NoCertificate {
		t.Errorf("got %v", err)
	}
}
