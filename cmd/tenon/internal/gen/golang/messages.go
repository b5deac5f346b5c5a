package golang

import (
	"slices"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// messages writes the codecs of the types that belong to the file.
func (f *file) messages() {
	begun := false
	for _, m := range f.g.pkg.Messages {
		if m.Func == "" || m.File != f.source {
			continue
		}
		if !begun {
			f.section("types")
			begun = true
		}
		f.guard(m.Go)
		f.writeFunc(m)
		f.readFunc(m)
	}
}

func (f *file) section(name string) {
	f.p("// ---- %s", name)
	f.p("")
}

func (f *file) writeFunc(m *model.Message) {
	name := f.g.writeMessage(m)
	s := f.scope("m", "num", "v", "kept")
	w := &writer{scope: s, msg: f.ident("m"), kept: f.ident("kept")}
	text := name + " writes v as a nested message."
	more := ""
	if f.g.needs(m).kept {
		more = ", $kept bool"
		text += " If kept is true, what it refers to may be kept."
	}
	f.comment(text)
	f.p("func %s($m *$tenon.Message, $num int32, $v *%s"+more+") {", name, f.typ(m.Go))
	if m.Recursive {
		f.p("if $m.TooDeep() {")
		f.p("return")
		f.p("}")
	}
	mark := s.fresh("mark")
	f.p("%s := $m.Begin($num)", mark)
	for _, field := range m.Fields {
		w.of(field).field(field.Number, field.Type, f.expand("$v.")+field.GoName)
	}
	f.p("$m.End(%s)", mark)
	f.p("}")
	f.p("")
}

// of is the writer for a field: what is said of the field alone goes before what
// is said of all.
func (w *writer) of(field *model.Field) *writer {
	if !field.Kept {
		return w
	}
	kept := *w
	kept.kept = "true"
	return &kept
}

func (f *file) readFunc(m *model.Message) {
	name := f.g.readMessage(m)
	s := f.scope("ctx", "m", "v")
	r := &reader{scope: s, msg: f.ident("m"), ctx: "$ctx"}
	first := ""
	text := name + " reads the current field, a nested message, into v."
	if f.g.needs(m).ctx {
		first = "$ctx $context.Context, "
		text += " Methods of what it refers to that have no context of their own are called under ctx."
	}
	f.comment(text)
	f.p("func %s("+first+"$m *$tenon.Message, $v *%s) {", name, f.typ(m.Go))
	mark := s.fresh("mark")
	f.p("%s := $m.Enter()", mark)
	r.message(m, f.expand("$v."))
	f.p("$m.Leave(%s)", mark)
	f.p("}")
	f.p("")
}

// message prints the loop that reads the fields of a struct; prefix is what comes
// before their names. What the other side knows beside them is skipped.
func (r *reader) message(m *model.Message, prefix string) {
	if len(m.Fields) == 0 {
		return
	}
	places := make([]place, len(m.Fields))
	for i, field := range m.Fields {
		places[i] = place{num: field.Number, typ: field.Type, x: prefix + field.GoName}
		if field.Kept {
			places[i].ctx = background
		}
	}
	r.fields(places)
}

// background is the context of what outlives the call that it came with.
const background = "$context.Background()"

func (f *file) background() string { return f.expand(background) }

// writeProto and readProto are the names of the helpers for protobuf messages.

func (g *generator) writeProto() string { return g.names.top("write proto", "writeProto") }
func (g *generator) readProto() string  { return g.names.top("read proto", "readProto") }

// protoHelpers writes what protobuf messages are written and read by, once in
// the package.
func (f *file) protoHelpers() {
	if f.source != f.g.first || !f.g.hasProto() {
		return
	}
	f.p("// %s writes v as a nested message.", f.g.writeProto())
	f.p("func %s($m *$tenon.Message, $num int32, $v $proto.Message) {", f.g.writeProto())
	f.p("b, $err := $proto.Marshal($v)")
	f.p("if $err != nil {")
	f.p("$m.Fail($err)")
	f.p("return")
	f.p("}")
	f.p("$m.WriteBytes($num, b)")
	f.p("}")
	f.p("")
	f.p("// %s reads the current field into v, which keeps what the field does not say.", f.g.readProto())
	f.p("func %s($m *$tenon.Message, $v $proto.Message) {", f.g.readProto())
	f.p("if $err := ($proto.UnmarshalOptions{Merge: true}).Unmarshal($m.ReadView(), $v); $err != nil {")
	f.p("$m.Fail($err)")
	f.p("}")
	f.p("}")
	f.p("")
}

// hasProto says whether a protobuf message occurs anywhere in the package.
func (g *generator) hasProto() bool {
	return slices.ContainsFunc(g.roots(), func(m *model.Message) bool { return reaches(m, model.Proto) })
}
