package scaffold

import (
	"context"
	"encoding/json"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// An origin says where the contract of another module comes from.
type origin struct {
	Import    string // the package's path
	Interface string // the one that was asked for; empty means the first
	Version   string // what was asked for, or what the module at hand uses; may be empty
	Module    string // the path of the module that Dir replaces
	Dir       string // where the module is, if it isn't to be downloaded
}

// query is the package as go get wants it.
func (o *origin) query() string {
	if o.Version == "" {
		return o.Import
	}
	return o.Import + "@" + o.Version
}

// findOrigin makes out where a contract is: in a directory, in a module that the
// one at hand knows, or wherever go get finds it.
func findOrigin(ctx context.Context, contract string) (*origin, error) {
	pkg, version, _ := strings.Cut(contract, "@")
	pkg, iface := splitInterface(pkg)
	o := &origin{Import: pkg, Interface: iface, Version: version}
	if isDir(pkg) {
		return o, o.fromDir(ctx, pkg)
	}
	if version == "" {
		o.fromHere(ctx)
	}
	return o, nil
}

// splitInterface takes the interface off "example.com/kv.Store". An exported
// name tells it from a path like gopkg.in/yaml.v3.
func splitInterface(contract string) (pkg, iface string) {
	i := strings.LastIndexByte(contract, '.')
	if i > strings.LastIndexByte(contract, '/') && token.IsExported(contract[i+1:]) && token.IsIdentifier(contract[i+1:]) {
		return contract[:i], contract[i+1:]
	}
	return contract, ""
}

// isDir tells a directory from an import path, as the go command does.
func isDir(pkg string) bool {
	return pkg == "." || pkg == ".." || strings.HasPrefix(pkg, "./") || strings.HasPrefix(pkg, "../") || filepath.IsAbs(pkg)
}

// A listed is what go list says of a package.
type listed struct {
	ImportPath string
	Module     *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Path, Version string }
	}
}

func list(ctx context.Context, dir, pkg string) (*listed, error) {
	text, err := goList(ctx, dir, "-json=ImportPath,Module", pkg)
	if err != nil {
		return nil, err
	}
	p := new(listed)
	if err := json.Unmarshal([]byte(text), p); err != nil {
		return nil, err
	}
	if p.Module == nil {
		return nil, fmt.Errorf("package %s is in no module", p.ImportPath)
	}
	return p, nil
}

func (o *origin) fromDir(ctx context.Context, dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("tenon new: --contract %s: there is no such directory; a package that is not in one is named by its import path", dir)
	}
	p, err := list(ctx, dir, ".")
	if err != nil {
		return fmt.Errorf("tenon new: --contract %s: %w", dir, err)
	}
	o.Import, o.Module, o.Dir = p.ImportPath, p.Module.Path, p.Module.Dir
	return nil
}

// fromHere asks the module in whose directory the command runs, if there is one
// and it knows the package: a contract that is being written is not published.
func (o *origin) fromHere(ctx context.Context) {
	p, err := list(ctx, "", o.Import)
	if err != nil {
		return
	}
	local := p.Module.Main || p.Module.Replace != nil && p.Module.Replace.Version == ""
	if local {
		o.Module, o.Dir = p.Module.Path, p.Module.Dir
		return
	}
	o.Version = p.Module.Version
}
