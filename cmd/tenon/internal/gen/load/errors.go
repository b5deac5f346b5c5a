package load

import (
	"cmp"
	"go/ast"
	"go/types"
	"slices"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// errors finds the sentinels and error types of the package, and of those that
// //tenon:errors names.
func (l *loader) errors() {
	l.errorsOf(l.src.types, l.out.Proto)
	for _, group := range l.index.loose {
		for _, d := range l.parsed[group] {
			if d.name == "errors" {
				l.namedErrors(d)
			}
		}
	}
	l.nameErrors()
	l.checkErrors()
}

// namedErrors adds the errors of the packages that a directive names. They must
// be imported, so that the generated code adds no dependency of its own.
func (l *loader) namedErrors(d *directive) {
	for _, path := range d.args {
		p := l.imported(path)
		if p == nil {
			l.problem(d.pos, "import it in this package, as _ if nothing else is used of it", "//tenon:errors names %s, which package %s doesn't import", path, l.src.pkg.Name)
			continue
		}
		l.errorsOf(p, l.protoOf(p))
	}
}

func (l *loader) imported(path string) *types.Package {
	for _, p := range l.src.types.Imports() {
		if p.Path() == path && p.Complete() {
			return p
		}
	}
	return nil
}

func (l *loader) errorsOf(p *types.Package, proto string) {
	var objs []types.Object
	for _, name := range p.Scope().Names() {
		if obj := p.Scope().Lookup(name); obj.Exported() {
			objs = append(objs, obj)
		}
	}
	slices.SortStableFunc(objs, func(a, b types.Object) int {
		pa, pb := l.pos(a), l.pos(b)
		return cmp.Or(cmp.Compare(pa.Filename, pb.Filename), cmp.Compare(pa.Line, pb.Line), cmp.Compare(pa.Column, pb.Column))
	})
	for _, obj := range objs {
		if why := l.restricted(obj); why != "" {
			l.skipError(obj, why)
			continue
		}
		switch obj := obj.(type) {
		case *types.Var:
			l.sentinel(obj, proto)
		case *types.TypeName:
			l.errorType(obj, proto)
		}
	}
}

// skipError warns of an error that generated code can't name everywhere.
func (l *loader) skipError(obj types.Object, why string) {
	_, isType := obj.(*types.TypeName)
	_, isVar := obj.(*types.Var)
	if isVar && implementsError(obj.Type()) || isType && !types.IsInterface(obj.Type()) && implementsError(types.NewPointer(obj.Type())) {
		l.warn(l.pos(obj), "move it to a file without a build constraint", "error %s is declared in a file that is not built everywhere, by %s, so that it doesn't keep its identity", obj.Name(), why)
	}
}

// newError is the part that sentinels and types have in common.
func (l *loader) newError(obj types.Object, proto string) (*model.Error, *decl) {
	d := l.all.find(obj)
	e := &model.Error{Name: proto + "." + obj.Name(), Go: obj, Pos: l.pos(obj)}
	if given := l.directive(d, "name"); given != nil && len(given.args) == 1 {
		e.Name = proto + "." + given.args[0]
	}
	for _, was := range l.wasNames(d) {
		e.Was = append(e.Was, proto+"."+was)
	}
	return e, d
}

// sentinel adds a variable that is an error.
func (l *loader) sentinel(v *types.Var, proto string) {
	isError := types.Identical(v.Type(), errorType)
	if !isError && !(len(v.Name()) > 3 && v.Name()[:3] == "Err" && implementsError(v.Type()) && types.Comparable(v.Type())) {
		return
	}
	e, d := l.newError(v, proto)
	if isError && d.decl != nil && d.value == nil && d.typ != nil {
		if l.ours(v) {
			l.warn(e.Pos, "give it a value where it is declared", "error %s has no value where it is declared, so that it doesn't keep its identity", v.Name())
		}
		return
	}
	l.out.Errors = append(l.out.Errors, e)
}

func implementsError(t types.Type) bool {
	return types.Implements(t, errorType.Underlying().(*types.Interface))
}

// errorType adds a type that is an error, by value or by pointer.
func (l *loader) errorType(obj *types.TypeName, proto string) {
	named, ok := obj.Type().(*types.Named)
	if !ok || obj.IsAlias() || named.TypeParams().Len() > 0 || types.IsInterface(named) || !isResolved(named) {
		return
	}
	byValue := implementsError(named)
	if !byValue && !implementsError(types.NewPointer(named)) {
		return
	}
	if !l.ours(obj) && !foreignErrorCrosses(named) {
		l.warn(l.pos(obj), "", "error type %s of package %s has fields that are not exported, so that it doesn't keep its identity", obj.Name(), obj.Pkg().Path())
		return
	}
	e, d := l.newError(obj, proto)
	e.Pointer = !byValue
	e.Cause = l.cause(named)
	l.errorMessage(e, named, d)
	l.out.Errors = append(l.out.Errors, e)
}

func foreignErrorCrosses(t *types.Named) bool {
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return true
	}
	for f := range s.Fields() {
		if !f.Exported() && f.Name() != "_" {
			return false
		}
	}
	return true
}

// errorMessage makes the message of an error's fields. Nothing in it can be
// called: an error outlives the call that failed.
func (l *loader) errorMessage(e *model.Error, t *types.Named, d *decl) {
	obj := t.Obj()
	m := &model.Message{Doc: docText(d.doc), Pos: e.Pos, File: fileOf(e.Pos), Go: t}
	e.Message = m
	if !l.ours(obj) && len(l.out.Interfaces) > 0 {
		m.File = l.out.Interfaces[0].File
	}
	pl := &place{pos: e.Pos, what: "error type " + obj.Name(), short: obj.Name(), name: l.goName(t), file: m.File}
	m.Func = pl.name
	if s, ok := t.Underlying().(*types.Struct); ok && !hasText(t) && !hasBinary(t) {
		m.Fields = l.fields(s, l.text(t), pl, e.Cause)
	} else {
		m.Fields = []*model.Field{{Name: "value", Pos: e.Pos, Type: l.errorValue(t, pl)}}
	}
	l.after = append(l.after, func() {
		for _, f := range m.Fields {
			if holdsRef(f.Type) {
				l.problem(f.Pos, "keep what describes the failure, as a value", "field %s.%s is or holds a function, interface or reader, which can't be part of an error: it would be gone when somebody looks at it", obj.Name(), f.GoName)
			}
		}
	})
}

// errorValue is the type of an error that is not a struct. It is never an enum:
// its constants are errors.
func (l *loader) errorValue(t *types.Named, pl *place) *model.Type {
	typ := &model.Type{Go: t}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		return l.typeOf(t, pl) // by its text
	case *types.Basic:
		if l.marshals(typ, t, pl) {
			return typ
		}
		typ = l.basic(t, u, pl)
		typ.Consts = l.flagConsts(t)
	default:
		if !l.marshals(typ, t, pl) {
			l.composite(typ, u, pl)
		}
	}
	return typ
}

// nameErrors names the messages of error types. One that occurs as a value too
// has a message for that, with its cause.
func (l *loader) nameErrors() {
	for _, e := range l.out.Errors {
		if e.Message == nil {
			continue
		}
		t := e.Message.Go.(*types.Named)
		if typ, used := l.types.At(t).(*model.Type); used && (typ.Message != nil || typ.Enum != nil) {
			e.Message.Name = l.invent(l.goName(t)+"Fields", claim{what: "error type " + l.text(t), pos: e.Pos})
			continue
		}
		e.Message.Name, e.Message.Was = l.protoName(t, l.all.find(t.Obj()))
	}
}

// cause is the field that the type's Unwrap method returns, if it is as simple
// as that.
func (l *loader) cause(t *types.Named) string {
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return ""
	}
	name := l.unwrapped(t)
	for f := range s.Fields() {
		if f.Name() == name && types.Identical(f.Type(), errorType) && (f.Exported() || l.ours(t.Obj())) {
			return name
		}
	}
	return ""
}

// unwrapped is x of `func (e T) Unwrap() error { return e.x }`.
func (l *loader) unwrapped(t *types.Named) string {
	for _, f := range l.all.index(t.Obj().Pkg().Path()).files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "Unwrap" && fn.Recv != nil && len(fn.Recv.List) == 1 {
				if id := embeddedName(fn.Recv.List[0].Type); id != nil && id.Name == t.Obj().Name() {
					return returnedField(fn)
				}
			}
		}
	}
	return ""
}

func returnedField(fn *ast.FuncDecl) string {
	if fn.Body == nil || len(fn.Body.List) == 0 {
		return ""
	}
	ret, ok := fn.Body.List[len(fn.Body.List)-1].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return ""
	}
	sel, ok := ret.Results[0].(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if _, ok := sel.X.(*ast.Ident); !ok {
		return ""
	}
	return sel.Sel.Name
}

// checkErrors finds two errors with the same name.
func (l *loader) checkErrors() {
	names := map[string]*model.Error{}
	for _, e := range l.out.Errors {
		if other := names[e.Name]; other != nil {
			l.problem(e.Pos, "give one of them another with //tenon:name", "errors %s and %s have the same name, %s", other.Go.Name(), e.Go.Name(), e.Name)
		}
		names[e.Name] = e
	}
}
