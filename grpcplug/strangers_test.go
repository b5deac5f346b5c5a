package grpcplug

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

// strangers are plugins that are not as they should be, or are of a library that
// does little.
var strangers = map[string]func(){
	"only tenon": func() { plugin.Main(app, echoService()) },
	"nosocket":   func() { say("1|3|unix|/nonexistent/socket|grpc|") },
	"noport":     func() { say("1|3|tcp|127.0.0.1:1|grpc|") },
	"other":      func() { say("1|3|tcp|" + otherProgram() + "|grpc|") },
	"silent":     func() { say("1|3|tcp|" + silentProgram() + "|grpc|") },
	"badcert":    func() { say("1|3|unix|/x|grpc|" + strings.Repeat("AAAA", 20)) },
	"notbase64":  func() { say("1|3|unix|/x|grpc|" + strings.Repeat("!", 80)) },
	"cert":       func() { say("1|3|unix|/x|grpc|" + encoded(mustCertificate())) },
	"version":    func() { say("1|9|unix|/x|grpc|") },
	"core":       func() { say("2|3|unix|/x|grpc|") },
	"four":       func() { say("1|3|unix|/x") },
	"netrpc":     func() { say("1|3|unix|/x|netrpc|") },
	"udp":        func() { say("1|3|udp|127.0.0.1:1|grpc|") },
	"empty":      func() { say("1|3|unix||grpc|") },
	"mux":        func() { say("1|3|unix|/x|grpc||maybe") },
	"cookie": func() {
		fmt.Print("This binary is a plugin. These are not meant to be executed directly.\n")
		os.Exit(1)
	},
	"no socketpair": func() { // it may end, or close the host's socketpair, before its line is read
		os.NewFile(3, "").Close()
		fmt.Print("1|3|unix|/nonexistent/socket|grpc|\n")
		os.Exit(4)
	},
	"quick":      func() { fmt.Print("1|3|unix|/nonexistent/socket|grpc|\n"); os.Exit(4) },
	"twice":      served(func(c *plugin.Config, _ *Protocol) { c.Services = append(c.Services, c.Services[0]) }),
	"huge":       func() { say("1|3|unix|/" + strings.Repeat("x", 1<<20) + "|grpc|") },
	"endless":    func() { os.Stdout.WriteString("1|3|unix|/" + strings.Repeat("x", 1<<20)); hang() },
	"other cert": func() { bare(mutual(mustCertificate(), nil), mustCertificate()) },
	"no tls":     func() { bare(nil, mustCertificate()) },
	"wants tls":  func() { bare(&tls.Config{Certificates: []tls.Certificate{mustCertificate()}}, tls.Certificate{}) },
	"bare":       func() { bare(nil, tls.Certificate{}) },
	"junk": func() {
		fmt.Print("starting up…\n1|not a handshake\n\n")
		bare(nil, tls.Certificate{})
	},
	"eight": func() { say("1|3|unix|" + listen(grpc.NewServer()) + "|grpc||true|more|of it") },
	"pieces": func() { // comes a byte at a time
		for _, c := range []byte("1|3|unix|" + listen(grpc.NewServer()) + "|grpc|\nand more\n") {
			os.Stdout.Write([]byte{c})
		}
		hang()
	},
	"dies": func() {
		fmt.Fprintln(os.Stderr, "cannot open the database")
		fmt.Println("1|3|unix|/nonexistent/socket|grpc|")
		os.Exit(4)
	},
}

func say(line string) {
	fmt.Println(line)
	hang()
}

func hang() {
	r, w, _ := os.Pipe()
	io.ReadAll(r)
	runtime.KeepAlive(w) // else it is closed when it is collected
}

func mustCertificate() tls.Certificate {
	c, err := newCertificate()
	if err != nil {
		panic(err)
	}
	return c
}

func encoded(c tls.Certificate) string { return base64.RawStdEncoding.EncodeToString(c.Certificate[0]) }

// otherProgram is what has the port in the plugin's place.
func otherProgram() string {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		for {
			c, _ := l.Accept()
			io.WriteString(c, "220 mail.example.org ESMTP ready\r\n")
			c.Close()
		}
	}()
	return l.Addr().String()
}

func silentProgram() string {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		for {
			l.Accept()
		}
	}()
	return l.Addr().String()
}

func listen(s *grpc.Server) string {
	path := filepath.Join(os.Getenv(envSocketDir), "bare")
	if os.Getenv(envSocketDir) == "" {
		path = fmt.Sprintf("@grpcplug-test-%d", os.Getpid()) // which leaves no file
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	answersWith("bare")(s)
	go s.Serve(l)
	return path
}

// bare serves none of the services that a plugin has, but one of its own.
func bare(c *tls.Config, announced tls.Certificate) {
	var opts []grpc.ServerOption
	if c != nil {
		opts = append(opts, grpc.Creds(credentials.NewTLS(c)))
	}
	opts = append(opts, grpc.ForceServerCodec(codec{}))
	cert := ""
	if announced.Certificate != nil {
		cert = encoded(announced)
	}
	say("1|3|unix|" + listen(grpc.NewServer(opts...)) + "|grpc|" + cert)
}

func TestStrangers(t *testing.T) {
	auto := Protocol{AutoMTLS: true}
	for _, c := range []struct {
		plugin string
		p      Protocol
		stage  host.Stage
		want   error // nil: of another package
		says   []string
	}{
		{"nosocket", Protocol{}, host.StageConnect, &Error{Problem: NobodyThere}, []string{"unix /nonexistent/socket", "no such file", "container"}},
		{"noport", Protocol{}, host.StageConnect, &Error{Problem: NobodyThere}, []string{"127.0.0.1:1", "refused"}},
		{"other", Protocol{}, host.StageConnect, &Error{Problem: NotGRPC}, []string{"does not speak gRPC", "another program"}},
		{"silent", Protocol{}, host.StageConnect, &Error{Problem: NotGRPC}, []string{"does not speak gRPC"}},
		{"badcert", auto, host.StageConnect, &Error{Problem: BadCertificate}, []string{"certificate", "x509"}},
		{"notbase64", auto, host.StageHandshake, nil, []string{"sixth field", "not base64"}},
		{"cert", Protocol{}, host.StageConnect, &Error{Problem: UnwantedCertificate}, []string{"set AutoMTLS"}},
		{"bare", auto, host.StageConnect, &Error{Problem: NoCertificate}, []string{"does not know AutoMTLS"}},
		{"bare", Protocol{Multiplex: true}, host.StageConnect, &Error{Problem: NoMultiplex}, []string{"v1.6.0"}},
		{"other cert", auto, host.StageConnect, &Error{Problem: TLSFailed}, []string{"do not trust each other", "authority"}},
		{"no tls", auto, host.StageConnect, &Error{Problem: TLSFailed}, []string{"does not look like a TLS handshake"}},
		{"wants tls", Protocol{}, host.StageConnect, &Error{Problem: NotGRPC}, []string{"wants TLS"}},
		{"quick", Protocol{}, host.StageConnect, &Error{Problem: NobodyThere}, nil},
		{"cookie", Protocol{}, host.StageHandshake, nil, []string{"GRPCPLUG_TEST=yes", "MagicCookieKey=MagicCookieValue"}},
		{"twice", Protocol{}, host.StageHandshake, nil, []string{"test.Echo is given twice in version 3"}},
		{"version", Protocol{}, host.StageVersion, nil, []string{"the host speaks 1, 2 and 3, the plugin 9"}},
		{"core", Protocol{}, host.StageHandshake, nil, []string{"core protocol version is not 1"}},
		{"four", Protocol{}, host.StageHandshake, nil, []string{"netrpc", "compat/goplugin"}},
		{"netrpc", Protocol{}, host.StageHandshake, nil, []string{"netrpc", "compat/goplugin"}},
		{"udp", Protocol{}, host.StageHandshake, nil, []string{"neither unix nor tcp"}},
		{"empty", Protocol{}, host.StageHandshake, nil, []string{"not an address"}},
		{"mux", Protocol{}, host.StageHandshake, nil, []string{"neither true nor false"}},
		{"huge", Protocol{}, host.StageHandshake, nil, []string{"longer than 65536 bytes"}},
		{"endless", Protocol{}, host.StageHandshake, nil, []string{"longer than 65536 bytes"}},
		{"dies", Protocol{}, host.StageConnect, &Error{Problem: NobodyThere}, []string{"cannot open the database", "exit status 4"}},
	} {
		t.Run(strings.ReplaceAll(c.plugin, " ", "")+fmt.Sprintf("/%v%v", c.p.AutoMTLS, c.p.Multiplex), func(t *testing.T) {
			_, err := try(t, c.plugin, c.p, func(cfg *host.Config) {
				if c.plugin == "silent" {
					cfg.StartTimeout = 3 * time.Second
				}
			})
			var e *host.StartError
			if !errors.As(err, &e) || e.Stage != c.stage {
				t.Fatalf("got %v", err)
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("its type is %T", e.Err)
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is missing", part)
				}
			}
			if strings.Contains(err.Error(), net.ErrClosed.Error()) {
				t.Error("it blames the closing, which was gRPC's own")
			}
			if len(err.Error()) > 10000 {
				t.Errorf("it has %d bytes", len(err.Error()))
			}
			t.Logf("%.1000v", err)
		})
	}
}

// A plugin that serves nothing but its own is as good as any.
func TestTolerated(t *testing.T) {
	for _, name := range []string{"bare", "junk", "eight", "pieces"} {
		t.Run(name, func(t *testing.T) {
			p := start(t, name, Protocol{})
			if err := p.Ping(t.Context()); err != nil {
				t.Errorf("ping: %v", err)
			}
			raw, _ := Of(p)
			if name == "bare" || name == "junk" {
				if got, err := who(t.Context(), raw.ClientConn); got != "bare" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			}
			if _, err := raw.Broker.Dial(t.Context(), 1); !errors.Is(err, &Error{Problem: NoBroker}) {
				t.Errorf("dial: %v", err)
			}
			if _, err := raw.Broker.Serve(1, answersWith("host")); !errors.Is(err, &Error{Problem: NoBroker}) {
				t.Errorf("serve: %v", err)
			}
			if _, err := call(t.Context(), p, "Echo", ""); tenon.CodeOf(err) != tenon.Unimplemented {
				t.Errorf("a contract that it does not have: %v", err)
			}
			want := map[string]string{"junk": "starting up…\n1|not a handshake\n\n", "pieces": "and more\n"}[name]
			p.out.await(t, want)
			// It has no controller: it is told by a signal, without a wait.
			began := time.Now()
			err := p.stop()
			var exit *host.ExitError
			if !errors.As(err, &exit) || exit.Exit.Signal != syscall.SIGTERM || time.Since(began) > 5*time.Second {
				t.Errorf("it ended after %v with %v", time.Since(began), err)
			}
			if p.out.String() != want {
				t.Errorf("it printed %q", p.out)
			}
		})
	}
}

// A host that does not speak the protocol says which line is missing.
func TestWithoutProtocol(t *testing.T) {
	s, err := try(t, "bare", Protocol{}, func(c *host.Config) { c.Protocols = nil })
	if err == nil {
		t.Fatal("it started")
	}
	says := regexp.MustCompile(`add this line to host\.Config: (.*,) and import (\S+) \(go get (\S+)\)`).FindStringSubmatch(err.Error())
	if says == nil || says[2] != says[3] {
		t.Fatalf("got %v", err)
	}
	compiles(t, `package main

import (
	"github.com/tenon-go/tenon/host"
	"`+says[2]+`"
)

func main() { _ = host.Config{
	`+says[1]+`
} }
`)
	if !strings.HasPrefix(s.out.String(), "1|3|unix|") {
		t.Errorf("the line is output then: %q", s.out)
	}
}

// compiles holds what people are told to write to being Go.
func compiles(t *testing.T, source string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
		t.Errorf("%s%v\n%s", source, err, out)
	}
}

// What a plugin without the protocol says to whom compiles, too.
func TestPluginWithoutProtocol(t *testing.T) {
	cmd := tenontest.Command(t, "only tenon")
	cmd.Env = append(cmd.Env, "GRPCPLUG_TEST=yes")
	out, err := cmd.CombinedOutput()
	says := regexp.MustCompile(`call (grpcplug\.Main) in place of plugin\.Main .* and import (\S+) \(.* set (Protocols: .*)\)`).FindStringSubmatch(string(out))
	if err == nil || says == nil {
		t.Fatalf("%v\n%s", err, out)
	}
	compiles(t, `package main

import (
	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/plugin"
	"`+says[2]+`"
)

func main() {
	_ = plugin.Config{`+says[3]+`}
	`+says[1]+`(tenon.App{Name: "x"})
}
`)
}

// Whatever comes first of a handshake, the end of the socketpair and the end of the
// process: a start ends.
func TestNoSocketpair(t *testing.T) {
	for range 30 {
		within(t, 10*time.Second, "the start's end", func() {
			_, err := try(t, "no socketpair", Protocol{}, nil)
			if e := (*host.StartError)(nil); !errors.As(err, &e) {
				t.Errorf("got %v", err)
			}
		})
	}
}
