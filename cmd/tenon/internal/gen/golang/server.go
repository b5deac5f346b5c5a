package golang

import (
	"fmt"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// server writes the type that lets the other side call an interface.
func (f *file) server(i *model.Interface) {
	name := f.g.serverType(i)
	text := sentenceA(name) + " lets the other side of a connection call " + a(i.Name) + " of this one."
	if closes(i) {
		text += " It is closed once: by its holder, or when there is none any more."
	}
	f.comment(text)
	if closes(i) {
		f.p("type %s struct {\nimpl %s\nclose func() error\n}", name, f.typ(i.Go))
		f.p("")
		f.p("func ($v %s) released() { $v.close() }", name)
	} else {
		f.p("type %s struct{ impl %s }", name, f.typ(i.Go))
	}
	f.p("")
	f.p("// TenonImpl returns the %s itself.", i.Name)
	f.p("func ($v %s) TenonImpl() any { return $v.impl }", name)
	f.p("")
	f.dispatch(i)
	for _, m := range i.Methods {
		f.serverMethod(i, m)
	}
}

func (f *file) dispatch(i *model.Interface) {
	f.p("// ServeCall implements tenon.Server.")
	f.p("func ($v %s) ServeCall($ctx $context.Context, $method int, $call $tenon.Stream) error {", f.g.serverType(i))
	if len(i.Methods) > 0 {
		f.p("switch $method {")
		for _, m := range i.Methods {
			f.p("case %s:", f.g.index(i, m))
			f.p("return $v.serve%s($ctx, $call)", m.Name)
		}
		f.p("}")
	}
	f.p("return &$tenon.Error{Code: $tenon.Unimplemented}")
	f.p("}")
	f.p("")
}

func (f *file) serverMethod(i *model.Interface, m *model.Method) {
	if isClose(i, m) {
		f.p("func ($v %s) serve%s($context.Context, $tenon.Stream) error {", f.g.serverType(i), m.Name)
		f.p("return $v.close()")
		f.p("}")
		f.p("")
		return
	}
	s := f.scope("v", "ctx", "call", "out", "in", "err")
	c := s.method(i, m)
	f.p("func ($v %s) serve%s($ctx $context.Context, $call $tenon.Stream) error {", f.g.serverType(i), m.Name)
	impl := f.expand("$v.impl")
	if m.Part != nil {
		impl = s.fresh("impl")
		ok := s.fresh("ok")
		f.p("%s, %s := $v.impl.(%s)", impl, ok, f.typ(m.Part.Go))
		f.p("if !%s {", ok)
		f.p("return &$tenon.Error{Code: $tenon.Unimplemented}")
		f.p("}")
	}
	c.handle(impl + "." + m.Name)
	f.p("}")
	f.p("")
}

// handle writes what a handler does that calls function.
func (c *method) handle(function string) {
	if c.m.Shape != model.Plain {
		c.handleShaped(function)
		return
	}
	c.question()
	args := c.argument()
	c.carryOut(function, args)
}

// question writes how the arguments are read.
func (c *method) question() {
	places := c.places(c.params, false)
	switch {
	case len(places) > 0:
		c.p("$in, $err := $call.Recv()")
	case c.m.In != nil && c.m.In.Head:
		c.p("if _, $err := $call.Recv(); $err != nil {")
		c.p("return $err")
		c.p("}")
		return
	default:
		return
	}
	c.returnErr("$err != nil")
	for _, v := range c.params {
		if v.Field != nil {
			c.p("var %s %s", v.name, c.typ(v.Go))
		}
	}
	c.reader(false).fields(places)
	c.returnErr("$err := $in.Err(); $err != nil")
}

func (c *method) returnErr(condition string) {
	c.p("if " + condition + " {")
	c.p("return $err")
	c.p("}")
}

// argument writes how the stream among the arguments is made, and returns the
// variable that receives it; "" if there is none.
func (c *method) argument() string {
	if c.m.In == nil {
		return ""
	}
	v := streamed(c.params)
	args := c.fresh("args")
	c.p("%s := $tenon.NewArgs($call)", args)
	c.p("defer %s.Close()", args)
	c.p("%s := $tenon.Arg%s(%s, %s)", v.name, kindName(v.Stream.Kind), args, c.readElement(v, "e", false))
	return args
}

// carryOut writes the call of the implementation, and the answer.
func (c *method) carryOut(function, args string) {
	call := function + "(" + c.arguments() + ")"
	if c.lazy() {
		c.sendElements(call, c.results[0], args)
		return
	}
	simple := len(c.results) == 0 && args == ""
	if simple && c.m.Error {
		c.p("return %s", call)
		return
	}
	c.callImpl(call)
	if args != "" && c.m.Out == nil {
		c.returnErr("$err := " + args + ".Err(); $err != nil")
	}
	c.writeVars(c.results, true)
	if c.m.Out != nil {
		v := streamed(c.results)
		if c.m.Out.Head {
			c.returnErr("$err := $call.Send(); $err != nil")
		}
		c.sendElements(v.name, v, args)
		return
	}
	c.p("return nil")
}

// callImpl writes the call and what comes of its error.
func (c *method) callImpl(call string) {
	results := c.returned()
	switch {
	case !c.m.Error && results == "":
		c.p("%s", call)
	case !c.m.Error:
		c.p("%s := %s", results, call)
	case results == "":
		c.returnErr("$err := " + strings.ReplaceAll(call, "%", "%%") + "; $err != nil")
	default:
		c.p("%s, $err := %s", results, call)
		c.returnErr("$err != nil")
	}
}

// arguments is what the implementation is called with.
func (c *method) arguments() string {
	all := make([]string, len(c.params))
	for n, v := range c.params {
		all[n] = v.name
	}
	list := strings.Join(all, ", ")
	if c.m.Variadic {
		list += "..."
	}
	return list
}

// sendElements writes how a result is sent that is a stream.
func (c *method) sendElements(stream string, v variable, args string) {
	c.block(func() {
		vars, _ := c.elementVars(v, elements(v.Go), c.elementName(v))
		if v.Stream.Kind == model.Chan {
			stream = c.expand("$tenon.Until($ctx, ") + stream + ")"
		}
		c.p("for %s := range %s {", strings.Join(vars, ", "), stream)
		if v.Stream.Kind == model.SeqErr {
			c.returnErr("$err != nil")
		}
		c.p("$out := $call.Out()")
		c.writeElement(v.Stream, vars, true)
		c.returnErr("$err := $call.Send(); $err != nil")
		c.p("}")
	})
	switch {
	case args != "":
		c.p("return %s.Err()", args)
	case v.Stream.Kind == model.Chan:
		c.p("return $ctx.Err()")
	default:
		c.p("return nil")
	}
}

// elementName is what an element of v is called: as v itself is, where that is
// no variable because it is ranged over at once, and its name not the author's.
func (c *method) elementName(v variable) string {
	if !c.lazy() || v.Name != "" {
		return "e"
	}
	delete(c.used, v.name)
	return v.name
}

// handleShaped writes the handler of a method of package io's.
func (c *method) handleShaped(function string) {
	c.p("return $tenon.Serve%s($call, %s, %s)", shapeName(c.m), function, c.g.valueDefs())
}

// shaped writes a client's method of package io's.
func (c *method) shaped() {
	vars := make([]string, len(c.params))
	for n, v := range c.params {
		vars[n] = v.name
	}
	c.p("return $tenon.Call%s(%s, %s, %s, %s, %s)", shapeName(c.m), c.ctx, c.ref, c.index, strings.Join(vars, ", "), c.g.valueDefs())
}

// shapeName is the end of the names of the runtime's functions for a method.
func shapeName(m *model.Method) string {
	switch {
	case m.Shape == model.Read:
		return "Read"
	case m.Shape == model.ReadAt:
		return "ReadAt"
	case len(m.Params) == 2:
		return "WriteAt"
	case strings.HasPrefix(fmt.Sprint(m.Params[0].Go.Underlying()), "string"):
		return "WriteString"
	}
	return "Write"
}
