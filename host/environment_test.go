package host_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/tenontest"
)

func context0() (context.Context, context.CancelFunc) {
	return context.WithCancel(context.Background())
}

func gone(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	_, state, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(state, "Z")
}

func killPid(pid string) {
	n, _ := strconv.Atoi(pid)
	syscall.Kill(n, syscall.SIGKILL)
}

func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET_TOKEN", "hush")
	t.Setenv("LANG", "de_DE.UTF-8")
	t.Setenv("LC_TIME", "fr_FR.UTF-8")
	t.Setenv("HTTPS_PROXY", "http://proxy")
	t.Run("allow-list", func(t *testing.T) {
		cmd := command(t, "tool")
		cmd.Env = append(cmd.Env, "LANG=C", "MINE=1", "MINE=2")
		p := start(t, host.Config{Cmd: cmd})
		env := strings.Split(mustDo(t, p, "environ"), "\n")
		has(t, env, "LANG=C", "LC_TIME=fr_FR.UTF-8", "MINE=2", "PATH="+os.Getenv("PATH"))
		hasNot(t, env, "SECRET_TOKEN", "HTTPS_PROXY", "LANG=de_DE.UTF-8", "MINE=1")
	})
	t.Run("inherit", func(t *testing.T) {
		t.Setenv("TENON_PLUGIN", "9:99")
		t.Setenv("PLUGIN_MIN_PORT", "10000")
		cmd := command(t, "tool")
		cmd.Env = append(cmd.Env, "LANG=C")
		p := start(t, host.Config{Cmd: cmd, InheritEnv: true})
		env := strings.Split(mustDo(t, p, "environ"), "\n")
		has(t, env, "LANG=C", "SECRET_TOKEN=hush", "HTTPS_PROXY=http://proxy")
		hasNot(t, env, "PLUGIN_MIN_PORT")
	})
	t.Run("offer", func(t *testing.T) {
		cmd := tenontest.Command(t, "othercookie")
		p := start(t, host.Config{App: tenon.App{Name: "test", Cookie: "TEST_COOKIE=b"}, Cmd: cmd})
		for _, verb := range []string{"environ", "childenviron"} {
			env := strings.Split(mustDo(t, p, verb), "\n")
			hasNot(t, env, append(handshake.Variables(), "TEST_COOKIE", tenontest.PluginVar)...)
		}
	})
	t.Run("caller's command is not written to", func(t *testing.T) {
		cmd := command(t, "tool")
		before := slices.Clone(cmd.Env)
		tool := start(t, host.Config{Cmd: cmd})
		mustDo(t, tool, "echo x")
		if !slices.Equal(before, cmd.Env) || cmd.Process != nil || cmd.Stdin != nil || cmd.ExtraFiles != nil {
			t.Errorf("%+v", cmd)
		}
		mustDo(t, start(t, host.Config{Cmd: cmd}), "echo it can be used again")
	})
}

func has(t *testing.T, env []string, entries ...string) {
	t.Helper()
	for _, e := range entries {
		if !slices.Contains(env, e) {
			t.Errorf("%s is missing", e)
		}
	}
}

func hasNot(t *testing.T, env []string, names ...string) {
	t.Helper()
	for _, e := range env {
		for _, name := range names {
			if e == name || strings.HasPrefix(e, name+"=") {
				t.Errorf("%s is there", e)
			}
		}
	}
}

func TestWorkingDirectoryAndArguments(t *testing.T) {
	cmd := command(t, "tool")
	cmd.Dir = t.TempDir()
	cmd.Args = append(cmd.Args, "one", "two")
	p := start(t, host.Config{Cmd: cmd})
	if got := mustDo(t, p, "cwd"); got != cmd.Dir {
		t.Error(got)
	}
	if got := mustDo(t, p, "args"); got != "one two" {
		t.Error(got)
	}
}

func TestExtraFiles(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := command(t, "tool")
	cmd.ExtraFiles = []*os.File{w}
	p := start(t, host.Config{Cmd: cmd})
	w.Close()
	mustDo(t, p, "write through")
	stop(t, p, time.Minute)
	if got, err := io.ReadAll(r); string(got) != "through" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestStdin(t *testing.T) {
	t.Run("reader", func(t *testing.T) {
		cmd := command(t, "tool")
		text := strings.Repeat("0123456789", 100_000)
		cmd.Stdin = strings.NewReader(text)
		if got := mustDo(t, start(t, host.Config{Cmd: cmd}), "stdin"); got != text {
			t.Errorf("%d bytes", len(got))
		}
	})
	t.Run("file", func(t *testing.T) {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd := command(t, "tool")
		cmd.Stdin = f
		p := start(t, host.Config{Cmd: cmd})
		if got := mustDo(t, p, "fdlink 0"); got != os.DevNull {
			t.Error(got)
		}
		if got := mustDo(t, p, "stdin"); got != "" {
			t.Errorf("%q", got)
		}
	})
	t.Run("the host's own", func(t *testing.T) {
		want, err := os.Readlink("/proc/self/fd/0")
		if err != nil {
			t.Skip(err)
		}
		if got := mustDo(t, tool(t), "fdlink 0"); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	})
	t.Run("reader that blocks", func(t *testing.T) {
		r, w := io.Pipe()
		defer w.Close()
		cmd := command(t, "tool")
		cmd.Stdin = r
		p := start(t, host.Config{Cmd: cmd})
		began := time.Now()
		if err := stop(t, p, time.Minute); err != nil || time.Since(began) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
	t.Run("endless reader", func(t *testing.T) {
		tenontest.CheckLeaks(t)
		cmd := command(t, "tool")
		cmd.Stdin = endless{}
		p := start(t, host.Config{Cmd: cmd})
		if err := stop(t, p, time.Minute); err != nil {
			t.Error(err)
		}
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A plugin that is a host itself.
func TestNested(t *testing.T) {
	if got := mustDo(t, tool(t), "nested echo from the depth"); got != "from the depth" {
		t.Error(got)
	}
	if got := mustDo(t, tool(t), "nested nested echo deeper"); got != "deeper" {
		t.Error(got)
	}
}

// ---- the conversation, in a process and without one

func both(t *testing.T, name string, cfg host.Config, check func(*testing.T, *host.Plugin)) {
	t.Run("process", func(t *testing.T) {
		cfg := cfg
		cfg.Cmd = command(t, name)
		check(t, start(t, cfg))
	})
	t.Run("in process", func(t *testing.T) {
		cfg := cfg
		cfg.InProcess = guestOf(name)
		check(t, start(t, cfg))
	})
}

func TestHostService(t *testing.T) {
	cfg := host.Config{App: tenon.App{Name: "test"}, Services: []tenon.Service{noteService}}
	both(t, "named", cfg, func(t *testing.T, p *host.Plugin) {
		if got := mustDo(t, p, "host hello"); got != "noted: hello" {
			t.Error(got)
		}
	})
	t.Run("not offered", func(t *testing.T) {
		_, err := do(tool(t), "host hello")
		var e *tenon.Error
		if !errors.As(err, &e) || e.Code != tenon.Unimplemented {
			t.Error(err)
		}
	})
}

// A plugin may call as soon as it is connected.
func TestHostServiceByVersion(t *testing.T) {
	for _, offered := range []int{1, 2} {
		_, err := do(start(t, host.Config{Cmd: command(t, "tool"), Services: []tenon.Service{noteService.In(offered)}}), "host x")
		if (err == nil) != (offered == 1) {
			t.Errorf("version %d: %v", offered, err)
		}
	}
}

func TestMetadata(t *testing.T) {
	both(t, "named", host.Config{}, func(t *testing.T, p *host.Plugin) {
		ctx := tenon.WithMetadata(t.Context(), tenon.Metadata{"traceparent": {"00-1-2-3"}})
		if got, err := doContext(ctx, p, "meta traceparent"); got != "00-1-2-3" {
			t.Error(got, err)
		}
	})
}

func TestCancelAndDeadline(t *testing.T) {
	both(t, "named", host.Config{}, func(t *testing.T, p *host.Plugin) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := doContext(ctx, p, "wait 1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		go func() {
			do(p, "await wait 2")
			cancel()
		}()
		if _, err := doContext(ctx, p, "wait 2"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestVersions(t *testing.T) {
	old := &tenon.Contract{Name: "test.Old", Methods: []tenon.Method{{Name: "Do"}}}
	for _, c := range []struct {
		name   string
		app    tenon.App
		used   int
		has    *tenon.Contract
		hasNot *tenon.Contract
	}{
		{"highest common", tenon.App{Name: "test", Version: 3, Versions: []int{1, 2}}, 2, toolContract, old},
		{"old host", tenon.App{Name: "test"}, 1, old, toolContract},
	} {
		t.Run(c.name, func(t *testing.T) {
			both(t, "versions", host.Config{App: c.app}, func(t *testing.T, p *host.Plugin) {
				if got := p.Info().Version; got != c.used {
					t.Errorf("version %d", got)
				}
				ref, err := c.has.Bind(p)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := ask(t.Context(), ref, 0, "echo x"); got != "x" {
					t.Error(got, err)
				}
				_, err = c.hasNot.Bind(p)
				if tenon.CodeOf(err) != tenon.Unimplemented {
					t.Error(err)
				}
			})
		})
	}
}

func TestOffers(t *testing.T) {
	for name, want := range map[string][]string{"named": {"Do", "Extra"}, "without": {"Do"}} {
		t.Run(name, func(t *testing.T) {
			both(t, name, host.Config{}, func(t *testing.T, p *host.Plugin) {
				if got, ok := p.Offers("test.Tool"); !ok || !slices.Equal(got, want) {
					t.Error(got, ok)
				}
				if _, ok := p.Offers("test.Nothing"); ok {
					t.Error("offers what it has not")
				}
				ref, err := toolContract.Bind(p)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := ask(t.Context(), ref, 1, "echo x"); (err == nil) != (len(want) == 2) {
					t.Error(err)
				}
			})
		})
	}
}

func TestInfo(t *testing.T) {
	p := start(t, host.Config{Name: "mine", Cmd: command(t, "named")})
	i := p.Info()
	if i.Name != "mine" || i.Reported != "tool" || i.Release != "1.2.3" || i.Version != 1 || i.Protocol != "tenon" || i.Library != tenon.Library || strconv.Itoa(i.PID) != mustDo(t, p, "pid") {
		t.Errorf("%+v", i)
	}
	if err := p.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	freeze(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	p.Kill()
}

func TestInit(t *testing.T) {
	cmd := tenontest.Command(t, "initlog")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p := start(t, host.Config{Cmd: cmd})
	mustDo(t, p, "print served")
	stop(t, p, time.Minute)
	if out.String() != "init\nserved\n" {
		t.Errorf("%q", out.String())
	}
}
