package golang

import (
	"go/types"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// zero is an expression for the zero value of t.
func (f *file) zero(t types.Type) string {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsBoolean != 0:
			return "false"
		case u.Info()&types.IsString != 0:
			return `""`
		case u.Info()&types.IsNumeric != 0:
			return "0"
		}
		return "nil"
	case *types.Struct, *types.Array:
		return f.typ(t) + "{}"
	}
	return "nil"
}

// zeroOperand is zero as something that a value can be compared with.
func (f *file) zeroOperand(t types.Type) string {
	if z := f.zero(t); strings.HasSuffix(z, "}") {
		return "(" + z + ")"
	}
	return f.zero(t)
}

// to converts x, which has type t, to the basic type called name, unless it is that.
func to(name string, t types.Type, x string) string {
	if isBasic(t, name) {
		return x
	}
	return name + "(" + x + ")"
}

// from converts x, which has the basic type called name, to t, unless it is that.
func (f *file) from(name string, t types.Type, x string) string {
	if isBasic(t, name) {
		return x
	}
	return f.typ(t) + "(" + x + ")"
}

func isBasic(t types.Type, name string) bool {
	b, ok := types.Unalias(t).(*types.Basic)
	return ok && types.Typ[b.Kind()].Name() == name
}

// deref is what the pointer x points to, address the pointer to x.
func deref(x string) string { return "*" + x }

func address(x string) string {
	if p, ok := strings.CutPrefix(x, "*"); ok {
		return p
	}
	return "&" + x
}

// operand is x where something is to follow it that binds more tightly than *.
func operand(x string) string {
	if strings.HasPrefix(x, "*") {
		return "(" + x + ")"
	}
	return x
}

// isPacked says whether a list of t is one field: of numbers, in protobuf's
// packed form.
func isPacked(t *model.Type) bool {
	t = target(t)
	switch t.Kind {
	case model.Bool, model.Int, model.Uint, model.Float, model.EnumKind:
		return true
	}
	return false
}

// target is what t points to if it is a pointer, else t.
func target(t *model.Type) *model.Type {
	if t.Kind == model.Pointer {
		return t.Elem
	}
	return t
}

// canBeNil says that a value of type t may be nil and stand for nothing, which
// can't cross as an element.
func canBeNil(t *model.Type) bool {
	switch t.Kind {
	case model.Pointer, model.Ref, model.IO, model.ErrorVal, model.Proto:
		return true
	}
	return false
}

// basicOf is the basic type under t.
func basicOf(t types.Type) types.BasicKind {
	if b, ok := t.Underlying().(*types.Basic); ok {
		return b.Kind()
	}
	return types.Invalid
}

// isUnsigned says whether the integer type under t has no negative values.
func isUnsigned(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsUnsigned != 0
}

// A need is what the functions of a message are to be given beside the message.
type need struct{ ctx, kept bool }

// needs says what m needs: kept if there are refs in it at any depth, ctx if some
// of them can be called only under a context that is known beforehand.
func (g *generator) needs(m *model.Message) need {
	n, ok := g.needed[m]
	if !ok {
		n.message(m)
		g.needed[m] = n
	}
	return n
}

func (n *need) message(m *model.Message) {
	walk(m, make(map[*model.Message]bool), func(t *model.Type) {
		switch t.Kind {
		case model.IO:
			n.ctx, n.kept = true, true
		case model.Ref:
			n.kept = true
			n.ctx = n.ctx || bound(t.Interface)
		}
	})
}

// reaches says whether something of the kind is in m, at any depth.
func reaches(m *model.Message, kind model.Kind) bool {
	found := false
	walk(m, make(map[*model.Message]bool), func(t *model.Type) { found = found || t.Kind == kind })
	return found
}

// walk visits all types in m.
func walk(m *model.Message, seen map[*model.Message]bool, visit func(*model.Type)) {
	if m == nil || seen[m] {
		return
	}
	seen[m] = true
	within := make(map[*model.Type]bool) // a list may contain itself
	var inside func(t *model.Type)
	inside = func(t *model.Type) {
		if t == nil || within[t] {
			return
		}
		within[t] = true
		visit(t)
		walk(t.Message, seen, visit)
		inside(t.Key)
		inside(t.Elem)
	}
	for _, field := range m.Fields {
		inside(field.Type)
	}
}

// comparable says whether values of type t can be compared with ==.
func comparable(t types.Type) bool { return types.Comparable(t) }

// namedOf is the object of a named type, or nil.
func namedOf(t types.Type) *types.TypeName {
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj()
	}
	return nil
}

// hasInterface says whether a comparison of values of type t may panic, because
// they hold interfaces.
func hasInterface(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Interface:
		return true
	case *types.Array:
		return hasInterface(u.Elem())
	case *types.Struct:
		for field := range u.Fields() {
			if hasInterface(field.Type()) {
				return true
			}
		}
	}
	return false
}

// hasFloat says whether a value of type t that is equal to the zero value need
// not be it, because it holds a negative zero.
func hasFloat(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&(types.IsFloat|types.IsComplex) != 0
	case *types.Array:
		return hasFloat(u.Elem())
	case *types.Struct:
		for field := range u.Fields() {
			if hasFloat(field.Type()) {
				return true
			}
		}
	}
	return false
}
