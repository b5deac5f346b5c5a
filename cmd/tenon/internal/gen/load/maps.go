package load

import (
	"go/types"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// mapType makes typ that of a map: protobuf's own where that allows the key,
// otherwise a list of entries, which is the same on the wire.
func (l *loader) mapType(typ *model.Type, t *types.Map, pl *place) {
	key := *pl
	key.what = "the key of " + pl.what
	value := *pl
	value.what = "the value of " + pl.what
	if !l.checkKey(t.Key(), &key) {
		typ.Kind = model.Invalid
		return
	}
	typ.Key = l.keyType(t.Key(), &key)
	if _, ok := streamOf(t.Elem()); ok {
		typ.Elem = l.element(t.Elem(), pl)
	} else {
		typ.Elem = l.wrap(l.contained(t.Elem(), &value), pl)
	}
	if typ.Key.Kind == model.Invalid || typ.Elem.Kind == model.Invalid {
		typ.Kind = model.Invalid
		return
	}
	switch typ.Key.Kind {
	case model.Bool, model.Int, model.Uint, model.String:
	default:
		typ.Message = l.entry(typ, t, pl)
	}
}

// keyType is that of a map's key: an enum is its integer there.
func (l *loader) keyType(t types.Type, pl *place) *model.Type {
	named, ok := types.Unalias(t).(*types.Named)
	if ok {
		if b, ok := named.Underlying().(*types.Basic); ok && !hasText(named) && !hasBinary(named) && !isDuration(named) {
			if !l.nameable(named, nil, pl) || !l.everywhere(named.Obj(), pl) {
				return invalid(t)
			}
			return l.basic(t, b, pl)
		}
	}
	return l.wrap(l.typeOf(t, pl), pl)
}

// checkKey refuses keys that are the same only in one process.
func (l *loader) checkKey(t types.Type, pl *place) bool {
	const hint = "use a key that is a value: a string, a number, a struct of them"
	if kind := identity(t, map[types.Type]bool{}); kind != "" {
		l.refuse(pl, hint, "is or contains %s, whose identity doesn't cross", kind)
		return false
	}
	if isResolved(t) && !types.Comparable(t) {
		l.refuse(pl, hint, "is %s, which can't be compared: Go has no such map", l.text(t))
		return false
	}
	return true
}

// isResolved reports whether the type checker knows t.
func isResolved(t types.Type) bool { return t.Underlying() != types.Typ[types.Invalid] }

// identity says what is compared by identity, not by value, in t.
func identity(t types.Type, seen map[types.Type]bool) string {
	if t = types.Unalias(t); seen[t] {
		return ""
	}
	seen[t] = true
	switch u := t.Underlying().(type) {
	case *types.Interface:
		return "an interface"
	case *types.Pointer:
		return "a pointer"
	case *types.Chan:
		return "a channel"
	case *types.Array:
		return identity(u.Elem(), seen)
	case *types.Struct:
		if named, ok := types.Unalias(t).(*types.Named); ok && (isTime(t) || hasText(named) || hasBinary(named)) {
			return ""
		}
		for field := range u.Fields() {
			if kind := identity(field.Type(), seen); kind != "" && field.Name() != "_" {
				return kind
			}
		}
	}
	return ""
}

// entry is the message of a map's keys and values.
func (l *loader) entry(typ *model.Type, t *types.Map, pl *place) *model.Message {
	key := "entry of " + contentKey(t)
	if m := l.wrappers[key]; m != nil {
		return m
	}
	m := &model.Message{Entry: true, Pos: pl.pos, File: pl.file}
	l.wrappers[key] = m
	m.Name = l.invent(l.contentName(typ.Key)+l.contentName(typ.Elem)+"Entry", claim{what: "the entries of " + l.text(t), pos: pl.pos})
	m.Fields = []*model.Field{
		{Name: "key", Pos: pl.pos, Type: typ.Key},
		{Name: "value", Pos: pl.pos, Type: typ.Elem},
	}
	l.out.Messages = append(l.out.Messages, m)
	return m
}
