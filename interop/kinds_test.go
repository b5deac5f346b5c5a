package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tenon-go/tenon/tenontest"
)

// A kind is a library that hosts and plugins are made with.
type kind struct {
	name    string
	version string // of go-plugin; empty: Tenon
	muxes   bool   // it can multiplex its broker
}

var (
	ours   = kind{name: "Tenon", muxes: true}
	theirs = []kind{
		{"go-plugin", "v1.4.0", false},
		{"go-plugin", "v1.5.2", false},
		{"go-plugin", "v1.6.3", true},
		{"go-plugin", "v1.7.0", true},
		{"go-plugin", "v1.8.0", true},
	}
	newest = theirs[len(theirs)-1]
)

func (k kind) String() string {
	if k.version == "" {
		return k.name
	}
	return k.name + " " + k.version
}

// builds are the programs of go-plugin, each made when it is first needed.
var builds = func() map[kind]func() (string, error) {
	all := map[kind]func() (string, error){}
	for _, k := range theirs {
		all[k] = sync.OnceValues(k.build)
	}
	return all
}()

// build makes the program ./goplugin with the version of k, and with what that
// version asks for of gRPC and all else, not what this module does.
func (k kind) build() (string, error) {
	path, err := filepath.Abs(filepath.Join("bin", "goplugin-"+k.version))
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-mod=readonly", "-modfile="+filepath.Join("versions", k.version+".mod"), "-o", path, "./goplugin")
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return path, nil
}

func (k kind) program(t *testing.T) string {
	t.Helper()
	path, err := builds[k]()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// plugin returns the command of a plugin.
func (k kind) plugin(t *testing.T, network string) *exec.Cmd {
	switch {
	case k == ours && network == "tcp":
		return tenontest.Command(t, "tenon tcp")
	case k == ours:
		return tenontest.Command(t, "tenon")
	case network == "tcp":
		return tenontest.Command(t, "relay", k.program(t), "serve")
	}
	cmd := exec.Command(k.program(t), "serve")
	cmd.Env = []string{}
	return cmd
}

// privateTemp gives a command a directory for temporary files, where it leaves
// nothing behind: go-plugin's plugins leave their sockets when they are killed.
// It has a short path, as sockets need.
func privateTemp(t *testing.T, cmd *exec.Cmd) {
	dir, err := os.MkdirTemp("", "interop-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cmd.Env = append(cmd.Env, "TMPDIR="+dir)
}
