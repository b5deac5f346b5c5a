package scaffold

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// A module is one that is to be made: what the templates know.
type module struct {
	Options
	source
	Path    string // the module's
	Program string // what its program, or its package, is called
	Dir     string // absolute

	// For is the contract that it is for: that of another module, or its own.
	For *target

	// From says where another module's contract comes from; nil of an own one.
	From *origin
}

// A target is a contract as the templates use it.
type target struct {
	Package string // its name, "kv"
	Import  string // the package's path
	Type    string // "Store"
	Var     string // "store": what a variable, and the type of a stub, are called
	App     string // the expression for the app: "kv.App"
	Methods []*method
	Others  []string // other contracts of the package, if none was asked for by name

	// What the stubs and the calls need, as lines of an import declaration.
	Imports, CallImports []string
}

// Calls are the methods in an order in which they can be called: nothing works
// after Close.
func (t *target) Calls() []*method {
	isClose := func(m *method) bool { return m.Name == "Close" }
	i := slices.IndexFunc(t.Methods, isClose)
	if i < 0 {
		return t.Methods
	}
	return append(slices.DeleteFunc(slices.Clone(t.Methods), isClose), t.Methods[i])
}

// Ranges reports whether a stream is ranged over.
func (t *target) Ranges() bool {
	return slices.ContainsFunc(t.Methods, func(m *method) bool { return m.Range != "" })
}

// plan looks at the options, and makes nothing yet.
func plan(ctx context.Context, o Options) (*module, error) {
	path, name, err := modulePath(o)
	if err != nil {
		return nil, err
	}
	m := &module{Options: o, Path: path, Program: name}
	dir := o.Dir
	if dir == "" {
		dir = name
	}
	if m.Dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("tenon new: %w", err)
	}
	if m.source, err = findSource(ctx, o.Replace); err != nil {
		return nil, err
	}
	if o.Contract != "" && o.Kind != Contract {
		m.From, err = findOrigin(ctx, o.Contract)
		return m, err
	}
	m.For, err = ownTarget(m)
	return m, err
}

// ownTarget is the contract that the templates declare.
func ownTarget(m *module) (*target, error) {
	pkg, err := packageName(m.Program)
	if err != nil {
		return nil, err
	}
	t := &target{Package: pkg, Import: m.Path, Type: typeName(m.Program)}
	if m.Kind != Contract {
		t.Package, t.Import = "contract", m.Path+"/contract"
	}
	t.App = t.Package + ".App"
	t.Var = varName(t.Type, t.Package)
	return t, nil
}

// contract gets what the stubs need to know of another module's contract.
func (m *module) contract(ctx context.Context) error {
	if m.From == nil {
		return nil
	}
	gomod, err := m.gomod()
	if err != nil {
		return err
	}
	if err := write(m.Dir, []file{gomod}); err != nil {
		return err
	}
	if err := m.get(ctx); err != nil {
		return err
	}
	if m.For, err = loadTarget(ctx, m.Dir, m.From); err != nil {
		return err
	}
	m.sayWhich()
	return nil
}

// sayWhich says which of several contracts was taken, and how to name another.
func (m *module) sayWhich() {
	if len(m.For.Others) == 0 {
		return
	}
	pkg, version, versioned := strings.Cut(m.Contract, "@")
	others := make([]string, len(m.For.Others))
	for i, name := range m.For.Others {
		others[i] = "--contract " + pkg + "." + name
		if versioned {
			others[i] += "@" + version
		}
	}
	fmt.Fprintf(m.Log, "of the contracts of package %s this is for %s, the first; for another: %s\n", m.For.Package, m.For.Type, strings.Join(others, ", or "))
}

// get has the go command find the contract's module, and what it requires. One in
// a directory is in go.mod already: to ask for it by a version would have the go
// command look for modules with longer paths, which are not published either.
func (m *module) get(ctx context.Context) error {
	args := []string{"get", m.From.query()}
	if m.From.Dir != "" {
		args = []string{"list", "-mod=mod", "-deps", m.From.Import}
	}
	if err := m.step(ctx, args...); err != nil {
		return fmt.Errorf("tenon new: %w\nis %s the import path, or the directory, of a package? One of a module that is not published is named by its directory", err, m.From.Import)
	}
	return nil
}

// finish makes of the files a module that builds.
func (m *module) finish(ctx context.Context) error {
	if err := m.step(ctx, "mod", "tidy"); err != nil {
		return fmt.Errorf("tenon new: %w", err)
	}
	if m.From != nil {
		return nil
	}
	fmt.Fprintf(m.Log, "tenon gen ./...\n")
	return m.Generate(filepath.Join(m.Dir, filepath.FromSlash(m.contractDir())))
}

// contractDir is where in the module its own contract is, with slashes.
func (m *module) contractDir() string {
	return strings.TrimPrefix(strings.TrimPrefix(m.For.Import, m.Path), "/")
}

// step runs the go command, and says so: what it does takes time, and uses the
// network.
func (m *module) step(ctx context.Context, args ...string) error {
	fmt.Fprintf(m.Log, "go %s\n", strings.Join(args, " "))
	_, err := goRun(ctx, m.Dir, args...)
	return err
}

// rest is what is left to do when finish has failed.
func (m *module) rest() string {
	if m.From != nil {
		return "go mod tidy"
	}
	return "go mod tidy && go generate ./..."
}
