package apitest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPairs has a host and a plugin that are built with the real go-plugin, and the
// same two built with the shim in its place, run each other.
func TestPairs(t *testing.T) {
	dir := t.TempDir()
	programs := map[string]string{
		"go-plugin": build(t, dir, "go-plugin"),
		"shim":      build(t, dir, "shim", "-modfile="+shimmed(t, dir), "-mod=mod"),
	}
	for _, options := range []string{"netrpc", "netrpc mtls", "grpc", "grpc mtls", "grpc mux", "grpc mtls mux"} {
		for _, host := range []string{"go-plugin", "shim"} {
			for _, plugin := range []string{"go-plugin", "shim"} {
				t.Run(options+"/"+host+" runs "+plugin, func(t *testing.T) {
					got := run(t, programs[host], append([]string{"host", programs[plugin]}, strings.Fields(options)...)...)
					if host == "go-plugin" {
						// Over net/rpc it often takes a plugin that has left for one that failed to.
						got = strings.Replace(got, "forced true", "forced false", 1)
					}
					if want := outcome(strings.Fields(options)[0]); got != want {
						t.Errorf("it says\n%s\nand not\n%s", got, want)
					}
				})
			}
		}
	}
}

func outcome(protocol string) string {
	return `version 3 protocol ` + protocol + ` ping <nil>
answer 13 plugin: hello
answer 1048584 plugin: xxxxxxxxxxxx
the plugin calls: host: from the plugin
the plugin calls: host: from the plugin
error true
stdout "out\n" stderr "err\n"
exited true
forced false
`
}

func build(t *testing.T, dir, name string, flags ...string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	args := append(append([]string{"build", "-o", file}, flags...), "./pair")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return file
}

// shimmed returns a go.mod of this module with the replace line, and others for
// what is in this repository.
func shimmed(t *testing.T, dir string) string {
	t.Helper()
	mod := filepath.Join(dir, "shim.mod")
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mod, text, 0o600); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "shim.sum"), sums, 0o600); err != nil {
		t.Fatal(err)
	}
	edit := exec.Command("go", "mod", "edit", "-replace=github.com/hashicorp/go-plugin=../shim", mod)
	if out, err := edit.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return mod
}

func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	return string(out)
}
