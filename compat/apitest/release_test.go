package apitest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const version = "v0.1.0"

// TestRelease makes of this working tree what it would be as a release, and uses it
// as those do who have no clone.
func TestRelease(t *testing.T) {
	u := newUser(t)
	t.Run("drop-in", func(t *testing.T) { testDropIn(t, u.in(t)) })
	t.Run("install", func(t *testing.T) { testInstall(t, u.in(t)) })
}

// testDropIn does what a user of go-plugin does: the line in go.mod that the README
// has, in a module outside of the repository. And it takes the line back.
func testDropIn(t *testing.T, u *user) {
	u.write("go.mod", "module example.com/user\n\ngo 1.24\n\nrequire github.com/hashicorp/go-plugin v1.8.0\n")
	u.copy("pair/main.go", "main.go")
	u.do("go", "mod", "tidy")
	before := u.mod()
	if want := "go 1.24 grpc v1.61.0 "; before != want {
		t.Fatalf("before the line go.mod has %q, not %q", before, want)
	}
	u.do("go", "mod", "edit", "-replace", "github.com/hashicorp/go-plugin=github.com/tenon-go/tenon/compat/shim@"+version)
	u.do("go", "mod", "tidy")
	// What compat/goplugin/README.md says of it.
	if got, want := u.mod(), "go 1.25.0 grpc v1.61.0 shim "+version+" "; got != want {
		t.Errorf("after the line go.mod has %q, not %q", got, want)
	}
	u.do("go", "build", "-o", "pair", ".")
	for _, options := range []string{"netrpc", "grpc mtls mux"} {
		words := strings.Fields(options)
		got := run(t, u.path("pair"), append([]string{"host", u.path("pair")}, words...)...)
		if want := outcome(words[0]); got != want {
			t.Errorf("%s: it says\n%s\nand not\n%s", options, got, want)
		}
	}
	// Of an alias there is one line, which has to lead on.
	const there = "go doc github.com/tenon-go/tenon/compat/goplugin.ClientConfig"
	if doc := u.do("go", "doc", "github.com/hashicorp/go-plugin.ClientConfig"); !strings.Contains(doc, there) {
		t.Errorf("the documentation of ClientConfig does not say where its fields are:\n%s", doc)
	}
	words := strings.Fields(there)
	if doc := u.do(words[0], words[1:]...); !strings.Contains(doc, "KillTimeout") {
		t.Errorf("%s says\n%s", there, doc)
	}
	u.do("go", "mod", "edit", "-dropreplace", "github.com/hashicorp/go-plugin")
	u.do("go", "mod", "tidy")
	if text := u.read("go.mod"); strings.Contains(text, "tenon-go") {
		t.Errorf("when the line is gone go.mod still has\n%s", text)
	}
	u.do("go", "vet", ".")
}

// testInstall installs the command, which begins a plugin that needs no clone either.
func testInstall(t *testing.T, u *user) {
	u.do("go", "install", "github.com/tenon-go/tenon/cmd/tenon@"+version)
	if out := u.do(u.path("bin/tenon"), "version"); !strings.Contains(out, version) {
		t.Errorf("it says that it is %q", out)
	}
	u.do(u.path("bin/tenon"), "new", "plugin", "example.com/greet", "--dir", u.path("greet"))
	if text := u.read("greet/go.mod"); !strings.Contains(text, "github.com/tenon-go/tenon "+version) || strings.Contains(text, "replace") {
		t.Errorf("what it has made requires no release:\n%s", text)
	}
}

// A user is a directory outside of the repository, and a go command that gets this
// repository's modules from a proxy in the file system.
type user struct {
	t    *testing.T
	dir  string
	vars []string
}

// newUser has a module cache of its own: in the real one these modules would be
// taken for the release. What is of others is taken from there.
func newUser(t *testing.T) *user {
	t.Helper()
	u := &user{t: t}
	proxy := t.TempDir()
	release := exec.CommandContext(t.Context(), "go", "-C", "../../tools/release", "run", ".", "-version", version, "-proxy", proxy)
	release.Env = append(os.Environ(), "GOWORK=off")
	if out, err := release.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", release, err, out)
	}
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOPROXY", "GONOSUMDB").Output()
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	// Without -trimpath a build would be of no use to the next one, whose sources are elsewhere.
	// Of private modules, as which somebody may have these, no proxy is asked.
	u.vars = append(os.Environ(), "GOWORK=off", "GOFLAGS=-modcacherw -trimpath", "GOPRIVATE=", "GONOPROXY=", "GOMODCACHE="+t.TempDir(),
		"GOPROXY=file://"+proxy+",file://"+filepath.Join(own[0], "cache", "download")+","+own[1],
		"GONOSUMDB="+strings.Trim(own[2]+",github.com/tenon-go/*", ","))
	return u
}

// in returns the same user in a new directory.
func (u *user) in(t *testing.T) *user {
	dir := t.TempDir()
	return &user{t: t, dir: dir, vars: append(slices.Clip(u.vars), "GOBIN="+filepath.Join(dir, "bin"))}
}

func (u *user) path(name string) string { return filepath.Join(u.dir, filepath.FromSlash(name)) }

func (u *user) do(name string, args ...string) string {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.t.Context(), 8*time.Minute) // it may have to download and to build all of gRPC
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = u.dir, u.vars, time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		u.t.Fatalf("%s: %v\n%s", strings.Join(append([]string{name}, args...), " "), err, out)
	}
	return string(out)
}

func (u *user) write(name, text string) {
	u.t.Helper()
	if err := os.WriteFile(u.path(name), []byte(text), 0o666); err != nil {
		u.t.Fatal(err)
	}
}

func (u *user) copy(from, to string) {
	u.t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		u.t.Fatal(err)
	}
	u.write(to, string(text))
}

func (u *user) read(name string) string {
	u.t.Helper()
	text, err := os.ReadFile(u.path(name))
	if err != nil {
		u.t.Fatal(err)
	}
	return string(text)
}

var inMod = regexp.MustCompile(`(?m)^(go \S+)$|^\s*google\.golang\.org/(grpc \S+)|=> github\.com/tenon-go/tenon/compat/(shim \S+)`)

// mod is what of go.mod the line changes.
func (u *user) mod() (found string) {
	for _, m := range inMod.FindAllStringSubmatch(u.read("go.mod"), -1) {
		found += strings.Join(m[1:], "") + " "
	}
	return found
}
