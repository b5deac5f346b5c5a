package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tenon-go/tenon/examples/terraform-schema/pb/tfplugin6"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/tenontest"
)

var update = flag.Bool("update", false, "write what is printed into the scripts, in place of comparing it")

func TestMain(m *testing.M) { tenontest.Main(m, nil) }

// programs builds this program and the providers into a directory that is kept,
// so that the next run finds them there, and returns it.
var programs = sync.OnceValues(func() (string, error) {
	bin, err := filepath.Abs("bin")
	if err != nil {
		return "", err
	}
	for _, command := range [][]string{
		{"go", "build", "-o", bin + "/terraform-schema", "."},
		{"go", "-C", "provider", "build", "-o", bin + "/terraform-provider-garden", "."},
		{"go", "install", "github.com/hashicorp/terraform-provider-time@v0.14.2"},
	} {
		cmd := exec.Command(command[0], command[1:]...)
		// The providers need other versions of what this module needs.
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOBIN="+bin)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%v: %w\n%s", command, err, out)
		}
	}
	return bin, nil
})

func build(t *testing.T) (bin string) {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// TestScripts runs the program as a user has it.
func TestScripts(t *testing.T) {
	bin := build(t)
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("BIN", bin)
			return os.WriteFile(filepath.Join(env.WorkDir, "foreign"), foreignProgram(), 0o755)
		},
		RequireExplicitExec: true,
	})
}

// foreignProgram returns the beginning of a program for a processor of mainframes.
func foreignProgram() []byte {
	const linux, executable, s390 = 3, 2, 22
	head := append([]byte("\x7fELF\x02\x02\x01"), linux)
	head = append(head, make([]byte, 8)...)
	head = binary.BigEndian.AppendUint16(head, executable)
	head = binary.BigEndian.AppendUint16(head, s390)
	return append(head, make([]byte, 100)...)
}

// provider runs the program in this process, with a variant of the test's own
// provider.
func provider(t *testing.T, out io.Writer, args ...string) error {
	args = append([]string{"--timeout", "1m"}, args...)
	for i, arg := range args {
		args[i] = strings.ReplaceAll(arg, "garden", filepath.Join(build(t), "terraform-provider-garden"))
	}
	return run(t.Context(), args, out, io.Discard)
}

// TestLeavesNothing looks for what providers leave behind: processes, and the
// sockets of those that did not get to remove them.
func TestLeavesNothing(t *testing.T) {
	build(t)
	for _, args := range [][]string{
		{"garden"}, {"garden", "mux"}, {"garden", "protocol5"}, {"garden", "future"}, {"garden", "crash"},
		{"garden", "exit"}, {"garden", "refuse"}, {"--timeout", "2s", "garden", "mute"},
	} {
		t.Run(args[len(args)-1], func(t *testing.T) {
			tenontest.CheckLeaks(t)
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			var out bytes.Buffer
			err := provider(t, &out, args...)
			if (err == nil) != (out.Len() > 0) {
				t.Errorf("printed %d bytes, and failed with: %v", out.Len(), err)
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestInterrupt has a provider that never answers, and a user who loses patience.
func TestInterrupt(t *testing.T) {
	bin := build(t)
	tenontest.CheckLeaks(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := host.Start(ctx, config(request{provider: []string{bin + "/terraform-provider-garden", "mute"}}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(ctx)
	client, err := open(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	err = new(answer).fill(ctx, client)
	if err := reason(ctx, p, err); !errors.Is(err, context.Canceled) {
		t.Errorf("failed with: %v", err)
	}
}

// TestCrash has a provider that panics: gRPC says that a socket was closed, which
// helps nobody.
func TestCrash(t *testing.T) {
	var exit *host.ExitError
	err := provider(t, io.Discard, "garden", "crash")
	if !errors.As(err, &exit) || !strings.Contains(exit.Exit.Panic, "the hedge is on fire") {
		t.Errorf("failed with: %v", err)
	}
}

// TestLarge has an answer that is larger than what gRPC, and Tenon, take by
// default.
func TestLarge(t *testing.T) {
	var out bytes.Buffer
	if err := provider(t, &out, "garden", "large"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "garden (protocol 6)\n") {
		t.Errorf("printed %.200s", out.String())
	}
}

// An early provider was built before resources had identities.
type early struct {
	tfplugin6.UnimplementedProviderServer
}

func (early) GetProviderSchema(context.Context, *tfplugin6.GetProviderSchema_Request) (*tfplugin6.GetProviderSchema_Response, error) {
	return &tfplugin6.GetProviderSchema_Response{Provider: &tfplugin6.Schema{Version: 4}}, nil
}

func TestEarly(t *testing.T) {
	p := tenontest.Serve(t, app, protocol6.Serve(early{}))
	client, err := open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{}
	if err := a.fill(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	s, err := read(a)
	if err != nil || s.Provider.Version != 4 || s.Identities != nil {
		t.Errorf("it has %+v, %v", s, err)
	}
}
