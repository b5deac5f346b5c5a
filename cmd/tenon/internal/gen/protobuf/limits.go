package protobuf

import "github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"

// Limits are what a Go type allows, and the protobuf type doesn't show: they are
// written as options.
type Limits struct {
	Length  *int64 // elements that a list has at most; nil if it is no array
	Size    *int64 // bytes that a value has, unless it is absent; nil if it is no array
	Bits    int    // of an integer that has fewer than its protobuf type, else 0
	KeyBits int    // of a map's keys
	Format  string // the Go type that reads a string or bytes: "netip.Addr"
}

// Equal reports whether l and o allow the same.
func (l Limits) Equal(o Limits) bool {
	same := func(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }
	return same(l.Length, o.Length) && same(l.Size, o.Size) && l.Bits == o.Bits && l.KeyBits == o.KeyBits && l.Format == o.Format
}

// value adds those of one value.
func (l *Limits) value(t *model.Type) {
	l.Bits = narrow(t)
	switch t.Kind {
	case model.ByteArray:
		l.Size = &t.Len
	case model.Text, model.Binary:
		l.Format = goName(t.Go)
	}
}

// narrow returns the bits of an integer that has fewer than its protobuf type. An
// enum's has 32.
func narrow(t *model.Type) int {
	if (t.Kind == model.Int || t.Kind == model.Uint || t.Kind == model.EnumKind) && (t.Bits == 8 || t.Bits == 16) {
		return t.Bits
	}
	return 0
}

// Declarations returns how the fields of p are declared. Lists of the same content
// share a message, whether they are slices or arrays, so of its fields only those
// limits are told that all uses have.
func Declarations(p *model.Package) map[*model.Field]Decl {
	all := map[*model.Field]Decl{}
	u := uses{}
	for _, m := range messages(p) {
		for _, f := range m.Fields {
			all[f] = Declare(f)
		}
	}
	for _, m := range messages(p) {
		for _, f := range m.Fields {
			u.visit(f.Type, all)
		}
	}
	return all
}

// uses are the types that were visited: one may contain itself.
type uses map[*model.Type]bool

// visit limits, of the messages that t uses, the fields to what t has.
func (u uses) visit(t *model.Type, all map[*model.Field]Decl) {
	if t == nil || u[t] {
		return
	}
	u[t] = true
	switch {
	case t.Kind == model.Wrapped:
		share(t.Message, all, t.Elem)
	case t.Kind == model.Map && t.Message != nil:
		share(t.Message, all, t.Key, t.Elem)
	}
	u.visit(t.Key, all)
	u.visit(t.Elem, all)
}

func share(m *model.Message, all map[*model.Field]Decl, types ...*model.Type) {
	for i, t := range types {
		if t == nil || i >= len(m.Fields) {
			continue
		}
		f := m.Fields[i]
		d, use := all[f], declare(t, false)
		d.Length, d.Size = common(d.Length, use.Length), common(d.Size, use.Size)
		all[f] = d
	}
}

func common(a, b *int64) *int64 {
	if a == nil || b == nil || *a != *b {
		return nil
	}
	return a
}
