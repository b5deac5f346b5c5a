package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tenon": main})
}

// TestScripts runs the command as its users do. $TENON is this repository, which
// the modules of the scripts use.
func TestScripts(t *testing.T) {
	tenon := goOutput(t, "list", "-m", "-f", "{{.Dir}}", "github.com/tenon-go/tenon")
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TENON", tenon)
			env.Setenv("GOWORK", "off")
			env.Setenv("GOTOOLCHAIN", "local")
			env.Setenv("GOPATH", filepath.Join(env.WorkDir, ".gopath"))
			env.Setenv("HOME", filepath.Join(env.WorkDir, ".home"))
			for _, name := range []string{"GOCACHE", "GOFLAGS", "GOMODCACHE", "GONOSUMDB", "GOPROXY", "GOSUMDB"} {
				env.Setenv(name, goOutput(t, "env", name))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"gomod": gomod},
	})
}

func goOutput(t testing.TB, args ...string) string {
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

// gomod writes the go.mod of a module that uses this repository:
//
//	gomod example.com/kv [dir]
func gomod(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: gomod path [dir]")
	}
	dir := "."
	if len(args) == 2 {
		dir = args[1]
	}
	text := fmt.Sprintf("module %s\n\ngo 1.25.0\n\nrequire github.com/tenon-go/tenon v0.0.0\n\nreplace github.com/tenon-go/tenon => %s\n", args[0], ts.Getenv("TENON"))
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(dir), "go.mod"), []byte(text), 0o666))
}
