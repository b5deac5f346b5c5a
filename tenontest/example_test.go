package tenontest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

var app = tenon.App{Name: "shout"}

// ServeShouter and OpenShouter are what the generator writes, in short.
func ServeShouter() tenon.Service { return tenon.Service{Contract: shouter, Server: impl{}} }

var shouter = &tenon.Contract{Name: "example.Shouter", Methods: []tenon.Method{{Name: "Shout"}}}

type impl struct{}

func (impl) ServeCall(_ context.Context, _ int, s tenon.Stream) error {
	m, err := s.Recv()
	if err != nil {
		return err
	}
	s.Out().WriteRaw(append(bytes.ToUpper(m.Raw()), '!'))
	return nil
}

func shout(ctx context.Context, c tenon.Conn, text string) string {
	ref, err := shouter.Bind(c)
	if err != nil {
		return err.Error()
	}
	s, err := ref.Open(ctx, 0)
	if err != nil {
		return err.Error()
	}
	defer s.Close()
	s.Out().WriteRaw([]byte(text))
	m, err := s.Call()
	if err != nil {
		return err.Error()
	}
	return string(m.Raw())
}

func ExampleServe() {
	t := newT() // the test's own *testing.T
	defer t.end()

	p := tenontest.Serve(t, app, ServeShouter())
	fmt.Println(shout(t.Context(), p, "hello"))
	// Output: HELLO!
}

func ExamplePair() {
	t := newT() // the test's own *testing.T
	defer t.end()

	p := tenontest.Pair(t, host.Config{App: app, Name: "shouter"}, plugin.Config{
		Release:  "1.4.2",
		Services: []tenon.Service{ServeShouter()},
	})
	fmt.Println(shout(t.Context(), p, "hello"))
	fmt.Println(p.Info().Name, p.Info().Release)
	// Output:
	// HELLO!
	// shouter 1.4.2
}

// This is a whole test file. The plugin runs in a process of its own.
func ExampleMain() {
	_ = func(m *testing.M) { // TestMain
		tenontest.Main(m, map[string]func(){
			"shouter": func() { plugin.Main(app, ServeShouter()) },
		})
	}
	_ = func(t *testing.T) { // TestShout
		tenontest.CheckLeaks(t)
		p := tenontest.Start(t, host.Config{App: app, Cmd: tenontest.Command(t, "shouter")})
		if got := shout(t.Context(), p, "hello"); got != "HELLO!" {
			t.Error(got)
		}
	}
}

// An exampleT is a test for examples, which have none.
type exampleT struct {
	testing.TB
	cleanups []func()
}

func newT() *exampleT { return &exampleT{} }

func (t *exampleT) end() {
	for _, f := range t.cleanups {
		f()
	}
}

func (t *exampleT) Helper()                      {}
func (t *exampleT) Cleanup(f func())             { t.cleanups = append(t.cleanups, f) }
func (t *exampleT) Context() context.Context     { return context.Background() }
func (t *exampleT) Output() io.Writer            { return io.Discard }
func (t *exampleT) Fatal(args ...any)            { panic(fmt.Sprint(args...)) }
func (t *exampleT) Errorf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }
