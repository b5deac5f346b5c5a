package grpcplug

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/logs"
	"github.com/tenon-go/tenon/tenontest"
)

// settings are the ways in which a host can run a plugin.
var settings = map[string]Protocol{
	"plain":             {},
	"AutoMTLS":          {AutoMTLS: true},
	"multiplexed":       {Multiplex: true},
	"multiplexed, mTLS": {AutoMTLS: true, Multiplex: true},
}

// Two Tenon sides choose Tenon's own protocol.
func TestNativeFirst(t *testing.T) {
	p := start(t, "either", Protocol{})
	if got := p.Info().Protocol; got != "tenon" {
		t.Errorf("they speak %s", got)
	}
	if _, ok := Of(p); ok {
		t.Error("there is gRPC in it")
	}
	if got, err := call(t.Context(), p, "Echo", "x"); got != "x" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// What is registered is there over gRPC only, so that is what they speak.
func TestRegisterInsists(t *testing.T) {
	if p := start(t, "registers", Protocol{}); p.Info().Protocol != "grpc" {
		t.Errorf("they speak %s", p.Info().Protocol)
	}
	p, err := try(t, "registers", Protocol{}, func(cfg *host.Config) { cfg.Protocols = nil })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := call(t.Context(), p, "Echo", "x"); got != "x" || err != nil || p.Info().Protocol != "tenon" {
		t.Errorf("without grpc in the host: got %q, %v; they speak %s", got, err, p.Info().Protocol)
	}
	err = p.SetLogLevel(t.Context(), slog.LevelDebug)
	if err != nil {
		t.Error(err)
	}
	if err = start(t, "echo", Protocol{}).SetLogLevel(t.Context(), slog.LevelDebug); tenon.CodeOf(err) != tenon.Unimplemented {
		t.Errorf("the level of a plugin that speaks grpc: %v", err)
	}
}

func TestContract(t *testing.T) {
	for name, p := range settings {
		t.Run(name, func(t *testing.T) {
			s := start(t, "echo", p)
			if i := s.Info(); i.Protocol != "grpc" || i.Version != 3 || i.PID == 0 || i.Name != "echo" {
				t.Errorf("%+v", i)
			}
			checkCalls(t, s)
			checkStreams(t, s)
			checkErrors(t, s)
			if x := s.Stats(); x.ActiveOut != 0 || x.CallsOut == 0 {
				t.Errorf("%+v", x)
			}
			if err := s.stop(); err != nil {
				t.Errorf("stopped: %v", err)
			}
			var lost *tenon.TransportError
			if _, err := call(t.Context(), s, "Echo", "late"); !errors.As(err, &lost) || !lost.Unsent {
				t.Errorf("of a plugin that has ended: %v", err)
			}
		})
	}
}

func checkCalls(t *testing.T, s *started) {
	ctx := tenon.WithMetadata(t.Context(), tenon.Metadata{"greeting": {", hello", ", you"}})
	if got, err := call(ctx, s, "Echo", "x"); got != "x, hello, you" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	large := strings.Repeat("x", 5<<20)
	if got, err := call(t.Context(), s, "Echo", large); got != large || err != nil {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func checkStreams(t *testing.T, s *started) {
	ref, err := echoContract.Bind(s)
	if err != nil {
		t.Fatal(err)
	}
	x, err := ref.Open(t.Context(), echoContract.Index("Both"))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for i := range 50 {
		x.Out().WriteString(1, strconv.Itoa(i))
		if err := x.Send(); err != nil {
			t.Fatal(err)
		}
		m, err := x.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readText(m); got != strconv.Itoa(i) || err != nil {
			t.Errorf("%d: got %q, %v", i, got, err)
		}
	}
	x.CloseSend()
	if _, err := x.Recv(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func checkErrors(t *testing.T, s *started) {
	_, err := call(t.Context(), s, "Fail", "/x")
	var path *fs.PathError
	if !errors.As(err, &path) || path.Path != "/x" || !errors.Is(err, fs.ErrNotExist) || tenon.CodeOf(err) != tenon.NotFound {
		t.Errorf("got %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := call(short, s, "Wait", ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	if _, err := call(canceled, s, "Wait", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	var e *tenon.Error
	if _, err := call(t.Context(), s, "Panic", "out of ideas"); !errors.As(err, &e) || !strings.Contains(e.Message, "out of ideas") || !strings.Contains(e.Stack, "ServeCall") {
		t.Errorf("got %v", err)
	}
	if _, err := call(t.Context(), s, "Quit", ""); tenon.CodeOf(err) != tenon.Internal || !strings.Contains(err.Error(), "test.Echo.Quit: the handler ended its goroutine") {
		t.Errorf("got %v", err)
	}
	if _, err := call(t.Context(), s, "Without", ""); tenon.CodeOf(err) != tenon.Unimplemented {
		t.Errorf("got %v", err)
	}
	raw, _ := Of(s)
	if err := raw.ClientConn.Invoke(t.Context(), "/test.Echo/Fail", &frame{}, &frame{}, grpc.ForceCodec(codec{})); status.Code(err) != codes.NotFound {
		t.Errorf("what others see: %v", err)
	}
}

// The limit is the host's, both ways.
func TestLimit(t *testing.T) {
	s, err := try(t, "echo", Protocol{}, func(c *host.Config) { c.Limits.Message = 1 << 20 })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := call(t.Context(), s, "Echo", strings.Repeat("x", 1<<20)); tenon.CodeOf(err) != tenon.ResourceExhausted {
		t.Errorf("sent: %v", err)
	}
	ctx := tenon.WithMetadata(t.Context(), tenon.Metadata{"greeting": slices.Repeat([]string{strings.Repeat("y", 100)}, 10)})
	if _, err := call(ctx, s, "Echo", strings.Repeat("x", 1<<20-500)); tenon.CodeOf(err) != tenon.ResourceExhausted {
		t.Errorf("received: %v", err)
	}
	if got, err := call(t.Context(), s, "Echo", "still there"); got != "still there" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCrash(t *testing.T) {
	for name, p := range settings {
		t.Run(name, func(t *testing.T) {
			s := start(t, "echo", p)
			ended := make(chan error, 1)
			go func() {
				_, err := call(t.Context(), s, "Wait", "")
				ended <- err
			}()
			time.AfterFunc(30*time.Millisecond, func() { syscall.Kill(s.Info().PID, syscall.SIGKILL) })
			var exit *host.ExitError
			if err := <-ended; !errors.As(err, &exit) || exit.Exit.Signal != syscall.SIGKILL {
				t.Errorf("the call ended with %v", err)
			}
			<-s.Done()
			if err := s.Err(); !errors.As(err, &exit) {
				t.Errorf("the plugin ended with %v", err)
			}
			if _, err := call(t.Context(), s, "Echo", ""); !errors.As(err, &exit) {
				t.Errorf("a later call ended with %v", err)
			}
		})
	}
}

func TestInitFails(t *testing.T) {
	_, err := try(t, "initfails", Protocol{}, nil)
	var e *host.StartError
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "echo failed to initialise: permission denied") {
		t.Errorf("got %v", err)
	}
}

// The version is the highest that both sides have.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		own  []int
		want int
	}{{[]int{1}, 1}, {[]int{2, 1}, 2}, {[]int{7, 3, 1}, 3}} {
		s, err := try(t, "echo", Protocol{}, func(cfg *host.Config) { cfg.App.Version, cfg.App.Versions = c.own[0], c.own[1:] })
		if err != nil || s.Info().Version != c.want {
			t.Errorf("%v: %v", c.own, err)
		}
	}
	_, err := try(t, "echo", Protocol{}, func(cfg *host.Config) { cfg.App.Version, cfg.App.Versions = 9, nil })
	if err == nil || !strings.Contains(err.Error(), "upgrade the plugin") {
		t.Errorf("got %v", err)
	}
}

// Both sides may bring a configuration of their own.
func TestOwnTLS(t *testing.T) {
	p := Protocol{TLS: &tls.Config{InsecureSkipVerify: true}}
	if _, err := try(t, "echo", p, nil); !errors.Is(err, &Error{Problem: TLSFailed}) {
		t.Errorf("a plugin without TLS: %v", err)
	}
	s := start(t, "wants tls", p)
	raw, _ := Of(s)
	if got, err := who(t.Context(), raw.ClientConn); got != "bare" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// What a host of go-plugin sees of a plugin: the process itself.
func TestByHand(t *testing.T) {
	for _, c := range []struct {
		name   string
		plugin string
		env    []string
		says   []string // on stdout, or with a failure on stderr
		fails  bool
	}{
		{"no cookie", "either", nil, []string{"is a plugin for test", "not run by hand"}, true},
		{"wrong cookie", "either", []string{"GRPCPLUG_TEST=no"}, []string{"not run by hand"}, true},
		{"oldest", "echo", []string{"GRPCPLUG_TEST=yes"}, []string{"1|1|unix|", "|grpc|"}, false},
		{"versions", "echo", []string{"GRPCPLUG_TEST=yes", envVersions + "=2,x,1"}, []string{"1|2|unix|"}, false},
		{"multiplex", "echo", []string{"GRPCPLUG_TEST=yes", envMultiplex + "=true"}, []string{"|grpc||true\n"}, false},
		{"tcp", "tcp", []string{"GRPCPLUG_TEST=yes", envMinPort + "=20000", envMaxPort + "=20999"}, []string{"|tcp|127.0.0.1:20"}, false},
		{"no port", "tcp", []string{"GRPCPLUG_TEST=yes", envMinPort + "=x"}, []string{envMinPort + "=x", "not a port"}, true},
		{"ports", "tcp", []string{"GRPCPLUG_TEST=yes", envMinPort + "=3", envMaxPort + "=2"}, []string{"above"}, true},
		{"no certificate", "echo", []string{"GRPCPLUG_TEST=yes", envCert + "=hello"}, []string{envCert, "no certificate"}, true},
		{"no directory", "echo", []string{"GRPCPLUG_TEST=yes", envSocketDir + "=/nonexistent"}, []string{"no socket could be made", "/nonexistent"}, true},
		{"no group", "echo", []string{"GRPCPLUG_TEST=yes", envSocketGroup + "=no such group"}, []string{"no such group"}, true},
		{"group", "echo", []string{"GRPCPLUG_TEST=yes", envSocketGroup + "=" + strconv.Itoa(os.Getgid())}, []string{"|grpc|"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := tenontest.Command(t, c.plugin)
			cmd.Env = append(cmd.Env, c.env...)
			got, err := runFor(t, cmd)
			t.Logf("%v\n%s", err, got)
			for _, part := range c.says {
				if !strings.Contains(got, part) {
					t.Errorf("%q is missing", part)
				}
			}
			var exit *exec.ExitError
			if c.fails != (errors.As(err, &exit) && exit.ExitCode() == 1) {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

// runFor runs a plugin until it has said where it is, and tells it to end then.
func runFor(t *testing.T, cmd *exec.Cmd) (string, error) {
	var out text
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			return out.String(), err
		case <-time.After(time.Millisecond):
		}
		if got := out.String(); strings.Contains(got, "|grpc|") && strings.HasSuffix(got, "\n") {
			cmd.Process.Signal(syscall.SIGTERM)
		}
	}
}

// A port that another program holds is passed over.
func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, err = newPlace(tcpNetwork, wish{minPort: port, maxPort: port}).listen()
	if !errors.Is(err, &Error{Problem: NoPort}) || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("got %v", err)
	}
	other, err := newPlace(tcpNetwork, wish{minPort: port, maxPort: min(port+20, 65535)}).listen()
	if err != nil {
		t.Fatal(err)
	}
	other.Close()
}

// The directory for sockets is nobody else's, and is gone after the plugin.
func TestSocketDirectory(t *testing.T) {
	parent := t.TempDir()
	s := start(t, "echo", Protocol{SocketDir: parent, SocketGroup: strconv.Itoa(os.Getgid())})
	list, _ := os.ReadDir(parent)
	if len(list) != 1 {
		t.Fatalf("%v", list)
	}
	info, _ := list[0].Info()
	if info.Mode().Perm() != 0o770 {
		t.Errorf("its mode is %v", info.Mode())
	}
	raw, _ := Of(s)
	if _, err := raw.Broker.Serve(1, answersWith("host")); err != nil {
		t.Error(err)
	}
	syscall.Kill(s.Info().PID, syscall.SIGKILL)
	<-s.Done()
	if list, _ := os.ReadDir(parent); len(list) != 0 {
		t.Errorf("left behind: %v", list)
	}
	if _, err := try(t, "echo", Protocol{SocketDir: parent + "/none"}, nil); !errors.Is(err, &Error{Problem: NoSocket}) {
		t.Errorf("got %v", err)
	}
	if _, err := try(t, "dies", Protocol{SocketDir: parent}, nil); err == nil {
		t.Error("it started")
	}
	if list, _ := os.ReadDir(parent); len(list) != 0 {
		t.Errorf("left behind: %v", list)
	}
}

func TestConfig(t *testing.T) {
	for _, p := range []Protocol{
		{Network: "udp"}, {AutoMTLS: true, TLS: &tls.Config{}}, {MinPort: -1}, {MaxPort: 65536}, {MinPort: 5, MaxPort: 4},
	} {
		_, err := try(t, "echo", p, nil)
		var e *host.StartError
		if !errors.As(err, &e) || e.Stage != host.StageConfig || !strings.Contains(err.Error(), "grpcplug.Protocol") {
			t.Errorf("got %v", err)
		}
	}
}

// Each problem has a sentence of its own.
func TestProblems(t *testing.T) {
	seen := map[string]Problem{}
	for p := NobodyThere; p <= NoBroker; p++ {
		says := problems[p].says
		if other, there := seen[says]; there || says == "" {
			t.Errorf("%d and %d both say %q", p, other, says)
		}
		seen[says] = p
	}
	err := &Error{Problem: NoPort, What: strings.Repeat("\xff", 1000), Err: io.EOF}
	if !errors.Is(err, io.EOF) || len(err.Error()) > 1500 || !strings.Contains(err.Error(), "�") {
		t.Errorf("%v", err)
	}
}

// The lines of the log are hclog's, and come back as they were.
func TestLog(t *testing.T) {
	var b bytes.Buffer
	l := slog.New(newLogHandler(&b, "echo", true))
	l.Warn("careful", "time", 3, "d", 1500*time.Millisecond, slog.Group("g", "level", "x"))
	var line map[string]any
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"@level": "warn", "@message": "careful", "@module": "echo", "d": "1.5s"} {
		if line[key] != want {
			t.Errorf("%s is %v", key, line[key])
		}
	}
	r, ok := logs.ParseHCLog(bytes.TrimSpace(b.Bytes()))
	if !ok || r.Level != slog.LevelWarn || r.Message != "careful" || time.Since(r.Time) > time.Minute {
		t.Errorf("%+v", r)
	}
	for level, want := range map[slog.Level]string{-8: "trace", -5: "trace", -4: "debug", -1: "debug", 0: "info", 4: "warn", 7: "warn", 8: "error", 20: "error"} {
		if got := levelName(level); got != want {
			t.Errorf("%d is %q", level, got)
		}
	}
}
