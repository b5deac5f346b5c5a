package realworld

import (
	"debug/buildinfo"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tenon-go/tenon/tenontest"
)

func TestMain(m *testing.M) { tenontest.Main(m, nil) }

// A program is built from the module in the directory of its name: from its own
// main package, or, where the module has none, from the one that is its tool.
type program string

// A library is what a program has for go-plugin.
type library string

const (
	original library = "go-plugin"
	shim     library = "shim"
)

var libraries = []library{original, shim}

// replacements are relative to a program's directory. A replacement's own replace
// lines do not count, so that these are more than the one that a user needs.
var replacements = []string{
	"github.com/hashicorp/go-plugin=../../shim",
	"github.com/tenon-go/tenon=../../..",
	"github.com/tenon-go/tenon/grpcplug=../../../grpcplug",
	"github.com/tenon-go/tenon/compat/goplugin=../../goplugin",
}

var update = flag.Bool("update", false, "write each program's shim.mod anew")

var built sync.Map // of func() (string, error), by file

// build returns the file of the program. The files are kept: go build sees what is
// new.
func build(t *testing.T, p program, l library) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("bin", string(l), string(p)))
	if err != nil {
		t.Fatal(err)
	}
	once, _ := built.LoadOrStore(file, sync.OnceValue(func() error { return compile(p, l, file) }))
	if err := once.(func() error)(); err != nil {
		t.Fatal(err)
	}
	return file
}

func compile(p program, l library, file string) error {
	main := "tool"
	if _, err := os.Stat(filepath.Join(string(p), "main.go")); err == nil {
		main = "."
	}
	args := []string{"build", "-o", file}
	if l == shim {
		if *update {
			if err := replace(p, main); err != nil {
				return err
			}
		}
		args = append(args, "-modfile=shim.mod")
	}
	if err := goCommand(p, append(args, main)...); err != nil {
		return err
	}
	return check(file, l)
}

// replace writes shim.mod and shim.sum: what a user has after one line in go.mod.
func replace(p program, main string) error {
	if err := copyFile(p, "shim.mod", "go.mod"); err != nil {
		return err
	}
	edit := []string{"mod", "edit"}
	for _, r := range replacements {
		edit = append(edit, "-replace="+r)
	}
	if err := goCommand(p, append(edit, "shim.mod")...); err != nil {
		return err
	}
	// The first time go.mod is completed, for which modules are read, and summed up,
	// that are not needed from then on.
	for range 2 {
		if err := copyFile(p, "shim.sum", "go.sum"); err != nil {
			return err
		}
		if err := goCommand(p, "build", "-o", os.DevNull, "-mod=mod", "-modfile=shim.mod", main); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(p program, to, from string) error {
	text, err := os.ReadFile(filepath.Join(string(p), from))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(string(p), to), text, 0o644)
}

func goCommand(p program, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = string(p)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("in %s, go %s: %w\n%s", p, strings.Join(args, " "), err, out)
	}
	return nil
}

// check holds that the program has the library: a test with four times the same
// would be worth nothing.
func check(file string, l library) error {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return err
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/hashicorp/go-plugin" {
			if (m.Replace != nil) != (l == shim) {
				return fmt.Errorf("%s is built with %s %v", file, m.Path, m.Replace)
			}
			return nil
		}
	}
	return fmt.Errorf("%s is built without go-plugin", file)
}
