package scaffold

import (
	"context"
	"fmt"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// loadTarget reads what is known of a contract from its package's types. It has
// to be generated already: what marks a contract here is its ServeX.
func loadTarget(ctx context.Context, dir string, o *origin) (*target, error) {
	pkg, fset, err := loadTypes(ctx, dir, o.Import)
	if err != nil {
		return nil, err
	}
	typ, err := pick(pkg, o)
	if err != nil {
		return nil, err
	}
	t := &target{Package: pkg.Name(), Import: o.Import, Type: typ.Name(), Var: varName(typ.Name(), pkg.Name())}
	stubs, calls := newImports(pkg), newImports(pkg)
	if t.Methods, err = methodsOf(typ, fset, stubs, calls); err != nil {
		return nil, err
	}
	t.Imports, t.CallImports = stubs.lines(), calls.lines()
	t.App = appOf(pkg)
	if o.Interface == "" {
		for _, other := range contracts(pkg)[1:] {
			t.Others = append(t.Others, other.Name())
		}
	}
	return t, nil
}

func loadTypes(ctx context.Context, dir, path string) (*types.Package, *token.FileSet, error) {
	fset := token.NewFileSet()
	pkgs, err := packages.Load(&packages.Config{
		Context: ctx,
		Mode:    packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedSyntax | packages.NeedTypesInfo,
		Dir:     dir, Fset: fset,
		Env: append(os.Environ(), "GOWORK=off"),
	}, path)
	if err != nil {
		return nil, nil, fmt.Errorf("tenon new: loading %s: %w", path, err)
	}
	if len(pkgs) != 1 {
		return nil, nil, fmt.Errorf("tenon new: --contract %s is %d packages, want one", path, len(pkgs))
	}
	if errs := pkgs[0].Errors; len(errs) > 0 {
		return nil, nil, fmt.Errorf("tenon new: package %s does not compile: %w; run go vet there", path, errs[0])
	}
	return pkgs[0].Types, fset, nil
}

// pick returns the interface that was asked for, or else the first contract in
// the order of the source.
func pick(pkg *types.Package, o *origin) (*types.TypeName, error) {
	all := contracts(pkg)
	if len(all) == 0 {
		return nil, fmt.Errorf("tenon new: package %s has no contract that code was generated for; mark an interface there with //tenon:contract and run: go tool tenon gen", o.Import)
	}
	if o.Interface == "" {
		return all[0], nil
	}
	names := make([]string, len(all))
	for i, t := range all {
		if names[i] = t.Name(); names[i] == o.Interface {
			return t, nil
		}
	}
	return nil, fmt.Errorf("tenon new: package %s has no contract %s, only %s", o.Import, o.Interface, strings.Join(names, ", "))
}

// contracts are the interfaces with the functions that are generated for them.
func contracts(pkg *types.Package) (all []*types.TypeName) {
	scope := pkg.Scope()
	for _, name := range scope.Names() {
		typ, ok := scope.Lookup(name).(*types.TypeName)
		if ok && types.IsInterface(typ.Type()) && scope.Lookup("Serve"+name) != nil && scope.Lookup("Open"+name) != nil {
			all = append(all, typ)
		}
	}
	slices.SortFunc(all, func(a, b *types.TypeName) int { return int(a.Pos() - b.Pos()) })
	return all
}

// appOf is the expression for the app: the package's own, or one that is made up.
func appOf(pkg *types.Package) string {
	scope := pkg.Scope()
	for _, name := range scope.Names() {
		v, ok := scope.Lookup(name).(*types.Var)
		if ok && v.Exported() && v.Type().String() == core+".App" {
			return pkg.Name() + "." + name
		}
	}
	return fmt.Sprintf("tenon.App{Name: %q}", pkg.Name())
}

// imports are the names that packages have in a file which is being written.
type imports struct {
	own    *types.Package
	byPath map[string]string
}

func newImports(own *types.Package) *imports { return &imports{own, map[string]string{}} }

// qualify is a types.Qualifier that remembers what it was asked for. A name that
// two packages have, or that the file uses otherwise, gets a number.
func (m *imports) qualify(p *types.Package) string {
	if p.Path() == m.own.Path() {
		return p.Name()
	}
	if name, ok := m.byPath[p.Path()]; ok {
		return name
	}
	name := p.Name()
	for n := 2; m.used(name, p.Path()); n++ {
		name = fmt.Sprintf("%s%d", p.Name(), n)
	}
	m.byPath[p.Path()] = name
	return name
}

// standing are the imports that the templates have themselves, by name.
var standing = map[string]string{
	"bytes": "bytes", "context": "context", "exec": "os/exec", "fmt": "fmt", "host": core + "/host", "io": "io", "log": "log", "os": "os",
	"plugin": core + "/plugin", "tenon": core, "tenontest": core + "/tenontest", "testing": "testing", "time": "time",
}

func (m *imports) used(name, path string) bool {
	if other, ok := standing[name]; ok && other != path || name == m.own.Name() {
		return true
	}
	for _, other := range m.byPath {
		if other == name {
			return true
		}
	}
	return false
}

// lines are the imports of the types, as they stand in an import declaration.
func (m *imports) lines() []string {
	var lines []string
	for path, name := range m.byPath {
		lines = append(lines, importLine(path, name))
	}
	slices.Sort(lines)
	return lines
}
