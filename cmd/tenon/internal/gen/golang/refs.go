package golang

import "github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"

// writeRef writes the function that passes an interface value.
func (f *file) writeRef(i *model.Interface) {
	name := f.g.writeRef(i)
	f.comment(name + " writes v as a ref, or, if it came from the other side, as what it is there. Nil is not written.")
	f.p("func %s($m *$tenon.Message, $num int32, $v %s, $kept bool) {", name, f.typ(i.Go))
	f.p("if $v == nil {")
	f.p("return")
	f.p("}")
	f.p("if $p, $ok := $v.($tenon.Proxy); $ok && $m.WriteHome($num, $p.TenonRef()) {")
	f.p("return")
	f.p("}")
	switch {
	case i.Foreign:
		f.p("$m.WriteRef($num, %s($v), $kept)", f.foreignFunc(i, "Serve"))
	case i.Marked:
		f.p("$m.WriteRef($num, Serve%s($v), $kept)", i.Name)
	default:
		f.p("$m.WriteRef($num, %s, $kept)", f.serviceOf(i, "$v"))
	}
	f.p("}")
	f.p("")
}

// readRef writes the function that receives an interface value.
func (f *file) readRef(i *model.Interface) {
	name := f.g.readRef(i)
	text := name + " reads the current field as " + a(i.Name) + " on the other side, or as one of this side that has come home."
	first := ""
	if bound(i) {
		first = "$ctx $context.Context, "
		text += " Methods without a context are called under ctx."
	}
	f.comment(text)
	f.p("func %s("+first+"$m *$tenon.Message) %s {", name, f.typ(i.Go))
	f.p("$ref, $home := $m.ReadRef(%s)", f.g.contractVar(i))
	f.p("if $ref != nil {")
	f.p("return %s", f.newClientOf(i, func() string { return f.ident("ctx") }))
	f.p("}")
	f.cameHome(i)
}

// cameHome writes how what has come home is unpacked, whichever package has
// exported it.
func (f *file) cameHome(i *model.Interface) {
	f.p("$v, _ := $tenon.Impl($home).(%s)", f.typ(i.Go))
	f.p("return $v")
	f.p("}")
	f.p("")
}

// foreign writes how a value is passed whose contract is another package's.
func (f *file) foreign(i *model.Interface) {
	f.comment(f.g.contractVar(i) + " is that of " + f.typ(i.Go) + ".")
	f.p("var %s = %s(nil).Contract", f.g.contractVar(i), f.foreignFunc(i, "Serve"))
	f.p("")
	f.writeRef(i)
	name := f.g.readRef(i)
	first, ctx := "", "$context.Background()"
	if bound(i) {
		first, ctx = "$ctx $context.Context, ", "$ctx"
	}
	f.comment(name + " reads the current field as " + a(f.typ(i.Go)) + " on the other side, or as one of this side that has come home.")
	f.p("func %s("+first+"$m *$tenon.Message) %s {", name, f.typ(i.Go))
	f.p("$ref, $home := $m.ReadRef(%s)", f.g.contractVar(i))
	f.p("if $ref != nil {")
	f.p("$v, $err := %s("+ctx+", $ref.AsConn())", f.foreignFunc(i, "Open"))
	f.p("if $err != nil {")
	f.p("$m.Fail($err)")
	f.p("}")
	f.p("return $v")
	f.p("}")
	f.cameHome(i)
}

// foreignFunc is a function of the package that i belongs to.
func (f *file) foreignFunc(i *model.Interface, prefix string) string {
	named := namedOf(i.Go)
	return f.qualify(named.Pkg()) + "." + prefix + named.Name()
}
