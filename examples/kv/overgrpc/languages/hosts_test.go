//go:build unix

package languages

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// printed is what the host in Python prints of a store, whatever it is written in.
const printed = `health: SERVING
get: hello
list: greeting 5 2031-05-17T12:00:00Z
error: get "nope": key not found ['kv.KeyError', 'kv.ErrNotFound']
event: OP_WATCH
event: OP_PUT w/a
event: OP_DELETE w/a
the plugin ended with 0
`

func TestPythonHost(t *testing.T) {
	python.ready(t)
	memory := build(t, "../memory")
	for name, flags := range map[string][]string{"plain": nil, "AutoMTLS": {"--mtls"}} {
		t.Run(name+"/Go", func(t *testing.T) { testPythonHost(t, flags, exec.Command(memory)) })
		for _, l := range languages {
			t.Run(name+"/"+l.name, func(t *testing.T) {
				l.ready(t)
				testPythonHost(t, flags, l.command(t, l.start...))
			})
		}
	}
	t.Run("NoPlugin", func(t *testing.T) {
		out, errs, err := runPythonHost(t, nil, exec.Command(os.Args[0], "-test.run=^$"))
		if err == nil || !strings.Contains(errs, "ended before it said where it is") {
			t.Errorf("%v\n%s\n%s", err, out, errs)
		}
	})
}

func testPythonHost(t *testing.T, flags []string, plugin *exec.Cmd) {
	out, errs, err := runPythonHost(t, flags, plugin)
	if err != nil || out != printed {
		t.Errorf("%v\nit printed:\n%s\nand not:\n%s\nstderr:\n%s", err, out, printed, errs)
	}
}

// runPythonHost runs the host, in the plugin's directory.
func runPythonHost(t *testing.T, flags []string, plugin *exec.Cmd) (out, errs string, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	program := python.command(t, ".venv/bin/python")
	args := append([]string{filepath.Join(program.Dir, "host.py")}, flags...)
	args = append(append(args, plugin.Path), plugin.Args[1:]...)
	cmd := exec.CommandContext(ctx, program.Path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = plugin.Dir, &stdout, &stderr
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

// build builds the program of a package, and returns its path.
func build(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(dir))
	if out, err := exec.Command("go", "build", "-o", path, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}
