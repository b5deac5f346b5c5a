package load

import (
	"go/types"
	"slices"

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
func (l *loader) marshals(typ *model.Type, t *types.Named, pl *place) bool {
	c := textCodec
	if !c.of(t, typ) {
		if c = binaryCodec; !c.of(t, typ) {
			return false
		}
	}
	if c.onNil(t) {
		typ.Kind = model.Invalid
		l.refuse(pl, "embed the value, not a pointer, or give the type methods of its own",
			"is of type %s, whose %s is that of what it embeds: that is nil when a value arrives, so that none could be read", l.text(t), c.unmarshal)
		return true
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
// embedded field counts only if there is nothing beside that field, at any level:
// it would leave out the rest.
func has(t types.Type, name, signature string) bool {
	sel := types.NewMethodSet(t).Lookup(nil, name)
	if sel == nil || plainText(sel.Obj().Type()) != signature {
		return false
	}
	for _, s := range promotedThrough(t, sel) {
		if s.NumFields() != 1 {
			return false
		}
	}
	return true
}

// promotedThrough are the structs between t and what declares the method, t's own
// first: none if that is t.
func promotedThrough(t types.Type, sel *types.Selection) []*types.Struct {
	var all []*types.Struct
	path := sel.Index()
	for _, at := range path[:len(path)-1] {
		s, ok := pointee(t).Underlying().(*types.Struct)
		if !ok {
			break
		}
		all = append(all, s)
		t = s.Field(at).Type()
	}
	return all
}

// pointee is what t points at, or t itself.
func pointee(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// onNil reports whether t, which decodes itself, does that by the method of an
// embedded pointer or interface: that is nil when a value arrives.
func (c codec) onNil(t *types.Named) bool {
	ptr := types.NewPointer(t)
	sel := types.NewMethodSet(ptr).Lookup(nil, c.unmarshal)
	return slices.ContainsFunc(promotedThrough(ptr, sel), func(s *types.Struct) bool {
		switch s.Field(0).Type().Underlying().(type) {
		case *types.Pointer, *types.Interface:
			return true
		}
		return false
	})
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
func isComparable(t types.Type) bool {
	return types.Comparable(t) && !holdsInterface(t, map[types.Type]bool{})
}

// holdsInterface leaves out what it has seen: structs of structs may hold one type
// very often.
func holdsInterface(t types.Type, seen map[types.Type]bool) bool {
	if t = types.Unalias(t); seen[t] {
		return false
	}
	seen[t] = true
	switch u := t.Underlying().(type) {
	case *types.Interface:
		return true
	case *types.Array:
		return holdsInterface(u.Elem(), seen)
	case *types.Struct:
		for field := range u.Fields() {
			if holdsInterface(field.Type(), seen) {
				return true
			}
		}
	}
	return false
}
