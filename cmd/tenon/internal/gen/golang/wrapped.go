package golang

import (
	"go/types"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A knot is a list or map that contains itself without a struct between, as
// type L []L does. What is written for a list or map stands where it is used, which
// would have no end here: a knot has functions of its own, as structs have.
// Nothing but lists, maps and pointers is in it, so they need no context, and
// whether refs are kept is no question.
type knot struct {
	of     *model.Type
	writer string
	reader string
}

// wrapsItself says whether the list or map in t contains t. Each of them has one
// type of element, so there is one way to follow: the keys of a map can't contain
// it, and a struct's functions end what is written in one place.
func wrapsItself(t *model.Type) bool {
	seen := make(map[*model.Type]bool)
	for in := t.Elem.Elem; in != nil && !seen[in]; in = in.Elem {
		if in.Kind == model.Wrapped && types.Identical(in.Elem.Go, t.Elem.Go) {
			return true
		}
		seen[in] = true
	}
	return false
}

// knotOf is the knot that t, which is Wrapped, is a use of, or nil.
func (g *generator) knotOf(t *model.Type) *knot {
	for _, k := range g.knots {
		if types.Identical(k.of.Elem.Go, t.Elem.Go) {
			return k
		}
	}
	return nil
}

// findKnots names the functions of all knots. A message is shared by types that
// are the same in protobuf, so that a name may be taken already.
func (g *generator) findKnots() {
	seen := make(map[*model.Message]bool)
	for _, m := range g.roots() {
		walk(m, seen, func(t *model.Type) {
			if t.Kind != model.Wrapped || g.knotOf(t) != nil || !wrapsItself(t) {
				return
			}
			name := types.TypeString(t.Elem.Go, nil)
			g.knots = append(g.knots, &knot{
				of:     t,
				writer: g.names.top("write list "+name, "write"+t.Message.Name),
				reader: g.names.top("read list "+name, "read"+t.Message.Name),
			})
		})
	}
}

// roots are the messages through which all others of the package are reached.
func (g *generator) roots() []*model.Message {
	var all []*model.Message
	all = append(all, g.pkg.Messages...)
	for _, i := range g.pkg.Interfaces {
		for _, m := range i.Methods {
			all = append(all, m.Request, m.Response)
		}
	}
	for _, e := range g.pkg.Errors {
		all = append(all, e.Message)
	}
	return all
}

// knotFuncs writes the functions of all knots, once in the package.
func (f *file) knotFuncs() {
	if f.source != f.g.first || len(f.g.knots) == 0 {
		return
	}
	f.section("lists and maps that contain themselves")
	for _, k := range f.g.knots {
		f.writeKnot(k)
		f.readKnot(k)
	}
}

func (f *file) writeKnot(k *knot) {
	s := f.scope("m", "num", "v")
	w := &writer{scope: s, msg: f.ident("m"), kept: "false"}
	f.comment(k.writer + " writes v as a nested message.")
	f.p("func %s($m *$tenon.Message, $num int32, $v %s) {", k.writer, f.typ(k.of.Elem.Go))
	f.p("if $m.TooDeep() {")
	f.p("return")
	f.p("}")
	mark := s.fresh("mark")
	f.p("%s := $m.Begin($num)", mark)
	w.field(1, k.of.Elem, f.ident("v"))
	f.p("$m.End(%s)", mark)
	f.p("}")
	f.p("")
}

func (f *file) readKnot(k *knot) {
	s := f.scope("m", "v")
	r := &reader{scope: s, msg: f.ident("m"), ctx: background}
	f.comment(k.reader + " reads the current field, a nested message, into v.")
	f.p("func %s($m *$tenon.Message, $v *%s) {", k.reader, f.typ(k.of.Elem.Go))
	mark := s.fresh("mark")
	f.p("%s := $m.Enter()", mark)
	r.fields([]place{{num: 1, typ: k.of.Elem, x: deref(f.ident("v"))}})
	f.p("$m.Leave(%s)", mark)
	f.p("}")
	f.p("")
}
