package host_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/protocol"
)

// A sole is a protocol beside which Tenon's own is not offered. Its connection ends
// when it is told to.
type sole struct {
	manner protocol.Manner
	got    handshake.Line
	closed bool
}

func (s *sole) Prepare(protocol.Launch) (protocol.Attempt, error) { return s, nil }
func (s *sole) Env() []string                                     { return []string{"SOLE=yes"} }
func (s *sole) Speaks(string) bool                                { return true }
func (s *sole) Close()                                            { s.closed = true }
func (s *sole) Manner() protocol.Manner                           { return s.manner }

func (s *sole) Connect(_ context.Context, line handshake.Line, with protocol.Setup) (protocol.Conn, error) {
	s.got = line
	with.Stdout.Close()
	with.Stderr.Close()
	return &soleConn{with: with, done: make(chan struct{})}, nil
}

type soleConn struct {
	tenon.Conn
	with protocol.Setup
	done chan struct{}
}

func (c *soleConn) Ping(context.Context) error { return nil }
func (c *soleConn) Ask() <-chan struct{}       { return nil }
func (c *soleConn) Done() <-chan struct{}      { return c.done }
func (c *soleConn) Err() error                 { return nil }
func (c *soleConn) Stats() tenon.Stats         { return tenon.Stats{} }
func (c *soleConn) Fail(error)                 { c.Close() }

func (c *soleConn) Close() error {
	select {
	case <-c.done:
	default:
		close(c.done)
	}
	return nil
}

// TestSole has a plugin see nothing of Tenon: no variables, no descriptor 3.
func TestSole(t *testing.T) {
	s := new(sole)
	var out, errs strings.Builder
	script := `echo junk; echo '1|9|unix|/nowhere|netrpc|'; env >&2; ls /proc/self/fd | sort -n | tail -1 >&2; echo '{"@message":"m","@level":"info"}' >&2`
	cmd := &exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: []string{"OWN=1", "PATH=" + os.Getenv("PATH")}, Stdout: &out, Stderr: &errs}
	p, err := host.Start(t.Context(), host.Config{App: tenon.App{Name: "x"}, Cmd: cmd, Protocols: []host.Protocol{s}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if s.got.App != 9 || s.got.Protocol != handshake.NetRPC || p.Info().Protocol != handshake.NetRPC || !s.closed {
		t.Errorf("%+v %+v %v", s.got, p.Info(), s.closed)
	}
	if out.String() != "junk\n" {
		t.Errorf("standard output is %q", out.String())
	}
	lines := strings.Split(errs.String(), "\n")
	for _, want := range []string{"SOLE=yes", "OWN=1", `{"@message":"m","@level":"info"}`} {
		if !slices.Contains(lines, want) {
			t.Errorf("standard error is without %s: %q", want, lines)
		}
	}
	if strings.Contains(errs.String(), "TENON_PLUGIN") || strings.Contains(errs.String(), "TENON_APP") || strings.Contains(errs.String(), "HOME=") {
		t.Errorf("the environment is %q", lines)
	}
}

// A runs is a plugin that runs already.
type runs struct {
	line handshake.Line
	out  io.Reader
	done chan struct{}
	err  error
}

func (r *runs) Output() (io.Reader, io.Reader) { return r.out, nil }
func (r *runs) Line() *handshake.Line {
	if r.line.Network == "" {
		return nil
	}
	return &r.line
}
func (r *runs) Done() <-chan struct{} { return r.done }
func (r *runs) Err() error            { return r.err }
func (r *runs) Terminate()            { r.Kill() }
func (r *runs) PID() int              { return 0 }
func (r *runs) Kill() {
	select {
	case <-r.done:
	default:
		close(r.done)
	}
}

// TestTakeOver has somebody else run the plugin, who knows its line, or not.
func TestTakeOver(t *testing.T) {
	for name, r := range map[string]*runs{
		"known":   {line: handshake.Line{App: 2, Network: "unix", Address: "/x", Protocol: handshake.GRPC}},
		"printed": {out: strings.NewReader("1|2|unix|/x|grpc\n")},
	} {
		t.Run(name, func(t *testing.T) {
			r.done, r.err = make(chan struct{}), errors.New("gone away")
			s := &sole{manner: protocol.Manner{Run: func(_ context.Context, env []string) (protocol.Running, error) {
				if !slices.Contains(env, "SOLE=yes") {
					t.Errorf("the environment is %q", env)
				}
				return r, nil
			}}}
			p, err := host.Start(t.Context(), host.Config{App: tenon.App{Name: "x"}, Cmd: &exec.Cmd{Path: "far"}, Protocols: []host.Protocol{s}})
			if err != nil {
				t.Fatal(err)
			}
			if s.got.App != 2 || s.got.Address != "/x" {
				t.Errorf("%+v", s.got)
			}
			p.Kill()
			<-p.Done()
			var exit *host.ExitError
			if !errors.As(p.Err(), &exit) || !errors.Is(exit, r.err) {
				t.Errorf("it ended with %v", p.Err())
			}
		})
	}
}

func TestTakeOverFails(t *testing.T) {
	wrong := errors.New("no daemon")
	s := &sole{manner: protocol.Manner{Run: func(context.Context, []string) (protocol.Running, error) { return nil, wrong }}}
	_, err := host.Start(t.Context(), host.Config{App: tenon.App{Name: "x"}, Cmd: &exec.Cmd{Path: "far"}, Protocols: []host.Protocol{s}})
	var told *host.StartError
	if !errors.As(err, &told) || !errors.Is(err, wrong) || told.Stage != host.StageStart || !s.closed {
		t.Errorf("the error is %v", err)
	}
}
