package load

import (
	"go/types"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A streamType is what a type that is a stream has.
type streamType struct {
	kind      model.StreamKind
	key, elem types.Type
}

// streamOf returns what kind of stream t is, if it is one.
func streamOf(t types.Type) (streamType, bool) {
	switch t := types.Unalias(t).(type) {
	case *types.Chan:
		return streamType{model.Chan, nil, t.Elem()}, t.Dir() == types.RecvOnly
	case *types.Named:
		if isNamedAs(t, "iter", "Seq") {
			return streamType{model.Seq, nil, t.TypeArgs().At(0)}, true
		}
		if !isNamedAs(t, "iter", "Seq2") {
			break
		}
		k, v := t.TypeArgs().At(0), t.TypeArgs().At(1)
		if types.Identical(v, errorType) {
			return streamType{model.SeqErr, nil, k}, true
		}
		return streamType{model.Seq2, k, v}, true
	}
	return streamType{}, false
}

// stream makes the fields of a parameter or result that is one, else it is nil.
func (t *tuple) stream(p *model.Param, unnamed string, pl *place) *model.Stream {
	typ, ok := streamOf(p.Go)
	if !ok {
		return nil
	}
	s := &model.Stream{Kind: typ.kind}
	base, goName := snake(p.Name), p.Name
	if !isIdent(base) {
		base = ""
	}
	name := func(end string) string {
		if base == "" {
			return end
		}
		return base + "_" + end
	}
	in := *pl
	in.what = "an element of " + pl.what
	if typ.kind == model.Seq2 {
		s.Key = t.element(name("key"), suffixed(goName, "Key"), typ.key, &in)
		s.Elem = t.element(name("value"), suffixed(goName, "Value"), typ.elem, &in)
		return s
	}
	if base == "" {
		base = unnamed
	}
	s.Elem = t.element(base, goName, typ.elem, &in)
	if typ.kind == model.SeqErr && t.label == "parameter" {
		t.l.uses[tenonProto] = true
		s.Err = t.element(base+"_error", suffixed(goName, "Err"), errorType, &in)
	}
	return s
}

func suffixed(name, end string) string {
	if name == "" {
		return ""
	}
	return name + end
}

// element is the field of an element, which can't be a stream again.
func (t *tuple) element(name, goName string, typ types.Type, pl *place) *model.Field {
	if _, ok := streamOf(typ); ok {
		t.l.refuse(pl, "let the elements have what tells them apart, and send one stream", "is a stream again")
		return &model.Field{Name: name, GoName: goName, Pos: pl.pos, Type: invalid(typ)}
	}
	return t.field(name, goName, typ, pl)
}

func streamFields(s *model.Stream) []*model.Field {
	var list []*model.Field
	for _, f := range []*model.Field{s.Key, s.Elem, s.Err} {
		if f != nil {
			list = append(list, f)
		}
	}
	return list
}
