package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

// A bad start, and what a user must be told about it.
type bad struct {
	name   string
	cmd    func(t *testing.T) *exec.Cmd
	change func(*host.Config)
	stage  host.Stage
	says   []string // what the text has, besides name, file and stage
	exited bool     // how the process ended is part of it
}

// file makes a program of the given content.
func file(mode os.FileMode, content string) func(*testing.T) *exec.Cmd {
	return func(t *testing.T) *exec.Cmd {
		path := filepath.Join(t.TempDir(), "kv-disk")
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return exec.Command(path)
	}
}

func stranger(name string) func(*testing.T) *exec.Cmd {
	return func(t *testing.T) *exec.Cmd { return command(t, name) }
}

// elf is the header of a program for the given machine.
func elf(machine byte) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + string([]byte{machine, 0}) + "\x01" + strings.Repeat("\x00", 43)
}

var badStarts = []bad{
	{name: "missing file", cmd: path("/nonexistent/kv-disk"), stage: host.StageStart, says: []string{"does not exist", "try:"}},
	{name: "missing in PATH", cmd: path("no-such-kv-disk"), stage: host.StageFind, says: []string{"not found", "try:"}},
	{name: "empty command", cmd: path(""), stage: host.StageConfig, says: []string{"names no program"}},
	{name: "directory", cmd: directory, stage: host.StageStart, says: []string{"is a directory", "try:"}},
	{name: "no run bit", cmd: file(0o644, "#!/bin/sh\n"), stage: host.StageStart, says: []string{"no permission", "chmod +x"}},
	{name: "other architecture", cmd: file(0o755, elf(183)), stage: host.StageStart, says: []string{"arm64", "amd64", "try:"}},
	{name: "no interpreter", cmd: file(0o755, "#!/opt/python9/bin/python\n"), stage: host.StageStart, says: []string{"/opt/python9/bin/python", "does not exist", "install it"}},
	{name: "text file", cmd: file(0o755, "Dear Sir or Madam,\n"), stage: host.StageStart, says: []string{"text"}},
	{name: "empty file", cmd: file(0o755, ""), stage: host.StageStart, says: []string{"empty"}},
	{name: "working directory", cmd: func(t *testing.T) *exec.Cmd {
		cmd := command(t, "tool")
		cmd.Dir = "/nonexistent"
		return cmd
	}, stage: host.StageStart, says: []string{"/nonexistent", "does not exist"}},
	{name: "not a plugin", cmd: func(*testing.T) *exec.Cmd { return exec.Command("/bin/ls", "/proc/self/status") }, stage: host.StageHandshake, says: []string{"ended before it said hello", "exit status 0", "/proc/self/status", "plugin.Main"}, exited: true},

	{name: "exits at once", cmd: stranger("quits"), stage: host.StageHandshake, says: []string{"ended before it said hello", "exit status 3", "cannot open database: /var/lib/kv", "reading config.toml"}, exited: true},
	{name: "exits well", cmd: stranger("quitswell"), stage: host.StageHandshake, says: []string{"ended before it said hello", "exit status 0", "plugin.Main"}, exited: true},
	{name: "panics", cmd: stranger("panics"), stage: host.StageHandshake, says: []string{"exit status 2", "panic:", "no configuration"}, exited: true},
	{name: "killed", cmd: stranger("killed"), stage: host.StageHandshake, says: []string{"SIGKILL"}, exited: true},
	{name: "run by hand", cmd: stranger("byhand"), stage: host.StageHandshake, says: []string{"exit status 1", "is a plugin for test"}, exited: true},
	{name: "garbage on stdout", cmd: stranger("garbage"), stage: host.StageHandshake, says: []string{"did not say hello within", "usage: tool", `\x00`, "StartTimeout"}},
	{name: "prints nothing", cmd: stranger("silent"), stage: host.StageHandshake, says: []string{"did not say hello within", "StartTimeout"}},
	{name: "closes its descriptors", cmd: stranger("closes"), stage: host.StageHandshake, says: []string{"closed its connection", "descriptor 3"}},
	{name: "random bytes", cmd: stranger("random"), stage: host.StageHandshake, says: []string{"does not speak Tenon's protocol", "descriptor 3"}},
	{name: "random bytes, then dies", cmd: stranger("randomdies"), stage: host.StageHandshake, says: []string{"does not speak Tenon's protocol"}},
	{name: "log text", cmd: stranger("logtext"), stage: host.StageHandshake, says: []string{"log text", "listening on :8080", "descriptor 3"}},
	{name: "go-plugin, gRPC", cmd: stranger("grpcline"), stage: host.StageHandshake, says: []string{"go-plugin", "grpc", "grpcplug"}},
	{name: "go-plugin, net/rpc", cmd: stranger("netrpcline"), stage: host.StageHandshake, says: []string{"go-plugin", "netrpc", "compat/goplugin", "some log line first"}},
	{name: "hello of 4 GiB", cmd: stranger("hugehello"), stage: host.StageHandshake, says: []string{"4294967295", "1048576"}},
	{name: "half a preface, then nothing", cmd: stranger("half"), stage: host.StageHandshake, says: []string{"did not say hello within"}},
	{name: "half a hello, then nothing", cmd: stranger("halfhangs"), stage: host.StageHandshake, says: []string{"did not say hello within"}},
	{name: "half a hello, then dies", cmd: stranger("halfdies"), stage: host.StageHandshake, says: []string{"in the middle of its hello", "exit status 0"}, exited: true},
	{name: "malformed hello", cmd: stranger("malformed"), stage: host.StageHandshake, says: []string{"the answer is malformed"}},
	{name: "later generation", cmd: stranger("future"), stage: host.StageHandshake, says: []string{"generation 9", "rebuild this program"}},
	{name: "version not offered", cmd: stranger("uninvited"), stage: host.StageVersion, says: []string{"7 was not offered"}},

	{name: "another app", cmd: stranger("otherapp"), stage: host.StageVersion, says: []string{`app "other"`, `app "test"`, "try:"}},
	{name: "another cookie", cmd: stranger("othercookie"), change: func(c *host.Config) { c.App.Cookie = "TEST_COOKIE=a" }, stage: host.StageVersion, says: []string{"cookies differ"}},
	{name: "only newer versions", cmd: stranger("newer"), change: func(c *host.Config) { c.App.Version = 2; c.App.Versions = []int{1} }, stage: host.StageVersion, says: []string{"the host speaks 1 and 2", "3 and 4", "upgrade the host"}},
	{name: "only older versions", cmd: stranger("older"), change: func(c *host.Config) { c.App.Version = 3; c.App.Versions = []int{2} }, stage: host.StageVersion, says: []string{"the host speaks 2 and 3", "the plugin 1", "upgrade the plugin"}},
	{name: "initialisation", cmd: stranger("initfails"), stage: host.StageInit, says: []string{"failed to initialise", "cannot lock /var/lib/kv: held by pid 4711"}},
	{name: "plugin's services twice", cmd: stranger("twice"), stage: host.StageInit, says: []string{`"test.Tool" is there twice`}},
	{name: "plugin's limits", cmd: stranger("nolimits"), stage: host.StageInit, says: []string{"Message is 1"}},
	{name: "plugin without a name", cmd: stranger("nameless"), stage: host.StageInit, says: []string{"tenon.App.Name is empty"}},
	{name: "plugin with an empty service", cmd: stranger("emptyserv"), stage: host.StageInit, says: []string{"plugin.Config.Services[1] is empty"}},

	{name: "no command", cmd: none, stage: host.StageConfig, says: []string{"neither Cmd nor InProcess"}},
	{name: "both", cmd: stranger("tool"), change: func(c *host.Config) { c.InProcess = plugin.InProcess(toolConfig()) }, stage: host.StageConfig, says: []string{"both Cmd and InProcess"}},
	{name: "no app", cmd: stranger("tool"), change: func(c *host.Config) { c.App = tenon.App{} }, stage: host.StageConfig, says: []string{"tenon.App.Name is empty"}},
	{name: "cookie without a value", cmd: stranger("tool"), change: func(c *host.Config) { c.App.Cookie = "X" }, stage: host.StageConfig, says: []string{"KEY=VALUE"}},
	{name: "negative version", cmd: stranger("tool"), change: func(c *host.Config) { c.App.Version = -1 }, stage: host.StageConfig, says: []string{"versions start at 1"}},
	{name: "empty service", cmd: stranger("tool"), change: func(c *host.Config) { c.Services = []tenon.Service{{}} }, stage: host.StageConfig, says: []string{"Services[0] is empty"}},
	{name: "service twice", cmd: stranger("tool"), change: func(c *host.Config) { c.Services = []tenon.Service{noteService, noteService} }, stage: host.StageConfig, says: []string{"test.Note", "twice"}},
	{name: "limits", cmd: stranger("tool"), change: func(c *host.Config) { c.Limits.Message = 5 }, stage: host.StageConfig, says: []string{"Message is 5", "at least"}},
}

func path(p string) func(*testing.T) *exec.Cmd {
	return func(*testing.T) *exec.Cmd { return exec.Command(p) }
}

func directory(t *testing.T) *exec.Cmd { return exec.Command(t.TempDir()) }

func none(*testing.T) *exec.Cmd { return nil }

func TestBadStarts(t *testing.T) {
	for _, b := range badStarts {
		t.Run(b.name, b.check)
	}
}

// startTimeout is what the bad ones get, and is over in time for a test.
const startTimeout = 300 * time.Millisecond

func (b bad) check(t *testing.T) {
	tenontest.CheckLeaks(t)
	cfg := host.Config{App: app, Name: "kv-disk", Cmd: b.cmd(t), Logger: discard}
	if strings.Contains(b.says[0], "within") {
		cfg.StartTimeout = startTimeout
	}
	if cfg.Cmd != nil && cfg.Cmd.Stderr == nil {
		var quiet buffer
		cfg.Cmd.Stdout, cfg.Cmd.Stderr = &quiet, &quiet
	}
	if b.change != nil {
		b.change(&cfg)
	}
	began := time.Now()
	p, err := host.Start(t.Context(), cfg)
	took := time.Since(began)
	var e *host.StartError
	if p != nil || !errors.As(err, &e) {
		t.Fatalf("got %v, %v", p, err)
	}
	t.Logf("after %v:\n%v", took.Round(time.Millisecond), err)
	b.compare(t, e, cfg)
	if took > 10*time.Second { // most take milliseconds; the machine may be busy
		t.Errorf("it took %v", took)
	}
}

func (b bad) compare(t *testing.T, e *host.StartError, cfg host.Config) {
	if e.Name != "kv-disk" || e.Stage != b.stage || e.Err == nil {
		t.Errorf("name %q, stage %q, cause %v", e.Name, e.Stage, e.Err)
	}
	if cfg.Cmd != nil && e.Path != cfg.Cmd.Path {
		t.Errorf("file %q", e.Path)
	}
	if (e.Exit != nil) != b.exited && e.Stage == host.StageHandshake && b.name != "random bytes, then dies" {
		t.Errorf("exit %v", e.Exit)
	}
	text := e.Error()
	for _, part := range append(b.says, "kv-disk", string(b.stage), e.Path) {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing", part)
		}
	}
	if e.Hint != "" && strings.Count(text, e.Hint) != 1 {
		t.Errorf("the hint is there %d times", strings.Count(text, e.Hint))
	}
}

func TestStartCanceled(t *testing.T) {
	tenontest.CheckLeaks(t)
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := host.Start(ctx, host.Config{App: app, Cmd: command(t, "silent"), Logger: discard})
		checkContext(t, err, context.Canceled, "had ended before")
	})
	t.Run("meanwhile", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cmd := command(t, "garbage")
		cmd.Stdout = writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
		_, err := host.Start(ctx, host.Config{App: app, Cmd: cmd, Logger: discard})
		checkContext(t, err, context.Canceled, "before the caller's context ended")
	})
	t.Run("deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := host.Start(ctx, host.Config{App: app, Cmd: command(t, "silent"), Logger: discard})
		checkContext(t, err, context.DeadlineExceeded, "before the caller's context ended")
	})
	t.Run("cause", func(t *testing.T) {
		why := errors.New("the user has changed her mind")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		_, err := host.Start(ctx, host.Config{App: app, Cmd: command(t, "silent"), Logger: discard})
		checkContext(t, err, why, why.Error())
	})
	t.Run("timeout", func(t *testing.T) {
		_, err := host.Start(t.Context(), host.Config{App: app, Cmd: command(t, "silent"), Logger: discard, StartTimeout: 50 * time.Millisecond})
		checkContext(t, err, context.DeadlineExceeded, "within 50ms")
	})
}

func checkContext(t *testing.T, err, cause error, says string) {
	t.Helper()
	t.Log(err)
	var e *host.StartError
	if !errors.As(err, &e) || !errors.Is(err, cause) || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want %v and %q", err, cause, says)
	}
}

// A writer that hangs must not hold the error back for long.
func TestStartErrorDespiteWriter(t *testing.T) {
	block := make(chan struct{})
	defer close(block)
	cmd := command(t, "quits")
	cmd.Stderr = writerFunc(func(p []byte) (int, error) { <-block; return len(p), nil })
	began := time.Now()
	_, err := host.Start(t.Context(), host.Config{App: app, Cmd: cmd, Logger: discard})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if err == nil || !strings.Contains(err.Error(), "cannot open database") {
		t.Error(err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// In the host's own process nothing is started, but the rest is the same.
func TestBadStartInProcess(t *testing.T) {
	tenontest.CheckLeaks(t)
	for _, c := range []struct {
		name   string
		change func(*plugin.Config)
		stage  host.Stage
		says   string
	}{
		{"another app", func(c *plugin.Config) { c.App.Name = "other" }, host.StageVersion, `app "other"`},
		{"version", func(c *plugin.Config) { c.App.Version = 4 }, host.StageVersion, "no common version"},
		{"init", func(c *plugin.Config) { c.Init = func(context.Context) error { return errors.New("no disk") } }, host.StageInit, "no disk"},
		{"no name", func(c *plugin.Config) { c.App.Name = "" }, host.StageInit, "tenon.App.Name is empty"},
		{"hang", func(c *plugin.Config) {
			c.Init = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		}, host.StageHandshake, "within 300ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := toolConfig()
			c.change(&cfg)
			_, err := host.Start(t.Context(), host.Config{App: app, InProcess: plugin.InProcess(cfg), Logger: discard, StartTimeout: startTimeout})
			t.Log(err)
			var e *host.StartError
			if !errors.As(err, &e) || e.Stage != c.stage || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
