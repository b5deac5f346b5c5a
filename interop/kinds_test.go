package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tenon-go/tenon/interop/scenario"
	"github.com/tenon-go/tenon/tenontest"
)

// A kind is a library that hosts and plugins are made with.
type kind struct {
	name  string // in the table
	mod   string // the file of versions that ./goplugin is built with; empty: Tenon's own API
	muxes bool   // it can multiplex its broker
	takes int    // bytes of a request that its plugins take, or fewer
}

// What go-plugin's plugins take is gRPC's own limit, 4 MiB. Others have to take more.
const (
	little = 1 << 20
	much   = 6 << 20
)

var (
	ours   = kind{name: "Tenon", muxes: true, takes: much}
	shim   = kind{name: "shim", mod: "shim", muxes: true, takes: much}
	theirs = []kind{
		{"v1.4.0", "v1.4.0", false, little},
		{"v1.5.2", "v1.5.2", false, little},
		{"v1.6.3", "v1.6.3", true, little},
		{"v1.7.0", "v1.7.0", true, little},
		{"v1.8.0", "v1.8.0", true, little},
	}
	newest = theirs[len(theirs)-1]
)

// names are explained below each table.
const names = "v1.4.0 to v1.8.0: HashiCorp's go-plugin. shim: compat/shim in its place. Tenon: its own API, with grpcplug."

func (k kind) String() string { return k.name }

// builds are the programs of go-plugin, each made when it is first needed.
var builds = func() map[kind]func() (string, error) {
	all := map[kind]func() (string, error){}
	for _, k := range append([]kind{shim}, theirs...) {
		all[k] = sync.OnceValues(k.build)
	}
	return all
}()

// build makes the program ./goplugin with the library of k, and with what that
// asks for of gRPC and all else, not what this module does.
func (k kind) build() (string, error) {
	path, err := filepath.Abs(filepath.Join("bin", "goplugin-"+k.mod))
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-mod=readonly", "-modfile="+filepath.Join("versions", k.mod+".mod"), "-o", path, "./goplugin")
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

// command returns the command of the plugin in a setting.
func (s setting) command(t *testing.T) *exec.Cmd {
	serve := []string{"serve"}
	switch s.broker {
	case netRPC, both:
		serve = append(serve, s.broker)
	}
	bytes := "plain"
	if s.trust != "plain" && s.broker != "multiplexed" { // which has TLS within yamux
		bytes = "TLS"
	}
	var cmd *exec.Cmd
	switch {
	case s.plugin == ours && s.network == "tcp":
		cmd = tenontest.Command(t, "tenon tcp")
	case s.plugin == ours:
		cmd = tenontest.Command(t, "tenon")
	case s.network == "tcp":
		cmd = tenontest.Command(t, "relay", append([]string{bytes, s.plugin.program(t)}, serve...)...)
	default:
		cmd = exec.Command(s.plugin.program(t), serve...)
		cmd.Env = []string{}
	}
	if s.trust == own {
		cmd.Env = append(cmd.Env, scenario.CertEnv+"="+ownCertificate())
	}
	privateTemp(t, cmd)
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
