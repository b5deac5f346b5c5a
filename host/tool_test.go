package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

// The tool is a plugin that does what it is told, its own end included.
var toolContract = &tenon.Contract{
	Name:    "test.Tool",
	Methods: []tenon.Method{{Name: "Do"}, {Name: "Extra", Optional: true}},
}

// The note is a service of the host's.
var noteContract = &tenon.Contract{Name: "test.Note", Methods: []tenon.Method{{Name: "Take"}}}

func toolService() tenon.Service {
	return tenon.Service{Contract: toolContract, Server: &toolServer{}}
}

func toolConfig() plugin.Config {
	return plugin.Config{App: app, Name: "tool", Release: "1.2.3", Services: []tenon.Service{toolService()}}
}

// toolConfigs are variants of the tool that do in a process of their own and
// without.
var toolConfigs = map[string]func() plugin.Config{
	"named":   changed(func(*plugin.Config) {}),
	"without": changed(func(c *plugin.Config) { c.Services[0].Without = []string{"Extra"} }),
	"versions": changed(func(c *plugin.Config) {
		c.App = tenon.App{Name: "test", Version: 2}
		old := tenon.Service{Contract: &tenon.Contract{Name: "test.Old", Methods: []tenon.Method{{Name: "Do"}}}, Server: &toolServer{}}
		c.Services = append(c.Services, old.In(1))
	}),
}

func changed(change func(*plugin.Config)) func() plugin.Config {
	return func() plugin.Config {
		cfg := toolConfig()
		change(&cfg)
		return cfg
	}
}

func toolWith(change func(*plugin.Config)) func() {
	return func() { plugin.MainConfig(changed(change)()) }
}

var tools = map[string]func(){
	"tool":    func() { plugin.Main(app, toolService()) },
	"crasher": toolWith(func(c *plugin.Config) { c.CrashOnPanic = true }),
	"source":  toolWith(func(c *plugin.Config) { c.AddSource = true }),
	"onstop": toolWith(func(c *plugin.Config) {
		c.OnStop = func(context.Context) { fmt.Println("last words"); slog.Info("last record") }
	}),
	"neverstop": toolWith(func(c *plugin.Config) { c.OnStop = func(context.Context) { hang() } }),
	"initlog": toolWith(func(c *plugin.Config) {
		c.Init = func(context.Context) error { fmt.Println("init"); return nil }
	}),
	"deaf": func() {
		signal.Ignore(syscall.SIGTERM)
		plugin.Serve(context.Background(), toolConfig())
		hang() // has been asked to leave, and does not
	},
	"defaultterm": func() { // knows nothing of SIGTERM, and goes on after the connection
		cfg := toolConfig()
		plugin.Serve(context.Background(), cfg)
		hang()
	},
	"slowexit": func() {
		plugin.Serve(context.Background(), toolConfig())
		time.Sleep(1500 * time.Millisecond) // longer than a connection may outlive the process
		fmt.Println("in order")
	},
}

type toolServer struct {
	mu    sync.Mutex
	begun map[string]chan struct{}
}

// started returns what is closed when the command has begun.
func (s *toolServer) started(command string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun == nil {
		s.begun = map[string]chan struct{}{}
	}
	if s.begun[command] == nil {
		s.begun[command] = make(chan struct{})
	}
	return s.begun[command]
}

func (s *toolServer) ServeCall(ctx context.Context, method int, stream tenon.Stream) error {
	m, err := stream.Recv()
	if err != nil {
		return err
	}
	command, err := readText(m)
	if err != nil {
		return err
	}
	verb, rest, _ := strings.Cut(command, " ")
	if verb == "await" {
		<-s.started(rest)
		return nil
	}
	f := verbs[verb]
	if f == nil {
		return fmt.Errorf("the tool does not know %q", verb)
	}
	if ends[verb] {
		signal.Notify(released, syscall.SIGUSR1)
		close(s.started(command))
	}
	answer, err := f(ctx, rest)
	stream.Out().WriteString(1, answer)
	return err
}

// ends are the verbs that begin waits for.
var ends = map[string]bool{"hang": true, "wait": true, "release": true}

var released = make(chan os.Signal, 1)

var verbs = map[string]func(ctx context.Context, rest string) (string, error){
	"echo": func(_ context.Context, rest string) (string, error) { return rest, nil },
	"fail": func(_ context.Context, rest string) (string, error) { return "", errors.New(rest) },
	"pid":  func(context.Context, string) (string, error) { return strconv.Itoa(os.Getpid()), nil },

	"hang": func(context.Context, string) (string, error) { select {} },
	"wait": func(ctx context.Context, _ string) (string, error) { <-ctx.Done(); return "", ctx.Err() },
	"release": func(context.Context, string) (string, error) { // by SIGUSR1: no call gets through
		<-released
		return "in the end", nil
	},

	"panic": func(_ context.Context, rest string) (string, error) { panic(rest) },
	"die": func(_ context.Context, rest string) (string, error) {
		go panicking(rest)
		select {}
	},
	"exit": func(_ context.Context, rest string) (string, error) {
		code, _ := strconv.Atoi(rest)
		os.Exit(code)
		return "", nil
	},
	"kill": func(context.Context, string) (string, error) {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	},
	"disconnect": func(context.Context, string) (string, error) {
		// As something does that closes all descriptors that it doesn't know.
		for fd := range connections() {
			syscall.Shutdown(fd, syscall.SHUT_RDWR)
		}
		select {}
	},

	"print":  func(_ context.Context, rest string) (string, error) { fmt.Println(rest); return "", nil },
	"eprint": func(_ context.Context, rest string) (string, error) { fmt.Fprintln(os.Stderr, rest); return "", nil },
	"flood":  flood,
	"printexit": func(_ context.Context, rest string) (string, error) {
		fmt.Print(strings.Repeat("x", 60<<10) + "end")
		fmt.Fprint(os.Stderr, rest)
		os.Exit(4)
		return "", nil
	},
	"tty": func(context.Context, string) (string, error) { return isTerminal(os.Stdin), nil },

	"log":     func(_ context.Context, rest string) (string, error) { return "", logThings(rest) },
	"logexit": func(_ context.Context, rest string) (string, error) { slog.Info(rest); os.Exit(0); return "", nil },
	"logf":    func(_ context.Context, rest string) (string, error) { log.Printf("%s", rest); return "", nil },
	"debug":   func(_ context.Context, rest string) (string, error) { slog.Debug(rest); return "", nil },

	"env":     func(_ context.Context, rest string) (string, error) { return os.Getenv(rest), nil },
	"environ": func(context.Context, string) (string, error) { return strings.Join(os.Environ(), "\n"), nil },
	"childenviron": func(context.Context, string) (string, error) {
		out, err := exec.Command("/usr/bin/env").Output()
		return string(out), err
	},
	"childignores": func(context.Context, string) (string, error) {
		out, err := exec.Command("grep", "SigIgn", "/proc/self/status").Output()
		return string(out), err
	},
	"cwd":   func(context.Context, string) (string, error) { return os.Getwd() },
	"args":  func(context.Context, string) (string, error) { return strings.Join(os.Args[1:], " "), nil },
	"write": func(_ context.Context, rest string) (string, error) { return "", writeExtra(rest) },
	"stdin": func(context.Context, string) (string, error) {
		all, err := io.ReadAll(os.Stdin)
		return string(all), err
	},
	"fdlink": func(_ context.Context, rest string) (string, error) { return os.Readlink("/proc/self/fd/" + rest) },
	"grandchild": func(context.Context, string) (string, error) {
		cmd := exec.Command("sleep", "1000")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err != nil {
			return "", err
		}
		return strconv.Itoa(cmd.Process.Pid), nil
	},
	"escape": func(context.Context, string) (string, error) { // a grandchild that leaves the group
		cmd := exec.Command("setsid", "sleep", "1000")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err != nil {
			return "", err
		}
		return strconv.Itoa(cmd.Process.Pid), nil
	},

	"host": callHost,
	"meta": func(ctx context.Context, rest string) (string, error) {
		_, md, _ := tenon.Caller(ctx)
		return strings.Join(md[rest], ","), nil
	},
	"nested": nested,
}

//go:noinline
func panicking(text string) { panic(text) }

// connections returns the unix sockets among the process's descriptors.
func connections() map[int]bool {
	all := map[int]bool{}
	for fd := 3; fd < 64; fd++ {
		if kind, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE); err == nil && kind == syscall.SOCK_STREAM {
			all[fd] = true
		}
	}
	return all
}

// flood writes bytes without a newline to a descriptor: "1 10000000".
func flood(_ context.Context, rest string) (string, error) {
	var fd, n int
	fmt.Sscan(rest, &fd, &n)
	_, err := os.NewFile(uintptr(fd), "").Write(pattern(n))
	return "", err
}

// pattern is no text, and different everywhere. It does not look like a line.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		if b[i] = byte(i*7 + i>>8); b[i] == '\n' {
			b[i] = '.'
		}
	}
	return b
}

func isTerminal(f *os.File) string {
	cmd := exec.Command("test", "-t", "0")
	cmd.Stdin = f
	if cmd.Run() == nil {
		return "a terminal"
	}
	return "no terminal"
}

func logThings(text string) error {
	slog.Warn(text, "n", 1, slog.Group("g", "s", "deep"), "d", time.Second)
	slog.With("a", 1).WithGroup("outer").Error("grouped", "b", true)
	return nil
}

func writeExtra(text string) error {
	_, err := os.NewFile(4, "extra").WriteString(text)
	return err
}

// callHost calls the host's own service.
func callHost(ctx context.Context, rest string) (string, error) {
	conn, _, ok := tenon.Caller(ctx)
	if !ok {
		return "", errors.New("no caller")
	}
	ref, err := noteContract.Bind(conn)
	if err != nil {
		return "", err
	}
	return ask(ctx, ref, 0, rest)
}

// again is what tenontest.Command is, where there is no test.
func again(name string) *exec.Cmd {
	self, _ := os.Executable()
	cmd := exec.Command(self)
	cmd.Env = []string{tenontest.PluginVar + "=" + name}
	for _, key := range []string{"GOCOVERDIR", "GORACE"} {
		cmd.Env = append(cmd.Env, key+"="+os.Getenv(key))
	}
	return cmd
}

// nested is a plugin that is a host itself.
func nested(ctx context.Context, rest string) (string, error) {
	cmd := again("tool")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p, err := host.Start(ctx, host.Config{App: app, Cmd: cmd, InheritEnv: true})
	if err != nil {
		return "", err
	}
	defer p.Stop(ctx)
	return doContext(ctx, p, rest)
}

// noteServer is the host's: it answers with what it was told, marked.
type noteServer struct{}

func (noteServer) ServeCall(_ context.Context, _ int, s tenon.Stream) error {
	m, err := s.Recv()
	if err != nil {
		return err
	}
	text, err := readText(m)
	s.Out().WriteString(1, "noted: "+text)
	return err
}

var noteService = tenon.Service{Contract: noteContract, Server: noteServer{}}
