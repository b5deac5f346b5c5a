package load

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

const maxParts = 4

// contracts finds the marked interfaces and their optional parts.
func (l *loader) contracts() {
	marked := map[string]*model.Interface{}
	for _, d := range l.interfaceDecls() {
		if l.directive(d, "contract") != nil {
			if it := l.contract(d); it != nil {
				marked[d.name] = it
			}
		}
	}
	for _, d := range l.interfaceDecls() {
		l.checkContract(d)
		if opt := l.directive(d, "optional"); opt != nil {
			l.part(d, opt, marked)
		}
	}
	for _, it := range l.out.Interfaces {
		l.later(it)
	}
}

// interfaceDecls are the interfaces that the package declares, in the order of
// the source.
func (l *loader) interfaceDecls() []*decl {
	var list []*decl
	for _, d := range l.index.byName {
		if d.kind == anInterface {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b *decl) int { return cmp.Compare(a.pos, b.pos) })
	return list
}

// checkContract finds directives of contracts on interfaces that are none.
func (l *loader) checkContract(d *decl) {
	fake := l.directive(d, "fake")
	if fake == nil || l.directive(d, "contract") != nil || l.directive(d, "optional") != nil {
		return
	}
	check := func() {
		if !slices.ContainsFunc(l.reached, func(it *model.Interface) bool { return it.Fake && it.Pos == l.all.position(d.pos) }) {
			l.problem(fake.pos, "add //tenon:contract, or remove it", "//tenon:fake is on %s, which is not a contract, and which no contract passes", d.name)
		}
	}
	if len(l.out.Interfaces) == 0 {
		check() // there is nothing to wait for
		return
	}
	l.after = append(l.after, check)
}

// contract is a marked interface.
func (l *loader) contract(d *decl) *model.Interface {
	mark, pos := l.directive(d, "contract"), l.all.position(d.pos)
	obj, ok := l.src.types.Scope().Lookup(d.name).(*types.TypeName)
	if !ok {
		return nil // declared twice
	}
	named, ok := obj.Type().(*types.Named)
	switch {
	case !ok:
		l.problem(mark.pos, "mark the interface itself", "//tenon:contract is on the alias %s", d.name)
	case named.TypeParams().Len() > 0:
		l.problem(pos, "declare an interface for each type that it is used with", "contract %s has type parameters: the other side would have to know what they stand for", d.name)
	case !obj.Exported():
		l.problem(pos, "name it "+title(d.name), "contract %s is not exported: Serve%s and Open%s could not be used with it elsewhere", d.name, title(d.name), title(d.name))
	case l.all.constraintOf(d.file, notRelease) != "":
		l.problem(pos, everywhereHint, "contract %s is declared in a file that is not built everywhere, by %s", d.name, l.all.constraintOf(d.file, notRelease))
	default:
		it := l.newInterface(d, named)
		it.Marked = true
		l.out.Interfaces = append(l.out.Interfaces, it)
		return it
	}
	return nil
}

// newInterface is a named interface, whose methods are looked at later.
func (l *loader) newInterface(d *decl, t *types.Named) *model.Interface {
	it := &model.Interface{Go: t, Doc: docText(d.doc), Pos: l.pos(t.Obj()), File: fileOf(l.pos(t.Obj()))}
	it.Fake = l.ours(t.Obj()) && l.directive(d, "fake") != nil
	l.ifaces.Set(t, it)
	it.Wire, it.Was = l.protoName(t, d)
	it.Name = l.baseName(t, d, it.Wire)
	it.Full = l.out.Proto + "." + it.Wire
	return it
}

func (l *loader) later(it *model.Interface) {
	l.queue = append(l.queue, func() { l.fillInterface(it) })
}

// part makes the interface d an optional part of a contract.
func (l *loader) part(d *decl, opt *directive, marked map[string]*model.Interface) {
	if len(opt.args) == 0 {
		l.problem(opt.pos, "write //tenon:optional Contract", "//tenon:optional above an interface needs the name of the contract that it is a part of")
		return
	}
	if l.directive(d, "contract") != nil {
		l.problem(opt.pos, "remove one of the two", "%s can't be a contract and an optional part of one", d.name)
		return
	}
	it := marked[opt.args[0]]
	if it == nil {
		hint := suggest("", opt.args[0], marked)
		if len(marked) == 0 {
			hint = "mark the interface that it is a part of with //tenon:contract: there is none yet"
		}
		l.problem(opt.pos, hint, "//tenon:optional names %s, which is not a contract of this package", opt.args[0])
		return
	}
	obj, ok := l.src.types.Scope().Lookup(d.name).(*types.TypeName)
	if !ok {
		return
	}
	if named, ok := obj.Type().(*types.Named); ok && named.TypeParams().Len() > 0 {
		l.problem(l.all.position(d.pos), "declare it without", "%s, an optional part of %s, has type parameters", d.name, it.Name)
		return
	}
	if why := l.all.constraintOf(d.file, notRelease); why != "" {
		l.problem(l.all.position(d.pos), everywhereHint, "%s, an optional part of %s, is declared in a file that is not built everywhere, by %s", d.name, it.Name, why)
		return
	}
	if len(it.Parts) == maxParts {
		l.problem(opt.pos, "put methods that come together in one interface, or mark single methods with //tenon:optional", "%s has more than %d optional parts: there would be a type for each combination of them", it.Name, maxParts)
		return
	}
	it.Parts = append(it.Parts, &model.Part{Name: d.name, Go: obj.Type(), Doc: docText(d.doc), Pos: l.all.position(d.pos), Fake: l.directive(d, "fake") != nil})
}

// namedInterface makes typ a ref to an interface with a name.
func (l *loader) namedInterface(typ *model.Type, t *types.Named, pl *place) {
	if !l.crosses(t, pl) {
		return
	}
	l.uses[tenonProto] = true
	typ.Kind = model.Ref
	if known, ok := l.ifaces.At(t).(*model.Interface); ok {
		known.Ref = true
		typ.Interface = known
		return
	}
	d := l.all.find(t.Obj())
	if !l.ours(t.Obj()) && l.all.has(d, "contract") {
		typ.Interface = l.foreign(t, d, pl)
		return
	}
	typ.Interface = l.newInterface(d, t)
	if !l.ours(t.Obj()) {
		typ.Interface.File = pl.file
	}
	l.reach(typ.Interface)
}

// reach notes an interface that is not marked.
func (l *loader) reach(it *model.Interface) {
	it.Ref = true
	if it.Func {
		l.funcs = append(l.funcs, it)
	} else {
		l.reached = append(l.reached, it)
	}
	l.later(it)
}

// foreign is a marked contract of another package, which has its own stubs.
func (l *loader) foreign(t *types.Named, d *decl, pl *place) *model.Interface {
	it := &model.Interface{Name: l.base(l.goName(t)), Go: t, Foreign: true, Ref: true, Doc: docText(d.doc), Pos: l.pos(t.Obj()), File: pl.file}
	l.ifaces.Set(t, it)
	it.Wire = t.Obj().Name()
	if given := l.directive(d, "name"); given != nil && len(given.args) == 1 {
		it.Wire = given.args[0]
	}
	it.Full = l.protoOf(t.Obj().Pkg()) + "." + it.Wire
	l.reached = append(l.reached, it)
	return it
}

// protoOf is the protobuf package of another package's contracts.
func (l *loader) protoOf(p *types.Package) string {
	for _, group := range l.all.index(p.Path()).loose {
		for _, d := range parseDirectives(l.all, group) {
			if d.name == "package" && len(d.args) == 1 {
				return d.args[0]
			}
		}
	}
	return p.Name()
}

// unnamedInterface is a ref to an interface that is called after where it is.
func (l *loader) unnamedInterface(t *types.Interface, pl *place) *model.Type {
	if !l.crosses(t, pl) {
		return invalid(t)
	}
	l.uses[tenonProto] = true
	it := &model.Interface{Go: t, Pos: pl.pos, File: pl.file}
	it.Name = l.invent(pl.name, claim{what: "the interface " + pl.short, pos: pl.pos})
	it.Wire, it.Full, it.Was = it.Name, l.out.Proto+"."+it.Name, pl.was
	it.Name = l.base(it.Wire)
	l.origins[it] = pl
	it.Doc = it.Name + " is the interface " + pl.short + "."
	l.reach(it)
	return &model.Type{Kind: model.Ref, Go: t, Interface: it}
}

// crosses refuses interfaces that can't be implemented by a stub.
func (l *loader) crosses(written types.Type, pl *place) bool {
	t := written.Underlying().(*types.Interface)
	if !t.IsMethodSet() {
		l.refuse(pl, "use an interface with methods only", "is a constraint, %s, not an interface that values have", l.text(t))
		return false
	}
	if t.NumMethods() == 0 {
		what := l.text(written)
		if _, named := written.(*types.Named); named {
			what += ", an empty interface"
		}
		l.refuse(pl, anyHint, "is %s: the other side can't know which types its values have", what)
		return false
	}
	return l.allExported(t, pl)
}

func (l *loader) allExported(t *types.Interface, pl *place) bool {
	for m := range t.Methods() {
		if !m.Exported() {
			l.refuse(pl, "export the method, or take it out of the interface", "is an interface with the method %s, which is not exported: nothing in another process could implement it", m.Name())
			return false
		}
	}
	return true
}

// fillInterface looks at the methods of an interface or function.
func (l *loader) fillInterface(it *model.Interface) {
	if sig, ok := it.Go.Underlying().(*types.Signature); ok {
		if len(it.Methods) == 0 {
			it.Methods = append(it.Methods, l.callMethod(it, sig))
		}
		return
	}
	if it.Marked && !l.isContract(it) {
		return
	}
	have := map[string]*types.Func{}
	for _, f := range l.ordered(it.Go) {
		have[f.Name()] = f
		it.Methods = append(it.Methods, l.method(it, f, nil))
	}
	for _, part := range it.Parts {
		l.fillPart(it, part, have)
	}
}

// isContract refuses marked interfaces that can't be contracts. One without
// methods can be: it says that the other side is there.
func (l *loader) isContract(it *model.Interface) bool {
	t := it.Go.Underlying().(*types.Interface)
	if t.IsMethodSet() && t.NumMethods() == 0 {
		l.warn(it.Pos, "", "contract %s has no methods, so that there is nothing to call", it.Name)
		return true
	}
	return l.crosses(it.Go, &place{pos: it.Pos, what: "contract " + it.Name, file: it.File, name: it.Name})
}

// fillPart adds the methods of an optional part, but those of the contract itself.
func (l *loader) fillPart(it *model.Interface, part *model.Part, have map[string]*types.Func) {
	pl := &place{pos: part.Pos, what: part.Name, file: it.File, name: part.Name}
	if !l.allExported(part.Go.Underlying().(*types.Interface), pl) {
		return
	}
	for _, f := range l.ordered(part.Go) {
		if old := have[f.Name()]; old != nil {
			if old.Pkg() != f.Pkg() || old.Pos() != f.Pos() {
				l.problem(l.pos(f), "give it another name", "%s.%s is a method of %s, or of another of its optional parts, too", part.Name, f.Name(), it.Name)
			}
			continue
		}
		have[f.Name()] = f
		it.Methods = append(it.Methods, l.method(it, f, part))
	}
}

// checkWire finds two methods with the same name on the wire.
func (l *loader) checkWire(it *model.Interface, m *model.Method) {
	for _, other := range it.Methods {
		if other.Wire == m.Wire {
			l.problem(m.Pos, "give one of them another with //tenon:name", "methods %s and %s of %s have the same name on the wire, %s", other.Name, m.Name, it.Name, m.Wire)
			m.Wire = m.Name
			return
		}
	}
}

// ordered are the methods of an interface in the order of its source, embedded
// ones where they are embedded.
func (l *loader) ordered(t types.Type) []*types.Func {
	all := t.Underlying().(*types.Interface)
	var list []*types.Func
	seen := map[string]bool{}
	add := func(f *types.Func) {
		if !seen[f.Name()] {
			seen[f.Name()] = true
			list = append(list, f)
		}
	}
	l.walk(t, add)
	for f := range all.Methods() { // what could not be found in the source
		add(f)
	}
	return list
}

// walk calls add for the methods of an interface as its source lists them.
func (l *loader) walk(t types.Type, add func(*types.Func)) {
	iface, ok := t.Underlying().(*types.Interface)
	if !ok {
		return
	}
	type elem struct {
		line  token.Position
		visit func()
	}
	var elems []elem
	for f := range iface.ExplicitMethods() {
		elems = append(elems, elem{l.pos(f), func() { add(f) }})
	}
	places := l.embeddedPlaces(t)
	for i := range iface.NumEmbeddeds() {
		pos := token.Position{Line: 1 << 30}
		if i < len(places) {
			pos = places[i]
		}
		elems = append(elems, elem{pos, func() { l.walk(iface.EmbeddedType(i), add) }})
	}
	slices.SortStableFunc(elems, func(a, b elem) int {
		return cmp.Or(cmp.Compare(a.line.Line, b.line.Line), cmp.Compare(a.line.Column, b.line.Column))
	})
	for _, e := range elems {
		e.visit()
	}
}

// embeddedPlaces is where an interface with a name embeds others.
func (l *loader) embeddedPlaces(t types.Type) []token.Position {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return nil
	}
	expr, ok := l.all.find(named.Obj()).typ.(*ast.InterfaceType)
	if !ok {
		return nil
	}
	var list []token.Position
	for _, field := range expr.Methods.List {
		if len(field.Names) == 0 {
			list = append(list, l.all.position(field.Pos()))
		}
	}
	return list
}

// function is a ref to a function without a type name: it is called after where
// it is.
func (l *loader) function(t *types.Signature, pl *place) *model.Type {
	l.uses[tenonProto] = true
	it := &model.Interface{Go: t, Func: true, Pos: pl.pos, File: pl.file}
	it.Name = l.invent(pl.name, claim{what: "the function " + pl.short, pos: pl.pos})
	it.Wire, it.Full, it.Was = it.Name, l.out.Proto+"."+it.Name, pl.was
	it.Name = l.base(it.Wire)
	l.origins[it] = pl
	it.Doc = fmt.Sprintf("%s is the function %s.", it.Name, pl.short)
	l.reach(it)
	return &model.Type{Kind: model.Ref, Go: t, Interface: it}
}

// namedFunction makes typ a ref to a function with a type name.
func (l *loader) namedFunction(typ *model.Type, t *types.Named, pl *place) {
	l.uses[tenonProto] = true
	it := l.newInterface(l.all.find(t.Obj()), t)
	it.Func = true
	if !l.ours(t.Obj()) {
		it.File = pl.file
	}
	typ.Kind, typ.Interface = model.Ref, it
	l.reach(it)
}
