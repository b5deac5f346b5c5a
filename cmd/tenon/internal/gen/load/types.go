package load

import (
	"go/types"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

var (
	errorType = types.Universe.Lookup("error").Type()
	anyHint   = "use a concrete type, an interface with methods, or []byte with an encoding of your own"
)

// Files of the .proto that types need.
const (
	timestampProto = "google/protobuf/timestamp.proto"
	durationProto  = "google/protobuf/duration.proto"
	tenonProto     = "tenon/tenon.proto"
)

// typeOf returns how t crosses at pl. What can't cross is refused, and Invalid.
func (l *loader) typeOf(t types.Type, pl *place) *model.Type {
	if alias, ok := t.(*types.Alias); ok {
		if named, ok := types.Unalias(t).(*types.Named); ok {
			return l.named(named, alias, pl)
		}
		if !l.everywhere(alias.Obj(), pl) {
			return invalid(t)
		}
		typ := *l.typeOf(types.Unalias(t), pl)
		if l.importable(alias.Obj()) {
			typ.Go = t
		}
		return &typ
	}
	if _, named := t.(*types.Named); !named && l.tooLarge(t, pl) {
		return invalid(t)
	}
	switch t := t.(type) {
	case *types.Basic:
		return l.basic(t, t, pl)
	case *types.Named:
		return l.named(t, nil, pl)
	case *types.Pointer:
		return l.pointer(t, pl)
	case *types.Struct:
		return l.anonymous(t, pl)
	case *types.Interface:
		return l.unnamedInterface(t, pl)
	case *types.Signature:
		return l.function(t, pl)
	case *types.TypeParam:
		l.refuse(pl, "use the types that it stands for, in an interface for each", "is of the type parameter %s, which is not known when code is generated", t.Obj().Name())
	case *types.Chan:
		l.refuseChan(t, pl)
	default:
		typ := &model.Type{Go: t}
		l.composite(typ, t, pl)
		return typ
	}
	return invalid(t)
}

func invalid(t types.Type) *model.Type { return &model.Type{Go: t} }

func (l *loader) refuseChan(t *types.Chan, pl *place) {
	switch {
	case t.Dir() == types.RecvOnly:
		l.refuse(pl, "make it a parameter or a result of the method", "is a channel inside of something else: only a parameter or result itself can be a stream")
	case t.Dir() == types.SendOnly:
		l.refuse(pl, "use a function that is called with each value, or let the other side return a <-chan", "is a channel to send to, which can't cross: nobody could tell when its sender is done")
	default:
		l.refuse(pl, "use <-chan "+l.text(t.Elem())+", iter.Seq["+l.text(t.Elem())+"] or a function", "is a channel for both directions, which can't cross")
	}
}

// namedChan refuses a channel type with a name, also where a stream could be.
func (l *loader) namedChan(t *types.Named, u *types.Chan, pl *place) {
	if u.Dir() != types.RecvOnly {
		l.refuseChan(u, pl)
		return
	}
	elem := l.text(u.Elem())
	l.refuse(pl, "let the parameter or result be of type <-chan "+elem+", or iter.Seq["+elem+"], itself", "is of type %s, a channel type with a name of its own, which can't cross", l.text(t))
}

// text is a type as its author wrote it.
func (l *loader) text(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p == l.src.types {
			return ""
		}
		return p.Name()
	})
}

// basic is the type of basic b, or of t, which is named and has it underlying.
func (l *loader) basic(t types.Type, b *types.Basic, pl *place) *model.Type {
	typ := &model.Type{Go: t}
	switch b.Kind() {
	case types.Bool:
		typ.Kind = model.Bool
	case types.Int, types.Int8, types.Int16, types.Int32, types.Int64:
		typ.Kind, typ.Bits = model.Int, bitsOf(b)
	case types.Uint, types.Uint8, types.Uint16, types.Uint32, types.Uint64:
		typ.Kind, typ.Bits = model.Uint, bitsOf(b)
	case types.Uintptr:
		typ.Kind, typ.Bits = model.Uint, 64
	case types.Float32, types.Float64:
		typ.Kind, typ.Bits = model.Float, bitsOf(b)
	case types.Complex64, types.Complex128:
		typ.Kind, typ.Bits = model.Complex, bitsOf(b)
		l.uses[tenonProto] = true
	case types.String:
		typ.Kind = model.String
	case types.UnsafePointer:
		l.refuse(pl, "use []byte for what it points at", "is an unsafe.Pointer, which means nothing in another process")
	default:
		l.unresolved(t, pl)
	}
	return typ
}

// bitsOf are those in the name of the type: 0 of int and uint.
func bitsOf(b *types.Basic) int {
	switch {
	case strings.HasSuffix(b.Name(), "128"):
		return 128
	case strings.HasSuffix(b.Name(), "64"):
		return 64
	case strings.HasSuffix(b.Name(), "32"), b.Name() == "rune":
		return 32
	case strings.HasSuffix(b.Name(), "16"):
		return 16
	case strings.HasSuffix(b.Name(), "8"), b.Name() == "byte":
		return 8
	}
	return 0
}

// pointer is optional, but of what has a presence of its own.
func (l *loader) pointer(t *types.Pointer, pl *place) *model.Type {
	elem := types.Unalias(t.Elem())
	switch elem.Underlying().(type) {
	case *types.Pointer:
		l.refuse(pl, "use a single pointer, or a struct with a pointer in it", "is a pointer to a pointer, of which only one nil could cross")
		return invalid(t)
	case *types.Interface, *types.Signature, *types.Chan:
		l.refuse(pl, "use "+l.text(t.Elem())+" itself: it can be nil", "is a pointer to %s", article(elem.Underlying()))
		return invalid(t)
	}
	if named, ok := elem.(*types.Named); ok && isProto(named) {
		return l.protoMessage(t, named, pl)
	}
	inner := l.typeOf(t.Elem(), pl)
	if inner.Kind == model.Invalid {
		return invalid(t)
	}
	return &model.Type{Kind: model.Pointer, Go: t, Elem: l.wrap(inner, pl)}
}

func article(t types.Type) string {
	switch t.(type) {
	case *types.Interface:
		return "an interface"
	case *types.Signature:
		return "a function"
	}
	return "a channel"
}

// composite makes typ that of a slice, array or map: in place, because a named
// one may contain itself.
func (l *loader) composite(typ *model.Type, t types.Type, pl *place) {
	switch t := t.(type) {
	case *types.Slice:
		if isByte(t.Elem()) {
			typ.Kind = model.Bytes
			return
		}
		typ.Kind = model.Slice
		typ.Elem = l.element(t.Elem(), pl)
	case *types.Array:
		typ.Len = t.Len()
		if isByte(t.Elem()) {
			typ.Kind = model.ByteArray
			return
		}
		typ.Kind = model.Array
		typ.Elem = l.element(t.Elem(), pl)
	case *types.Map:
		typ.Kind = model.Map
		l.mapType(typ, t, pl)
		return
	default:
		l.refuse(pl, "", "is a %s, which can't cross", l.text(t))
		return
	}
	if typ.Elem.Kind == model.Invalid {
		typ.Kind = model.Invalid
	}
}

// isByte reports whether a slice of t is bytes: not if the elements have a name
// of their own, which may have methods or constants.
func isByte(t types.Type) bool {
	b, ok := types.Unalias(t).(*types.Basic)
	return ok && b.Kind() == types.Uint8
}

// element is the type of an element of a slice, array or map, wrapped in a
// message where protobuf allows no list or map.
func (l *loader) element(t types.Type, pl *place) *model.Type {
	inner := &place{pos: pl.pos, what: "an element of " + pl.what, short: pl.short, name: pl.name, file: pl.file, from: pl.from}
	if _, ok := streamOf(t); ok {
		l.refuse(inner, "make it a parameter or a result of the method", "is a stream inside of something else: only a parameter or result itself can be a stream")
		return invalid(t)
	}
	return l.wrap(l.contained(t, inner), pl)
}

// contained is the type of an element of a slice, array or map. It can't be a
// pointer that has a name and leads back here: what it points at would have to be
// known by now.
func (l *loader) contained(t types.Type, pl *place) *model.Type {
	typ := l.typeOf(t, pl)
	if l.filling[typ] {
		l.refuse(pl, "declare a struct with a name for what it points at: type Node struct { Children []*Node }",
			"is of type %s, a pointer that contains itself in a list or map", l.text(t))
		return invalid(t)
	}
	return typ
}

// wrap puts a slice, array or map in a message of its own.
func (l *loader) wrap(t *model.Type, pl *place) *model.Type {
	switch t.Kind {
	case model.Slice, model.Array, model.Map:
		return &model.Type{Kind: model.Wrapped, Go: t.Go, Elem: t, Message: l.wrapper(t, pl)}
	}
	return t
}

// wrapper is the message that holds a list or map. Those of the same content
// share one.
func (l *loader) wrapper(t *model.Type, pl *place) *model.Message {
	key := contentKey(t.Go)
	if m := l.wrappers[key]; m != nil {
		return m
	}
	m := &model.Message{Wrapper: true, Pos: pl.pos, File: pl.file}
	l.wrappers[key] = m
	m.Name = l.wrapperName(t, pl)
	field := "values"
	if t.Kind == model.Map {
		field = "entries"
	}
	m.Fields = []*model.Field{{Name: field, Pos: pl.pos, Type: t}}
	l.out.Messages = append(l.out.Messages, m)
	return m
}

// wrapperName is the name of the type where it has one, and says what is in it
// otherwise.
func (l *loader) wrapperName(t *model.Type, pl *place) string {
	if named, ok := types.Unalias(t.Go).(*types.Named); ok {
		name, _ := l.protoName(named, l.all.find(named.Obj()))
		return name
	}
	return l.invent(l.contentName(t), claim{what: "the message of " + l.text(t.Go), pos: pl.pos})
}

// contentKey is the same for types that are the same in protobuf: a slice and an
// array, with and without pointers.
func contentKey(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Slice:
		return "[]" + contentKey(t.Elem())
	case *types.Array:
		if isByte(t.Elem()) {
			return "[]byte"
		}
		return "[]" + contentKey(t.Elem())
	case *types.Map:
		return "map[" + contentKey(t.Key()) + "]" + contentKey(t.Elem())
	case *types.Pointer:
		return contentKey(t.Elem())
	default:
		return types.TypeString(t, nil)
	}
}
