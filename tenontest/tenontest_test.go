package tenontest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
)

func TestMain(m *testing.M) {
	Main(m, map[string]func(){
		"upper": func() { plugin.Main(app, upper) },
		"done":  func() {},
	})
}

var app = tenon.App{Name: "test"}

var contract = &tenon.Contract{Name: "test.Upper", Methods: []tenon.Method{{Name: "Upper"}, {Name: "Wait"}, {Name: "Give"}, {Name: "Keep"}}}

// What somebody holds, the garbage collector does not find.
var held, kept *tenon.Ref

var upper tenon.Service

func init() { upper = tenon.Service{Contract: contract, Server: upperServer{}} }

type upperServer struct{}

func (upperServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	m, err := s.Recv()
	if err != nil {
		return err
	}
	switch method {
	case 1:
		<-ctx.Done()
		return ctx.Err()
	case 2:
		s.Out().WriteRef(1, upper, true)
		return nil
	case 3:
		m.Next()
		kept, _ = m.ReadRef(contract)
		return nil
	}
	slog.Info("called")
	s.Out().WriteRaw(bytes.ToUpper(m.Raw()))
	return nil
}

func call(ctx context.Context, c tenon.Conn, method int, text string) (string, error) {
	ref, err := contract.Bind(c)
	if err != nil {
		return "", err
	}
	s, err := ref.Open(ctx, method)
	if err != nil {
		return "", err
	}
	defer s.Close()
	s.Out().WriteRaw([]byte(text))
	m, err := s.Call()
	if err != nil {
		return "", err
	}
	return string(m.Raw()), nil
}

func check(t *testing.T, p *host.Plugin) {
	t.Helper()
	if got, err := call(t.Context(), p, 0, "hello"); got != "HELLO" {
		t.Error(got, err)
	}
}

func TestServe(t *testing.T) {
	CheckLeaks(t)
	check(t, Serve(t, app, upper))
}

func TestPair(t *testing.T) {
	CheckLeaks(t)
	p := Pair(t, host.Config{Name: "mine", App: app}, plugin.Config{Release: "1.2", Services: []tenon.Service{upper}})
	check(t, p)
	if i := p.Info(); i.Name != "mine" || i.Release != "1.2" {
		t.Errorf("%+v", i)
	}
}

func TestStart(t *testing.T) {
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			check(t, Start(t, host.Config{App: app, Cmd: Command(t, "upper")}))
		})
	}
}

// The clock of a bubble is fake, and waits for everybody.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Serve(t, app, upper)
		check(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		if _, err := call(ctx, p, 1, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(began); took != time.Hour {
			t.Errorf("it took %v", took)
		}
		check(t, p)
	})
}

// A recorder is a test that may fail.
type recorder struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatal(args ...any) {
	r.failures = append(r.failures, fmt.Sprint(args...))
	panic(r)
}

func (r *recorder) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }

// run runs f, which may end in Fatal, and what it has cleaned up, and returns
// its failures.
func run(t *testing.T, f func(*recorder)) string {
	r := &recorder{TB: t}
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(r) {
				panic(p)
			}
		}()
		f(r)
	}()
	for i := len(r.cleanups); i > 0; i-- {
		r.cleanups[i-1]()
	}
	return strings.Join(r.failures, "\n")
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(*recorder)
		says string
	}{
		{"none", func(r *recorder) { call(t.Context(), Serve(r, app, upper), 0, "x") }, ""},
		{"open stream", func(r *recorder) {
			ref, _ := contract.Bind(Serve(r, app, upper))
			ref.Open(t.Context(), 0)
		}, `plugin "test": the host has not ended 1 call (test.Upper.Upper): a call hangs`},
		{"open streams", func(r *recorder) {
			ref, _ := contract.Bind(Serve(r, app, upper))
			for _, method := range []int{0, 1, 1} {
				ref.Open(t.Context(), method)
			}
		}, "has not ended 3 calls (test.Upper.Upper, 2 of test.Upper.Wait): "},
		{"held refs", func(r *recorder) {
			ref, _ := contract.Bind(Serve(r, app, upper))
			s, _ := ref.Open(t.Context(), 2)
			in, _ := s.Call()
			in.Next()
			held, _ = in.ReadRef(contract)
			s.Close()
		}, "the host holds 1 ref (test.Upper) of the plugin's: close or release"},
		{"kept refs", func(r *recorder) {
			ref, _ := contract.Bind(Serve(r, app, upper))
			s, _ := ref.Open(t.Context(), 3)
			s.Out().WriteRef(1, upper, true)
			s.Call()
			s.Close()
		}, "the plugin holds 1 ref (test.Upper) of the host's: it has kept arguments"},
		{"does not start", func(r *recorder) { Serve(r, tenon.App{}, upper) }, "App.Name is empty"},
		{"no such plugin", func(r *recorder) { Command(r, "lower") }, `no plugin called "lower", only done, upper`},
		{"no plugin", func(r *recorder) { Start(r, host.Config{App: app, Cmd: Command(r, "done")}) }, "ended before it said hello"},
		{"killed", func(r *recorder) { p := Serve(r, app, upper); p.Kill(); <-p.Done() }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := run(t, c.f)
			t.Log(got)
			if !strings.Contains(got, c.says) || (got == "") != (c.says == "") {
				t.Errorf("got %q, want %q", got, c.says)
			}
		})
	}
}

// What stays is found and described. Nothing here may stay for good: Main looks.
func TestLeaks(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for what does not end")
	}
	stop := make(chan struct{})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	w.Close()
	var cmd *exec.Cmd
	var file *os.File
	got := run(t, func(r *recorder) {
		CheckLeaks(r)
		go leaker(stop)
		file, _ = os.Open(os.DevNull)
		cmd = Command(t, "done")
		cmd.Start()
	})
	close(stop)
	file.Close()
	cmd.Wait()
	t.Log(got)
	for _, part := range []string{"tenontest.leaker", "/dev/null"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing", part)
		}
	}
	if descriptors() != nil && !strings.Contains(got, "a zombie") {
		t.Error("the zombie is missing")
	}
}

//go:noinline
func leaker(stop chan struct{}) { <-stop }

// What was there before is nobody's leak.
func TestNoLeak(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	go leaker(stop)
	if got := run(t, func(r *recorder) { CheckLeaks(r) }); got != "" {
		t.Error(got)
	}
}
