package plugin_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	plugin "github.com/tenon-go/tenon/compat/goplugin"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/tenontest"
)

// serveDeaf serves a plugin that cannot be asked to leave, or to do anything else,
// when it has been told to stop.
func serveDeaf() {
	signal.Ignore(syscall.SIGTERM)
	plugin.Serve(grpcConfig())
	select {}
}

// serveHost is a host that dies without a word, or one that tidies up.
func serveHost() {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), tenontest.PluginVar+"=grpc")
	manner := os.Args[len(os.Args)-1]
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: manner == "setsid", Setpgid: manner == "setpgid"}
	c := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: handshake, Plugins: set, Cmd: cmd, Logger: hclog.NewNullLogger(),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, Detached: manner == "detached",
	})
	if _, err := c.Start(); err != nil {
		fmt.Println(err)
		return
	}
	if manner == "tidy" {
		c.Kill()
		return
	}
	b, err := c.ReattachConfig().MarshalJSON()
	fmt.Println(string(b), err)
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// serveSick serves a plugin whose health is bad.
func serveSick() {
	c := grpcConfig()
	c.Plugins = plugin.PluginSet{"doer": sickPlugin{}}
	plugin.Serve(c)
}

type sickPlugin struct{ doerPlugin }

func (sickPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	registerDoer(s, impl{})
	// The only way to the health service that the package has registered.
	go func() {
		for range time.Tick(time.Millisecond) {
			if sick(s) {
				return
			}
		}
	}()
	return nil
}

func sick(s *grpc.Server) bool {
	f := reflect.ValueOf(s).Elem().FieldByName("services")
	for _, name := range f.MapKeys() {
		if name.String() == "grpc.health.v1.Health" {
			impl := f.MapIndex(name).Elem().FieldByName("serviceImpl")
			(*health.Server)(impl.Elem().UnsafePointer()).SetServingStatus("plugin", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
			return true
		}
	}
	return false
}

// within fails the test if f takes longer than d.
func within(t *testing.T, d time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took > d {
		t.Errorf("it took %v, not at most %v", took, d)
	}
}

// alive reports whether there is such a process that is no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}

func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	p, err := process.Attach(pid, "")
	if err == process.ErrNotFound {
		return
	}
	if err != nil { // it may be there, and cannot be watched
		t.Fatal(err)
	}
	defer p.Close()
	select {
	case <-p.Done():
	case <-time.After(10 * time.Second):
		t.Fatalf("process %d is there", pid)
	}
}

// TestStartAgain is about a start that has failed, and is tried again.
func TestStartAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plugin")
	c := config(t, "grpc")
	program := c.Cmd.Path
	c.Cmd.Path = file
	client := plugin.NewClient(c)
	defer client.Kill()
	_, err := client.Start()
	if err == nil || !strings.HasPrefix(err.Error(), "fork/exec "+file+": no such file or directory") || !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the error is %v", err)
	}
	if err := os.Symlink(program, file); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Start(); err != nil {
		t.Fatal(err)
	}
	do(t, dispense(t, client), "greet you")
}

// TestConfigIsKept is about the configuration that was written to.
func TestConfigIsKept(t *testing.T) {
	c := config(t, "grpc")
	c.AutoMTLS = true
	c.VersionedPlugins = map[int]plugin.PluginSet{9: set}
	was, cmd := *c, *c.Cmd
	env := len(c.Cmd.Env)
	for range 2 { // the second client has the same Cmd
		client := start(t, c)
		do(t, dispense(t, client), "greet you")
		client.Kill()
	}
	c.Cmd.Process = nil // which is to be seen
	if len(c.VersionedPlugins) != 1 || len(c.Cmd.Env) != env || c.TLSConfig != nil || c.MinPort != 0 ||
		!reflect.DeepEqual(c.Plugins, was.Plugins) || !reflect.DeepEqual(c.Cmd.Env, cmd.Env) || c.Cmd.Stdin != nil || c.Cmd.Stdout != nil {
		t.Errorf("the configuration is %+v", c)
	}
}

// TestSecureConfig is about one that is used twice.
func TestSecureConfig(t *testing.T) {
	c := config(t, "grpc")
	program, err := os.ReadFile(c.Cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	c.SecureConfig = &plugin.SecureConfig{Checksum: sum[:], Hash: sha256.New()}
	for range 2 {
		client := start(t, c)
		do(t, dispense(t, client), "greet you")
		client.Kill()
	}
	if ok, err := c.SecureConfig.Check(c.Cmd.Path); !ok || err != nil {
		t.Error(ok, err)
	}
	c.SecureConfig.Checksum = make([]byte, 32)
	if _, err := plugin.NewClient(c).Start(); err != plugin.ErrChecksumsDoNotMatch {
		t.Errorf("the error is %v", err)
	}
	c.SecureConfig.Hash = nil
	if _, err := plugin.NewClient(c).Start(); !errors.Is(err, plugin.ErrSecureConfigNoHash) || !strings.HasPrefix(err.Error(), "error verifying checksum: ") {
		t.Errorf("the error is %v", err)
	}
	c.SecureConfig.Checksum = nil
	if _, err := plugin.NewClient(c).Start(); !errors.Is(err, plugin.ErrSecureConfigNoChecksum) {
		t.Errorf("the error is %v", err)
	}
}

// swapHash replaces the file when it has been read.
type swapHash struct {
	sum  []byte
	swap func()
}

func (h swapHash) Write(p []byte) (int, error) { return len(p), nil }
func (h swapHash) Sum([]byte) []byte           { h.swap(); return h.sum }
func (h swapHash) Reset()                      {}
func (h swapHash) Size() int                   { return len(h.sum) }
func (h swapHash) BlockSize() int              { return 1 }

// TestSecureConfigSwap is about a file that is replaced between the check and the
// start: awf-project/cli#332.
func TestSecureConfigSwap(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plugin")
	c := config(t, "grpc")
	if err := os.Symlink(c.Cmd.Path, file); err != nil {
		t.Fatal(err)
	}
	evil, err := exec.LookPath("false")
	if err != nil {
		t.Fatal(err)
	}
	c.Cmd.Path = file
	swap := func() { os.Remove(file); os.Symlink(evil, file) }
	c.SecureConfig = &plugin.SecureConfig{Checksum: []byte("x"), Hash: swapHash{[]byte("x"), swap}}
	client := start(t, c)
	if got := do(t, dispense(t, client), "greet you"); got != "hello you" {
		t.Errorf("the other program was run, which says %q", got)
	}
}

// TestSecureConfigScript is about a script, of which it is the name that is run.
func TestSecureConfigScript(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plugin")
	c := config(t, "grpc")
	script := "#!/bin/sh\nexec '" + c.Cmd.Path + "'\n"
	write := func() {
		os.Remove(file)
		if err := os.WriteFile(file, []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write()
	c.Cmd.Path = file
	c.SecureConfig = &plugin.SecureConfig{Checksum: []byte("x"), Hash: swapHash{[]byte("x"), func() {}}}
	do(t, dispense(t, start(t, c)), "greet you")
	c.SecureConfig.Hash = swapHash{[]byte("x"), write}
	if _, err := plugin.NewClient(c).Start(); err == nil || !strings.HasPrefix(err.Error(), "the program was replaced") {
		t.Errorf("the error is %v", err)
	}
}

// A logged is what a plugin's log came to.
type logged struct {
	buffer
	hclog.Logger
}

func newLogged() *logged {
	l := new(logged)
	l.Logger = hclog.New(&hclog.LoggerOptions{Output: &l.buffer, Level: hclog.Trace, JSONFormat: true})
	return l
}

// TestLog is about the plugin's standard error.
func TestLog(t *testing.T) {
	l := newLogged()
	var raw buffer
	c := config(t, "grpc")
	c.Logger, c.Stderr = l.Logger, &raw
	client := start(t, c)
	d := dispense(t, client)
	do(t, d, "log a message")
	do(t, d, "stderr [WARN] watch out\nplain words\n")
	do(t, d, `stderr {"@message": 5, "@level": {}}`+"\n")
	do(t, d, `stderr {"@message":"odd","@level":"info","@timestamp":17}`+"\n")
	do(t, d, `stderr {"@message":"`+strings.Repeat("z", 200<<10)+`","@level":"warn"}`+"\n")
	do(t, d, "long 300000")
	do(t, d, "stderr the end")
	client.Kill()
	text := l.String()
	for _, want := range []string{
		`"@level":"warn","@message":"a message"`, `"key":"value"`, `"n":7`, `"@module":"inner"`, `"timestamp":"20`,
		`"@level":"warn","@message":"[WARN] watch out"`, `"@level":"debug","@message":"plain words"`,
		`"@level":"info","@message":"odd"`, `"@level":"warn","@message":"zzz`, `"@level":"debug","@message":"the end"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log is without %s", want)
		}
	}
	if n := strings.Count(text, "x"); n < 300000 {
		t.Errorf("of a line of 300000 bytes %d are in the log", n)
	}
	if got := raw.String(); !strings.Contains(got, "plain words\n") || !strings.HasSuffix(got, "the end\n") || strings.Count(got, "x") < 300000 {
		t.Errorf("Stderr got %d bytes", len(got))
	}
}

// TestPing is about #341.
func TestPing(t *testing.T) {
	client := start(t, config(t, "sick"))
	p, err := client.Client()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	watch, err := grpc_health_v1.NewHealthClient(p.(*plugin.GRPCClient).Conn).
		Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
	for health := (*grpc_health_v1.HealthCheckResponse)(nil); health.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING; {
		if err == nil {
			health, err = watch.Recv()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Ping(); err == nil || !strings.Contains(err.Error(), "NOT_SERVING") {
		t.Errorf("Ping says %v", err)
	}
}

// TestStartErrors holds what errors begin with, and what is in them.
func TestStartErrors(t *testing.T) {
	for _, v := range []struct{ says, begins string }{
		{"nonsense", "Unrecognized remote plugin message: nonsense\nThis usually means\n"},
		{"1|1|unix", "Unrecognized remote plugin message: 1|1|unix\nThis usually means\n"},
		{"2|1|unix|/x|grpc", "incompatible core API version with plugin. Plugin version: 2, Core version: 1\n\nTo fix this"},
		{"1|2|unix|/x|grpc", "incompatible API version with plugin. Plugin version: 2, Client versions: [1]"},
		{"1|x|tcp|/x|grpc", `Error parsing protocol version "x"`},
		{"x|1|tcp|/x|grpc", `error parsing core protocol version: "x" is not a number`},
		{"1|-1|tcp|/x|grpc", `Error parsing protocol version "-1"`},
		{"1|1|udp|/x|grpc", "unknown address type: /x\n"},
		{"1|1|unix|/x|spdy", `unsupported plugin protocol "spdy". Supported: [netrpc grpc]`},
	} {
		c := config(t, "says", v.says)
		c.StartTimeout = 300 * time.Millisecond
		if !strings.HasPrefix(v.begins, "Unrecognized") {
			c.StartTimeout = time.Minute
		}
		_, err := plugin.NewClient(c).Start()
		var told *host.StartError
		if err == nil || !strings.HasPrefix(err.Error(), v.begins) || !errors.As(err, &told) {
			t.Errorf("%s: the error is %v", v.says, err)
		}
	}
	_, err := plugin.NewClient(config(t, "ends")).Start()
	var told *host.StartError
	if err == nil || !strings.HasPrefix(err.Error(), "Unrecognized remote plugin message: \nFailed to read any lines from plugin's stdout\nThis usually means\n") ||
		!errors.As(err, &told) || told.Exit == nil || told.Exit.Code != 3 || !strings.Contains(err.Error(), "no licence") {
		t.Errorf("the error is %v", err)
	}
	c := config(t, "netrpc")
	c.AllowedProtocols = []plugin.Protocol{plugin.ProtocolGRPC}
	if _, err := plugin.NewClient(c).Start(); err == nil || !strings.HasPrefix(err.Error(), `unsupported plugin protocol "netrpc". Supported: [grpc]`) {
		t.Errorf("the error is %v", err)
	}
}

// TestStartStages holds the stage and the problem that are in errors whose text is
// go-plugin's.
func TestStartStages(t *testing.T) {
	bad := "1|1|unix|/x|grpc|" + strings.Repeat("AAAA", 20)
	for _, v := range []struct {
		says, begins string
		set          func(*plugin.ClientConfig)
		stage        host.Stage
		is           error
	}{
		{"1|2|unix|/x|grpc", "incompatible API version with plugin.", nil, host.StageVersion, nil},
		{"1|1|unix|/x|netrpc", "unsupported plugin protocol", func(c *plugin.ClientConfig) {
			c.AllowedProtocols = []plugin.Protocol{plugin.ProtocolGRPC}
		}, host.StageHandshake, nil},
		{"1|1|unix|/x|grpc", "client requested gRPC broker multiplexing", func(c *plugin.ClientConfig) {
			c.GRPCBrokerMultiplex = true
		}, host.StageConnect, &grpcplug.Error{Problem: grpcplug.NoMultiplex}},
		{bad, "error parsing server cert: x509: ", func(c *plugin.ClientConfig) {
			c.AutoMTLS = true
		}, host.StageConnect, &grpcplug.Error{Problem: grpcplug.BadCertificate}},
	} {
		c := config(t, "says", v.says)
		if v.set != nil {
			v.set(c)
		}
		_, err := plugin.NewClient(c).Start()
		var told *host.StartError
		if err == nil || !strings.HasPrefix(err.Error(), v.begins) || !errors.As(err, &told) || told.Stage != v.stage || v.is != nil && !errors.Is(err, v.is) {
			t.Errorf("%.40s: the error is %v", v.says, err)
		}
	}
}

// TestUnserved is about an id of the broker's that nobody serves.
func TestUnserved(t *testing.T) {
	for mux, begins := range map[bool]string{
		false: "timeout waiting for connection info\n",
		true:  "failed to knock before dialling client: timeout waiting for multiplexing knock handshake on id 99\n",
	} {
		t.Run(fmt.Sprint("mux ", mux), func(t *testing.T) {
			t.Parallel()
			c := config(t, "grpc")
			c.GRPCBrokerMultiplex = mux
			_, err := dispense(t, start(t, c)).(doerGRPC).b.Dial(99)
			if err == nil || !strings.HasPrefix(err.Error(), begins) || !errors.Is(err, &grpcplug.Error{Problem: grpcplug.UnknownID}) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestQuiet is about a program that says nothing at all.
func TestQuiet(t *testing.T) {
	c := config(t, "quiet")
	c.StartTimeout = 200 * time.Millisecond
	_, err := plugin.NewClient(c).Start()
	if err == nil || !strings.HasPrefix(err.Error(), "timeout while waiting for plugin to start") || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}

// TestChatty is about #199 and #308: what is printed before the handshake.
func TestChatty(t *testing.T) {
	client := start(t, config(t, "chatty"))
	do(t, dispense(t, client), "greet you")
}

// TestLongOutput is about #323: one long line on the standard output itself, and
// nobody read the rest.
func TestLongOutput(t *testing.T) {
	client := start(t, config(t, "grpc"))
	d := dispense(t, client)
	do(t, d, "stdout "+strings.Repeat("x", 300<<10))
	do(t, d, "greet you")
}

func TestConnectErrors(t *testing.T) {
	c := config(t, "says", "1|1|unix|"+filepath.Join(t.TempDir(), "nothing")+"|grpc")
	client := start(t, c)
	_, err := client.Client()
	var told *grpcplug.Error
	if !errors.As(err, &told) || told.Problem != grpcplug.NobodyThere {
		t.Errorf("the error is %v", err)
	}
}

func TestConfigErrors(t *testing.T) {
	r := &plugin.ReattachConfig{}
	for _, v := range []struct {
		c    plugin.ClientConfig
		want string
	}{
		{plugin.ClientConfig{}, "exactly one of Cmd, or Reattach, or RunnerFunc must be set"},
		{plugin.ClientConfig{Cmd: exec.Command("x"), Reattach: r}, "exactly one of Cmd, or Reattach, or RunnerFunc must be set"},
		{plugin.ClientConfig{Reattach: r, SecureConfig: &plugin.SecureConfig{}}, "only one of Reattach or SecureConfig can be set"},
		{plugin.ClientConfig{Reattach: r, GRPCBrokerMultiplex: true}, "gRPC broker multiplexing is not supported with Reattach config"},
		{plugin.ClientConfig{Reattach: r}, "reattachment process not found"},
		{plugin.ClientConfig{Cmd: exec.Command("no-such-program-here")}, `exec: "no-such-program-here": executable file not found in $PATH`},
	} {
		v.c.Logger = hclog.NewNullLogger()
		if _, err := plugin.NewClient(&v.c).Start(); err == nil || !strings.HasPrefix(err.Error(), v.want) {
			t.Errorf("the error is %v, not %s", err, v.want)
		}
	}
}

// TestByHand is about a plugin that nobody has started.
func TestByHand(t *testing.T) {
	out, err := tenontest.Command(t, "hand").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.HasPrefix(string(out), "This binary is a plugin. These are not meant to be executed directly.\n") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestPanic has a crash at the level of an error in the log, and how it ended.
func TestPanic(t *testing.T) {
	l := newLogged()
	c := config(t, "grpc")
	c.Logger = l.Logger
	client := start(t, c)
	if _, err := dispense(t, client).Do("panic at the disco"); err == nil {
		t.Error("the call has ended well")
	}
	client.Kill()
	if text := l.String(); !strings.Contains(text, `"@level":"error","@message":"panic: at the disco"`) || !strings.Contains(text, "exit status 2") {
		t.Errorf("the log is %s", text)
	}
}
