package load

import (
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A claim is a name in the .proto file that something has.
type claim struct {
	what string // "type Entry", "request of Store.Get"
	pos  token.Position
	typ  bool // is a type or contract of the author's, which can be given another name
}

// claim takes a name that is not ours to choose.
func (l *loader) claim(name string, c claim) {
	if !isIdent(name) {
		l.problem(c.pos, "give it another with //tenon:name", "the name of %s, %s, is not one that protobuf allows: letters of English, digits and _", c.what, name)
		return
	}
	old := l.names[name]
	if old == nil {
		l.names[name] = &c
		return
	}
	if old.typ && !c.typ { // the one that can be renamed
		other := c
		old, c = &other, *old
	}
	l.problem(c.pos, "give one of them another name with //tenon:name", "%s has the name %s in the .proto, and so has %s at %s:%d", c.what, name, old.what, fileOf(old.pos), old.pos.Line)
}

// invent takes a name that is ours to choose: with a number behind it if it is
// taken, by a declaration of the package too.
func (l *loader) invent(name string, c claim) string {
	base := name
	for n := 2; l.taken(name); n++ {
		name = base + strconv.Itoa(n)
	}
	l.names[name] = &c
	return name
}

func (l *loader) taken(name string) bool {
	if l.names[name] != nil {
		return true
	}
	_, declared := l.src.types.Scope().Lookup(name).(*types.TypeName)
	return declared
}

// checkNames finds two enums whose values have the same name: values are names
// of the package in protobuf.
func (l *loader) checkNames() {
	enums, consts := map[string]*model.Enum{}, map[string]string{}
	for _, e := range l.out.Enums {
		for _, v := range e.Values {
			switch other := enums[v.Name]; other {
			case nil:
			case e:
				l.problem(v.Pos, "rename one of the two: capitals, underlines and the name of the type in front make no difference there", "constants %s and %s of enum %s have the same name in the .proto, %s", consts[v.Name], v.GoName, e.Name, v.Name)
			default:
				l.problem(e.Pos, "give one of the types another name with //tenon:name", "enum %s has a value %s, and so has %s at %s:%d", e.Name, v.Name, other.Name, fileOf(other.Pos), other.Pos.Line)
			}
			enums[v.Name], consts[v.Name] = e, v.GoName
		}
	}
}

// typeName is what a type is called as part of a name: Int, Entry, TimeMonth,
// IntList, StringIntMap.
func (l *loader) typeName(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return title(t.Name())
	case *types.Named:
		return l.goName(t)
	case *types.Pointer:
		return l.typeName(t.Elem())
	case *types.Slice:
		if isByte(t.Elem()) {
			return "Bytes"
		}
		return l.typeName(t.Elem()) + "List"
	case *types.Array:
		if isByte(t.Elem()) {
			return "Bytes"
		}
		return l.typeName(t.Elem()) + "List"
	case *types.Map:
		return l.typeName(t.Key()) + l.typeName(t.Elem()) + "Map"
	case *types.Struct:
		return "Struct"
	case *types.Signature:
		return "Func"
	case *types.Interface:
		return "Value"
	}
	return "Value"
}

// contentName is what a type is called in the name of a list or map of it.
func (l *loader) contentName(t *model.Type) string {
	switch t.Kind {
	case model.Struct:
		return t.Message.Name
	case model.EnumKind:
		return t.Enum.Name
	case model.Ref:
		return t.Interface.Name
	case model.Wrapped:
		return t.Message.Name
	case model.IO:
		return t.IO
	case model.Time:
		return "Time"
	case model.Duration:
		return "Duration"
	case model.Pointer:
		return l.contentName(t.Elem)
	}
	if _, ok := types.Unalias(t.Go).(*types.Named); !ok && t.Elem != nil {
		if t.Kind == model.Map {
			return l.contentName(t.Key) + l.contentName(t.Elem) + "Map"
		}
		return l.contentName(t.Elem) + "List"
	}
	return l.typeName(t.Go)
}

// goName is the name of a named type in generated code: with its package's if
// that is another one, and with its type arguments.
func (l *loader) goName(t *types.Named) string {
	obj := t.Obj()
	name := title(obj.Name())
	if obj.Pkg() == nil {
		return name
	}
	if !l.ours(obj) {
		name = title(obj.Pkg().Name()) + name
	}
	var b strings.Builder
	b.WriteString(name)
	for arg := range t.TypeArgs().Types() {
		b.WriteString(l.typeName(arg))
	}
	return b.String()
}

// protoName is the name of a type's message, enum or service, and its former
// ones. One that is not ours to choose is claimed.
func (l *loader) protoName(t *types.Named, d *decl) (name string, was []string) {
	goName, obj := l.goName(t), t.Obj()
	was = l.wasNames(d)
	c := claim{what: "type " + obj.Name(), pos: l.pos(obj), typ: true}
	if given := l.directive(d, "name"); given != nil && l.ours(obj) {
		l.claim(given.args[0], c)
		return given.args[0], was
	}
	if l.ours(obj) && obj.Exported() && t.TypeArgs().Len() == 0 {
		l.claim(goName, c)
		return goName, was
	}
	return l.invent(goName, c), was
}

// baseName is what names in generated code are made of for t, which is called wire
// in the .proto: a name that is given there doesn't change them.
func (l *loader) baseName(t *types.Named, d *decl, wire string) string {
	if l.directive(d, "name") == nil || !l.ours(t.Obj()) {
		return l.base(wire)
	}
	return l.base(l.goName(t))
}

// base takes a name for generated code, with a number behind it if it is taken.
func (l *loader) base(name string) string {
	base := name
	for n := 2; l.bases[name]; n++ {
		name = base + strconv.Itoa(n)
	}
	l.bases[name] = true
	return name
}

func (l *loader) wasNames(d *decl) []string {
	var was []string
	for _, found := range l.directives(d) {
		if found.name == "was" {
			was = append(was, found.args...)
		}
	}
	return was
}
