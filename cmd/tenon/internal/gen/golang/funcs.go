package golang

import (
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// function writes all that belongs to a type of functions: the other side calls
// one as the only method of a contract.
func (f *file) function(i *model.Interface) {
	m := i.Methods[0]
	f.functionContract(i, m)
	f.writeFunction(i)
	f.readFunction(i, m)
	f.functionServer(i, m)
}

func (f *file) functionContract(i *model.Interface, m *model.Method) {
	what := "the functions of type " + i.Name
	if _, where, found := strings.Cut(i.Doc, " is the function "); found && namedOf(i.Go) == nil {
		what = "the function " + strings.TrimSuffix(where, ".")
	}
	f.comment(f.g.contractVar(i) + " is that of " + what + ".")
	f.p("var %s = &$tenon.Contract{", f.g.contractVar(i))
	f.p("Name: %q,", i.Full)
	f.p("Methods: []$tenon.Method{{%s}},", f.methodFields(i, m))
	if len(f.g.pkg.Errors) > 0 {
		f.p("Errors: %s,", f.g.errorDefs())
	}
	f.p("}")
	f.p("")
}

func (f *file) writeFunction(i *model.Interface) {
	f.comment(f.g.writeRef(i) + " writes f as a ref. Nil is not written.")
	f.p("func %s($m *$tenon.Message, $num int32, $f %s, $kept bool) {", f.g.writeRef(i), f.typ(i.Go))
	f.p("if $f == nil {")
	f.p("return")
	f.p("}")
	f.p("$m.WriteRef($num, $tenon.Service{Contract: %s, Server: %s($f)}, $kept)", f.g.contractVar(i), f.g.serverType(i))
	f.p("}")
	f.p("")
}

func (f *file) readFunction(i *model.Interface, m *model.Method) {
	first, text := "", f.g.readRef(i)+" reads the current field as a function on the other side, or as one of this side that has come home."
	if bound(i) {
		first = "$ctx $context.Context, "
		text += " It is called under ctx."
	}
	f.comment(text)
	f.p("func %s("+first+"$m *$tenon.Message) %s {", f.g.readRef(i), f.typ(i.Go))
	f.p("$ref, $home := $m.ReadRef(%s)", f.g.contractVar(i))
	f.p("if $ref == nil {")
	f.p("$f, _ := $tenon.Impl($home).(%s)", f.typ(i.Go))
	f.p("return $f")
	f.p("}")
	s := f.scope("ref", "home", "ctx", "call", "out", "in", "err")
	c := s.method(i, m)
	c.ref, c.ctx = f.ident("ref"), f.ident("ctx")
	f.p("return func%s {", c.signature())
	c.body()
	f.p("}")
	f.p("}")
	f.p("")
}

func (f *file) functionServer(i *model.Interface, m *model.Method) {
	name := f.g.serverType(i)
	f.comment(sentenceA(name) + " lets the other side of a connection call a function of this one.")
	f.p("type %s %s", name, f.signatureOf(i))
	f.p("")
	f.p("// TenonImpl returns the function itself.")
	f.p("func ($f %s) TenonImpl() any { return %s($f) }", name, f.conversion(i))
	f.p("")
	s := f.scope("f", "ctx", "call", "out", "in", "err")
	c := s.method(i, m)
	f.p("// ServeCall implements tenon.Server.")
	f.p("func ($f %s) ServeCall($ctx $context.Context, _ int, $call $tenon.Stream) error {", name)
	c.handle(f.ident("f"))
	f.p("}")
	f.p("")
}

// signatureOf is the function type itself, which a named one's name stands for.
func (f *file) signatureOf(i *model.Interface) string { return f.typ(i.Go.Underlying()) }

// conversion is the type where something is converted to it.
func (f *file) conversion(i *model.Interface) string {
	if namedOf(i.Go) != nil {
		return f.typ(i.Go)
	}
	return "(" + f.typ(i.Go) + ")"
}
