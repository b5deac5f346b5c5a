package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// core is the path of the module in the repository's root. The paths of the others
// begin with it.
const core = "github.com/tenon-go/tenon"

// publishedDirs are the directories of the modules that users can require, each
// after those that it requires itself. The others are examples, measurements and
// tests, which are of use in a clone only.
var publishedDirs = []string{".", "grpcplug", "cmd/tenon", "compat/goplugin", "compat/shim"}

// A published is a module as a release has it.
type published struct {
	dir  string // within the repository, with slashes; "." is the root
	path string // under which it is fetched. In go.mod of the shim stands another
	mod  []byte // go.mod
	sum  []byte // go.sum; empty if there is none

	hash, modHash string // what stands in the go.sum of those that require it
}

func (m *published) tag(version string) string { return path.Join(m.dir, version) }

// write changes the files in the working tree.
func (m *published) write(root string) error {
	dir := filepath.Join(root, filepath.FromSlash(m.dir))
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), m.mod, 0o644); err != nil {
		return err
	}
	if len(m.sum) == 0 {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), m.sum, 0o644)
}

// load reads a module, and makes its go.mod and go.sum those of the release. done
// are the modules that come before it.
func (r repository) load(dir string, done []*published) (*published, error) {
	m := &published{dir: dir, path: path.Join(core, dir)}
	file := filepath.Join(r.root, filepath.FromSlash(dir), "go.mod")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if m.sum, err = os.ReadFile(strings.TrimSuffix(file, ".mod") + ".sum"); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	f, err := modfile.Parse(file, text, nil)
	if err != nil {
		return nil, err
	}
	if err := r.requireRelease(m, f, done); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := dropReplaces(f); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	f.Cleanup()
	m.mod, err = f.Format()
	return m, err
}

func isOwn(path string) bool { return path == core || strings.HasPrefix(path, core+"/") }

// requireRelease has f require the other modules at the release's version.
func (r repository) requireRelease(m *published, f *modfile.File, done []*published) error {
	for _, q := range f.Require {
		if !isOwn(q.Mod.Path) {
			continue
		}
		i := slices.IndexFunc(done, func(d *published) bool { return d.path == q.Mod.Path })
		if i < 0 {
			return fmt.Errorf("it requires %s, which is not published, or comes later: see publishedDirs in tools/release", q.Mod.Path)
		}
		if err := f.AddRequire(q.Mod.Path, r.version); err != nil {
			return err
		}
		m.sum = addSum(m.sum, done[i].path, fmt.Sprintf("%s %s %s\n%[1]s %[2]s/go.mod %[4]s\n", done[i].path, r.version, done[i].hash, done[i].modHash))
	}
	return nil
}

// dropReplaces leaves no replace line, and refuses those that stand for something
// else than a module of this repository: without them users would get another program
// than the one that was tested.
func dropReplaces(f *modfile.File) error {
	for _, p := range slices.Clone(f.Replace) {
		if !isOwn(p.Old.Path) || p.New.Version != "" {
			return fmt.Errorf("it replaces %s by %s, which no user would get: require what is needed instead", p.Old.Path, show(p.New))
		}
		if err := f.DropReplace(p.Old.Path, p.Old.Version); err != nil {
			return err
		}
	}
	return nil
}

func show(v module.Version) string { return strings.TrimSpace(v.Path + " " + v.Version) }

// addSum puts lines where go mod tidy would, by the path that they begin with.
func addSum(sum []byte, path, lines string) []byte {
	at := len(sum)
	for rest := sum; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if other, _, _ := bytes.Cut(line, []byte(" ")); string(other) > path {
			at = len(sum) - len(rest)
			break
		}
		rest = after
	}
	return slices.Insert(slices.Clone(sum), at, []byte(lines)...)
}
