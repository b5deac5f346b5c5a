package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestPrograms runs the scripts in testdata with the programs as a user has them:
// three files in one directory.
func TestPrograms(t *testing.T) {
	bin := t.TempDir()
	for name, dir := range map[string]string{"kv": ".", "kv-memory": "../memory", "kv-disk": "../disk"} {
		build := exec.Command("go", "build", "-o", filepath.Join(bin, name), ".")
		build.Dir = dir // the disk plugin is a module of its own
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			return nil
		},
		RequireExplicitExec: true,
	})
}
