package load

import (
	"go/types"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// named returns how a named type crosses. The first alias under which it is met
// names it if its own name can't be written in the package.
func (l *loader) named(t *types.Named, alias *types.Alias, pl *place) *model.Type {
	if l.grows(t, pl) { // before types are compared, which would take as long
		return invalid(t)
	}
	if known, ok := l.types.At(t).(*model.Type); ok {
		return known
	}
	if types.Identical(t, errorType) {
		l.uses[tenonProto] = true
		return &model.Type{Kind: model.ErrorVal, Go: t}
	}
	if typ := l.standard(t, pl); typ != nil {
		return typ
	}
	typ := &model.Type{Go: t}
	if !l.nameable(t, alias, pl) || !l.everywhere(t.Obj(), pl) || alias != nil && !l.everywhere(alias.Obj(), pl) {
		return typ
	}
	if alias != nil && !l.importable(t.Obj()) {
		typ.Go = alias
	}
	l.types.Set(t, typ)
	l.fillNamed(typ, t, pl)
	return typ
}

// standard are types of the standard library with a form of their own, and
// those that never cross.
func (l *loader) standard(t *types.Named, pl *place) *model.Type {
	obj := t.Obj()
	if obj.Pkg() == nil {
		return nil
	}
	switch path := obj.Pkg().Path(); {
	case isTime(t):
		l.uses[timestampProto] = true
		return &model.Type{Kind: model.Time, Go: t, Comparable: true}
	case isDuration(t):
		l.uses[durationProto] = true
		return &model.Type{Kind: model.Duration, Go: t}
	case path == "io" && isIO[obj.Name()]:
		l.uses[tenonProto] = true
		return &model.Type{Kind: model.IO, Go: t, IO: obj.Name()}
	case path == "context" && obj.Name() == "Context":
		l.refuse(pl, "make the context the first parameter", "is a context.Context: only the first parameter of a method can be one")
		return invalid(t)
	case path == "iter":
		l.refuse(pl, "make it a parameter or a result of the method", "is a stream inside of something else: only a parameter or result itself can be a stream")
		return invalid(t)
	}
	return nil
}

var isIO = map[string]bool{
	"Reader": true, "Writer": true, "Closer": true, "ReadCloser": true, "WriteCloser": true, "ReadWriter": true, "ReadWriteCloser": true,
}

func isTime(t types.Type) bool     { return isNamedAs(t, "time", "Time") }
func isDuration(t types.Type) bool { return isNamedAs(t, "time", "Duration") }
func isContext(t types.Type) bool  { return isNamedAs(t, "context", "Context") }

// isNamedAs reports whether t is the named type, an alias of it, or an instance.
func isNamedAs(t types.Type, path, name string) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return false
	}
	return named.Obj().Name() == name && named.Obj().Pkg().Path() == path
}

// fillNamed makes typ that of t. It is known already, for what t contains.
func (l *loader) fillNamed(typ *model.Type, t *types.Named, pl *place) {
	if _, ok := t.Underlying().(*types.Interface); ok {
		l.namedInterface(typ, t, pl)
		return
	}
	switch {
	case isProto(t):
		l.refuse(pl, "use *"+l.text(t), "is a protobuf message by value, which must not be copied")
		return
	case l.marshals(typ, t, pl):
		return
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if !l.enum(typ, t) {
			*typ = *l.basic(typ.Go, u, pl)
			typ.Consts = l.flagConsts(t)
		}
	case *types.Struct:
		l.namedStruct(typ, t, u, pl)
	case *types.Signature:
		l.namedFunction(typ, t, pl)
	case *types.Pointer:
		l.filling[typ] = true
		*typ = *l.pointer(u, pl)
		typ.Go = t
		delete(l.filling, typ)
	case *types.Chan:
		l.namedChan(t, u, pl)
	default:
		l.composite(typ, u, l.inside(t, pl))
	}
}

// inside is the place of what a named type consists of.
func (l *loader) inside(t *types.Named, pl *place) *place {
	in := &place{pos: pl.pos, what: "type " + l.text(t), short: l.text(t), name: l.goName(t), file: pl.file, from: pl}
	if l.editable(t.Obj()) {
		in.pos = l.pos(t.Obj())
	}
	if l.ours(t.Obj()) {
		in.file = fileOf(l.pos(t.Obj()))
	}
	return in
}

// nameable refuses a type that the generated code, in the package, could not write.
func (l *loader) nameable(t *types.Named, alias *types.Alias, pl *place) bool {
	obj := t.Obj()
	if l.importable(obj) || alias != nil && l.importable(alias.Obj()) {
		return true
	}
	switch {
	case !obj.Exported():
		l.refuse(pl, "export it, or use a type of this package", "is of type %s, which is not exported: generated code in package %s can't name it", l.text(t), l.src.pkg.Name)
	case obj.Pkg().Name() == "main":
		l.refuse(pl, "move it to a package that can be imported", "is of type %s of a package main, which nothing can import", l.text(t))
	default:
		l.refuse(pl, "use an exported type, or an alias in a package that can be imported", "is of type %s, whose package %s is internal to another part: package %s can't import it", l.text(t), obj.Pkg().Path(), l.src.pkg.PkgPath)
	}
	return false
}

// importable reports whether code of the package can name obj.
func (l *loader) importable(obj *types.TypeName) bool {
	if obj.Pkg() == nil || l.ours(obj) {
		return true
	}
	return obj.Exported() && obj.Pkg().Name() != "main" && visible(obj.Pkg().Path(), l.src.pkg.PkgPath)
}

// visible reports whether a package may import path, by the rule for internal.
func visible(path, by string) bool {
	parts := strings.Split(path, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] == "internal" {
			root := strings.Join(parts[:i], "/")
			return by == root || strings.HasPrefix(by, root+"/") && root != ""
		}
	}
	return !strings.HasPrefix(path, "vendor/")
}
