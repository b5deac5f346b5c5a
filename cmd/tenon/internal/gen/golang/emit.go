// Package golang writes a model down as Go.
//
// What is written is kept apart from how identifiers are called: in the text of
// a line, $name stands for a package that is imported or for a local variable,
// and gets its name when it is known what it could collide with.
package golang

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// Emit returns the files that belong beside the source of p, by base name.
func Emit(p *model.Package) (map[string][]byte, error) {
	g := newGenerator(p)
	if err := g.claim(); err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, source := range g.sources() {
		if err := g.write(files, source, "_tenon.go", g.contracts); err != nil {
			return nil, err
		}
		if !g.hasFakes(source) {
			continue
		}
		if err := g.write(files, source, "_tenon_fake.go", g.fakes); err != nil {
			return nil, err
		}
	}
	var problems model.Problems
	told := make(map[string]bool)
	for _, text := range files {
		g.predeclared(&problems, text, told)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return files, nil
}

// A generator knows the package as a whole: what is declared in it, and where.
type generator struct {
	pkg    *model.Package
	names  *names
	needed map[*model.Message]need
	knots  []*knot
	first  string // the source file whose output has what the package has once
}

func newGenerator(p *model.Package) *generator {
	g := &generator{pkg: p, names: newNames(p.Go), needed: make(map[*model.Message]need)}
	for _, i := range p.Interfaces {
		if g.first == "" || i.Marked && !g.anyMarkedIn(g.first) {
			g.first = i.File
		}
	}
	if g.first == "" && len(p.Messages) > 0 {
		g.first = p.Messages[0].File
	}
	return g
}

func (g *generator) anyMarkedIn(file string) bool {
	return slices.ContainsFunc(g.pkg.Interfaces, func(i *model.Interface) bool { return i.Marked && i.File == file })
}

// sources are the files of the package that something is written for.
func (g *generator) sources() []string {
	var all []string
	add := func(file string) {
		if file != "" && !slices.Contains(all, file) {
			all = append(all, file)
		}
	}
	for _, i := range g.pkg.Interfaces {
		add(i.File)
	}
	for _, m := range g.pkg.Messages {
		if m.Func != "" {
			add(m.File)
		}
	}
	slices.Sort(all)
	return all
}

// write runs emit twice: only the second time it is known what is imported, and
// so what a parameter must not be called.
func (g *generator) write(files map[string][]byte, source, suffix string, emit func(f *file)) error {
	f := &file{g: g, source: source, imports: newImports(g)}
	emit(f)
	f.body.Reset()
	f.imports.forget()
	emit(f)
	text, err := f.format()
	if err != nil {
		return err
	}
	files[strings.TrimSuffix(filepath.Base(source), ".go")+suffix] = text
	return nil
}

// contracts writes all but the fakes.
func (g *generator) contracts(f *file) {
	f.version()
	done := make(map[*model.Interface]bool)
	for _, i := range g.pkg.Interfaces {
		if i.File == f.source && !i.Func {
			f.contract(i)
			f.functionsOf(i, done)
		}
	}
	for _, i := range g.pkg.Interfaces {
		if i.File == f.source && i.Func && !done[i] {
			f.function(i)
		}
	}
	f.messages()
	f.knotFuncs()
	f.errors()
	f.protoHelpers()
}

// version writes the check that the runtime is new enough.
func (f *file) version() {
	if f.source != f.g.first {
		return
	}
	f.p("// If this line does not compile, this file needs a newer runtime than go.mod")
	f.p("// says: go get %s@latest.", runtimePath)
	f.p("const _ = $tenon.IsAtLeastVersion0_2")
	f.p("")
}

// functionsOf writes the functions that the methods of i are given or return,
// which read best behind it.
func (f *file) functionsOf(i *model.Interface, done map[*model.Interface]bool) {
	visit := func(ref *model.Interface) {
		if ref.Func && ref.File == f.source && !done[ref] {
			done[ref] = true
			f.function(ref)
			f.functionsOf(ref, done)
		}
	}
	for _, m := range i.Methods {
		eachRef(m.Request, visit)
		eachRef(m.Response, visit)
	}
}

// eachRef calls visit for what m refers to without a struct between.
func eachRef(m *model.Message, visit func(*model.Interface)) {
	if m == nil {
		return
	}
	for _, field := range m.Fields {
		seen := make(map[*model.Type]bool) // a list may contain itself
		for t := field.Type; t != nil && !seen[t]; t = t.Elem {
			seen[t] = true
			if t.Kind == model.Ref {
				visit(t.Interface)
			}
		}
	}
}
