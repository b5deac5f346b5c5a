package load

import (
	"go/types"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A codec is how a type turns itself to text or bytes and back.
type codec struct {
	kind                       model.Kind
	append, marshal, unmarshal string
}

var (
	textCodec   = codec{model.Text, "AppendText", "MarshalText", "UnmarshalText"}
	binaryCodec = codec{model.Binary, "AppendBinary", "MarshalBinary", "UnmarshalBinary"}
)

func hasText(t *types.Named) bool   { return textCodec.of(t, &model.Type{}) }
func hasBinary(t *types.Named) bool { return binaryCodec.of(t, &model.Type{}) }

// marshals makes typ Text or Binary if t has the methods of one.
func (l *loader) marshals(typ *model.Type, t *types.Named) bool {
	if !textCodec.of(t, typ) && !binaryCodec.of(t, typ) {
		return false
	}
	typ.Comparable = isComparable(t)
	return true
}

// of reports whether t has both halves of c, and sets what typ has to say of them.
func (c codec) of(t *types.Named, typ *model.Type) bool {
	if !c.decodes(t) {
		return false
	}
	switch {
	case has(t, c.append, "([]byte) ([]byte, error)"):
		typ.Append = true
	case has(t, c.marshal, "() ([]byte, error)"):
	case has(types.NewPointer(t), c.append, "([]byte) ([]byte, error)"):
		typ.Append, typ.Addr = true, true
	case has(types.NewPointer(t), c.marshal, "() ([]byte, error)"):
		typ.Addr = true
	default:
		return false
	}
	typ.Kind = c.kind
	return true
}

func (c codec) decodes(t *types.Named) bool {
	return has(types.NewPointer(t), c.unmarshal, "([]byte) error")
}

// has reports whether t's method set has the method. One that is promoted from an
// embedded field counts only if there is nothing beside that field: it would
// leave out the rest.
func has(t types.Type, name, signature string) bool {
	sel := types.NewMethodSet(t).Lookup(nil, name)
	if sel == nil || plainText(sel.Obj().Type()) != signature {
		return false
	}
	if len(sel.Index()) == 1 {
		return true
	}
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	return ok && s.NumFields() == 1
}

// plainText is a signature without the names of its parameters.
func plainText(t types.Type) string {
	sig, ok := t.(*types.Signature)
	if !ok || sig.Variadic() {
		return ""
	}
	text := "(" + tupleText(sig.Params()) + ")"
	switch results := tupleText(sig.Results()); sig.Results().Len() {
	case 0:
		return text
	case 1:
		return text + " " + results
	default:
		return text + " (" + results + ")"
	}
}

func tupleText(tuple *types.Tuple) string {
	text := ""
	for v := range tuple.Variables() {
		if text != "" {
			text += ", "
		}
		name := types.TypeString(v.Type(), nil)
		if types.Identical(v.Type(), types.NewSlice(types.Typ[types.Byte])) {
			name = "[]byte" // or []uint8
		}
		text += name
	}
	return text
}

// isComparable reports whether values of t can be compared, and that never panics.
func isComparable(t types.Type) bool { return types.Comparable(t) && !holdsInterface(t) }

func holdsInterface(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Interface:
		return true
	case *types.Array:
		return holdsInterface(u.Elem())
	case *types.Struct:
		for field := range u.Fields() {
			if holdsInterface(field.Type()) {
				return true
			}
		}
	}
	return false
}
