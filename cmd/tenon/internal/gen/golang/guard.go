package golang

import (
	"go/token"
	"go/types"
	"strings"
)

// guard writes what does not compile any more when a field of the struct t was
// added, removed or changed after the file was written: a field that no code was
// generated for would not cross, and nobody would be told. Structs of another
// module may change with its version, or Go's, which those who build this package
// choose: that must not keep them from building it.
func (f *file) guard(t types.Type) {
	s, ok := t.Underlying().(*types.Struct)
	if named := namedOf(t); !ok || named == nil || !f.inModule(named.Pkg()) || !f.spellable(s) {
		return
	}
	for field := range s.Fields() {
		if !f.inModule(field.Pkg()) {
			return
		}
	}
	name := f.typ(t)
	f.comment("If this does not compile, " + name + " is not what this file was generated from: run go generate.")
	if s.NumFields() == 0 {
		f.p("var _ = %s(struct{}{})", name)
		f.p("")
		return
	}
	f.p("var _ = %s(struct {", name)
	for field := range s.Fields() {
		if field.Embedded() {
			f.p("%s", f.typ(field.Type()))
		} else {
			f.p("%s %s", field.Name(), f.typ(field.Type()))
		}
	}
	f.p("}{})")
	f.p("")
}

// inModule says whether p is of the module that the code is generated in.
func (f *file) inModule(p *types.Package) bool {
	module := f.g.pkg.Module
	return p == f.g.pkg.Go || p != nil && module != "" && (p.Path() == module || strings.HasPrefix(p.Path(), module+"/"))
}

// spellable says whether t can be written out in this package, fields that don't
// cross included: those of another package's struct may not be exported, or have
// types that are not, or that are internal to it.
func (f *file) spellable(t types.Type) bool {
	switch t := t.(type) {
	case *types.Basic:
		return t.Kind() != types.Invalid && t.Kind() != types.UnsafePointer
	case *types.Alias:
		return f.visible(t.Obj()) && f.spellableList(t.TypeArgs())
	case *types.Named:
		return f.visible(t.Obj()) && f.spellableList(t.TypeArgs())
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels and maps
		m, isMap := t.(*types.Map)
		return f.spellable(t.Elem()) && (!isMap || f.spellable(m.Key()))
	case *types.Signature:
		return f.spellableTuple(t.Params()) && f.spellableTuple(t.Results())
	case *types.Struct:
		for field := range t.Fields() {
			if !field.Exported() && field.Pkg() != f.g.pkg.Go || !f.spellable(field.Type()) {
				return false
			}
		}
	case *types.Interface:
		return f.spellableInterface(t)
	}
	return true
}

func (f *file) spellableInterface(t *types.Interface) bool {
	for m := range t.ExplicitMethods() {
		if !m.Exported() && m.Pkg() != f.g.pkg.Go || !f.spellable(m.Signature()) {
			return false
		}
	}
	for e := range t.EmbeddedTypes() {
		if !f.spellable(e) {
			return false
		}
	}
	return true
}

func (f *file) spellableTuple(vars *types.Tuple) bool {
	for v := range vars.Variables() {
		if !f.spellable(v.Type()) {
			return false
		}
	}
	return true
}

func (f *file) spellableList(list *types.TypeList) bool {
	for t := range list.Types() {
		if !f.spellable(t) {
			return false
		}
	}
	return true
}

// visible says whether a type's name can be used in this package.
func (f *file) visible(o *types.TypeName) bool {
	p := o.Pkg()
	if p == nil || p == f.g.pkg.Go {
		return true
	}
	return token.IsExported(o.Name()) && importableFrom(f.g.pkg.Go.Path(), p.Path())
}

// importableFrom says whether the package with the path from may import the one
// with the path to, as the go command has it of internal packages.
func importableFrom(from, to string) bool {
	const internal = "internal"
	i := strings.LastIndex("/"+to+"/", "/"+internal+"/")
	if i < 0 {
		return true
	}
	parent := strings.TrimSuffix(to[:i], "/")
	return parent != "" && (from == parent || strings.HasPrefix(from, parent+"/"))
}
