package load

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A loader makes the model of one package.
type loader struct {
	all      *sources
	src      *source
	index    *index
	out      *model.Package
	problems *model.Problems
	parsed   map[*ast.CommentGroup][]*directive

	types    typeutil.Map              // of named types, to *model.Type
	wrappers map[string]*model.Message // by name
	ifaces   typeutil.Map              // of named interfaces and functions, to *model.Interface
	queue    []func()                  // interfaces whose methods are to be looked at
	after    []func()                  // what has to wait until all types are known
	reached  []*model.Interface        // that are not marked
	funcs    []*model.Interface
	names    map[string]*claim
	uses     map[string]bool             // paths of .proto files
	origins  map[*model.Interface]*place // of functions without a name
	bases    map[string]bool             // names that functions and types in generated code are made of
	grown    map[types.Object]bool       // generic types that were refused because of their arguments
	filling  map[*model.Type]bool        // named pointers, until what they point at is known
}

// A place is where a type occurs: what a problem points at, and what a type is
// called after that has no name of its own.
type place struct {
	pos   token.Position
	what  string   // "parameter opts of Store.Get"
	short string   // "opts of Store.Get"
	name  string   // "StoreGetOpts"
	was   []string // former names
	file  string   // base name of the file whose output it goes to
	from  *place   // where what it is part of is used
}

func loadPackage(s *sources, src *source, problems *model.Problems) *model.Package {
	l := &loader{
		all: s, src: src, problems: problems, index: s.index(src.pkg.PkgPath),
		parsed: map[*ast.CommentGroup][]*directive{}, wrappers: map[string]*model.Message{},
		names: map[string]*claim{}, uses: map[string]bool{}, origins: map[*model.Interface]*place{},
		bases: map[string]bool{}, grown: map[types.Object]bool{}, filling: map[*model.Type]bool{},
		out: &model.Package{Go: src.types, Dir: src.dir, Proto: src.pkg.Name, ProtoFile: src.pkg.Name + ".proto"},
	}
	if m := src.pkg.Module; m != nil {
		l.out.Module = m.Path
	}
	l.checkDirectives()
	l.packageDirectives()
	l.version()
	l.contracts()
	if len(l.out.Interfaces) == 0 {
		return l.out
	}
	l.drain()
	l.errors()
	l.drain()
	l.finish()
	return l.out
}

// drain looks at the methods of all interfaces that have been met.
func (l *loader) drain() {
	for len(l.queue) > 0 {
		next := l.queue[0]
		l.queue = l.queue[1:]
		next()
	}
}

func (l *loader) finish() {
	l.out.Interfaces = append(append(l.out.Interfaces, l.reached...), l.funcs...)
	l.setFlags()
	for _, f := range l.after {
		f()
	}
	l.checkNames()
	l.checkTypes()
	l.imports()
	slices.SortStableFunc(l.out.Warnings, func(a, b *model.Problem) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line))
	})
}

func (l *loader) problem(pos token.Position, hint, format string, args ...any) {
	l.problems.Add(pos, hint, format, args...)
}

// refuse notes that what is at pl can't cross, with where it is reached from.
func (l *loader) refuse(pl *place, hint, format string, args ...any) {
	root := pl
	for root.from != nil {
		root = root.from
	}
	if root != pl {
		format += " (reached from %s"
		args = append(args, root.what)
		if root.pos != pl.pos {
			format += ", %s:%d:%d"
			args = append(args, filepath.Base(root.pos.Filename), root.pos.Line, root.pos.Column)
		}
		format += ")"
	}
	l.problem(pl.pos, hint, "%s "+format, append([]any{pl.what}, args...)...)
}

func (l *loader) warn(pos token.Position, hint, format string, args ...any) {
	var list model.Problems
	list.Add(pos, hint, format, args...)
	l.out.Warnings = append(l.out.Warnings, list.All...)
}

// ours reports whether obj is declared in the package itself.
func (l *loader) ours(obj types.Object) bool { return obj.Pkg() == l.src.types }

// pos is the position of obj in the source: exact where it was read from there.
func (l *loader) pos(obj types.Object) token.Position {
	pos := l.all.position(obj.Pos())
	if obj.Pkg() == nil || l.all.main[obj.Pkg().Path()] != nil {
		return pos
	}
	if d := l.all.find(obj); d.pos.IsValid() {
		return l.all.position(d.pos)
	}
	return pos
}

// editable reports whether the author can change what is at pos: whether it is
// in a main module.
func (l *loader) editable(obj types.Object) bool {
	return obj.Pkg() != nil && l.all.main[obj.Pkg().Path()] != nil
}

// warnLoudly is warn for what an author has to be told without asking.
func (l *loader) warnLoudly(pos token.Position, hint, format string, args ...any) {
	l.warn(pos, hint, format, args...)
	l.out.Warnings[len(l.out.Warnings)-1].Loud = true
}

func fileOf(pos token.Position) string { return filepath.Base(pos.Filename) }

// packageDirectives reads what is said about the package as a whole.
func (l *loader) packageDirectives() {
	for _, group := range l.index.loose {
		for _, d := range l.parsed[group] {
			switch d.name {
			case "package":
				l.setProto(d)
			case "version":
				l.setVersion(d)
			case "draft":
				l.out.Draft = true
			}
		}
	}
}

func (l *loader) setProto(d *directive) {
	for _, part := range strings.Split(d.args[0], ".") {
		if !isIdent(part) {
			l.problem(d.pos, "write it like acme.kv.v1", "%q is not the name of a protobuf package", d.args[0])
			return
		}
	}
	if l.out.Proto != l.src.pkg.Name && l.out.Proto != d.args[0] {
		l.problem(d.pos, "keep one of the two", "the protobuf package is %s already", l.out.Proto)
		return
	}
	l.out.Proto = d.args[0]
}

func (l *loader) setVersion(d *directive) {
	n, err := strconv.Atoi(d.args[0])
	if err != nil || n < 1 {
		l.problem(d.pos, "write it as //tenon:version 2", "%q is not a version: versions are numbers from 1 on", d.args[0])
		return
	}
	l.out.Version, l.out.VersionPos = n, d.pos
}

// imports says which .proto files the package's own needs.
func (l *loader) imports() {
	if l.out.Version > 0 || len(l.out.Errors) > 0 || slices.ContainsFunc(l.out.Interfaces, hasOptions) {
		l.uses[tenonProto] = true
	}
	for path := range l.uses {
		l.out.Imports = append(l.out.Imports, path)
	}
	slices.Sort(l.out.Imports)
}

// hasOptions reports whether a method of it needs an option of tenon.proto.
func hasOptions(it *model.Interface) bool {
	return slices.ContainsFunc(it.Methods, func(m *model.Method) bool { return m.Optional || m.Timeout > 0 })
}
