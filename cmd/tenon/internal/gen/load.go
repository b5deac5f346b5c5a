package gen

import (
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/load"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// loadAll loads what can be, and adds to problems what is wrong with the rest.
func loadAll(o Options, problems *model.Problems) ([]*model.Package, error) {
	loaded, err := load.Load(o.Dir, o.Patterns)
	if !collect(problems, err) {
		return nil, err
	}
	return loaded, nil
}

// leftovers finds what was generated for packages that have no contract any
// more. Only directories that a pattern with a wildcard covers are looked at: a
// package that is named and has no contract is a problem already.
func (o Options) leftovers(loaded []*model.Package, problems *model.Problems) ([]*Package, error) {
	known := map[string]bool{}
	for _, p := range loaded {
		known[abs(p.Dir)] = true
	}
	for _, p := range problems.All {
		known[filepath.Dir(p.Pos.Filename)] = true // it may have one when that is mended
	}
	var left []*Package
	for _, root := range o.roots() {
		dirs, err := packageDirs(root)
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			if known[dir] {
				continue
			}
			known[dir] = true
			p, err := o.leftover(dir)
			if !collect(problems, err) {
				return nil, err
			}
			if p != nil {
				left = append(left, p)
			}
		}
	}
	return left, nil
}

// roots are the directories below which all packages are meant.
func (o Options) roots() []string {
	var roots []string
	for _, pattern := range o.Patterns {
		if root, ok := strings.CutSuffix(pattern, "/..."); ok && (strings.HasPrefix(root, ".") || filepath.IsAbs(root)) {
			if !filepath.IsAbs(root) {
				root = filepath.Join(o.Dir, root)
			}
			roots = append(roots, abs(root))
		}
	}
	return roots
}

// packageDirs are the directories that "..." means to the go command: not
// testdata, not another module's, not hidden ones.
func packageDirs(root string) (dirs []string, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return nil
		}
		name := d.Name()
		hidden := strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor"
		if path != root && (hidden || exists(filepath.Join(path, "go.mod"))) {
			return filepath.SkipDir
		}
		dirs = append(dirs, path)
		return nil
	})
	return dirs, err
}

// leftover is what to remove in a directory without contracts, nil if nothing.
// The ledger is not thrown away unasked: peers that are deployed would be left
// without what it describes.
func (o Options) leftover(dir string) (*Package, error) {
	d, err := readDir(dir)
	if err != nil || len(d.ours) == 0 {
		return nil, err
	}
	if protos := d.protos(); len(protos) > 0 && !o.Breaking {
		problems := new(model.Problems)
		problems.Add(token.Position{Filename: filepath.Join(d.dir, protos[0])}, "if no peer that is deployed uses them, remove what was generated with: "+o.breakingIn(d.dir)+"/...",
			"the package has no contract any more, and this file describes those that it had")
		return nil, problems.Err()
	}
	files, err := d.compare(nil)
	return &Package{Path: d.dir, Dir: d.dir, Files: files}, err
}
