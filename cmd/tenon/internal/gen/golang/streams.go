package golang

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// lazy says that the call is made when its result is ranged over, and again each
// time.
func (c *method) lazy() bool {
	return c.m.Out != nil && !c.m.Out.Head && c.m.Out.Kind != model.Chan
}

// kindName is the end of the names of the runtime's functions for a stream.
func kindName(k model.StreamKind) string {
	return [...]string{model.Seq: "Seq", model.SeqErr: "SeqErr", model.Seq2: "Seq2", model.Chan: "Chan"}[k]
}

// elements are the types of what a stream yields.
func elements(t types.Type) []types.Type {
	switch u := t.Underlying().(type) {
	case *types.Chan:
		return []types.Type{u.Elem()}
	case *types.Signature:
		yield := u.Params().At(0).Type().Underlying().(*types.Signature).Params()
		all := make([]types.Type, yield.Len())
		for i := range all {
			all[i] = yield.At(i).Type()
		}
		return all
	}
	return nil
}

// streamed is the parameter or result that is a stream.
func streamed(vars []variable) variable {
	for _, v := range vars {
		if v.Stream != nil {
			return v
		}
	}
	panic("golang: a method with a stream has no parameter or result for it")
}

// source is what OpenStream is given to send.
func (c *method) source() string {
	v := streamed(c.params)
	return c.capture(func() {
		c.block(func() {
			types := elements(v.Go)
			vars, list := c.elementVars(v, types, "e")
			c.p("$tenon.Send%s(%s, func($out *$tenon.Message, %s) {", kindName(v.Stream.Kind), v.name, list)
			if v.Stream.Kind == model.SeqErr {
				c.p("if %s != nil {", vars[1])
				c.p("$out.WriteError(%d, %s, %s)", v.Stream.Err.Number, vars[1], c.g.valueDefs())
				c.p("return")
				c.p("}")
			}
			c.writeElement(v.Stream, vars, false)
			c.p("})")
		})
	})
}

// elementVars names the variables of an element, and is their list with types.
func (c *method) elementVars(v variable, types []types.Type, name string) (vars []string, list string) {
	switch v.Stream.Kind {
	case model.SeqErr:
		vars = []string{c.fresh(name), c.ident("err")}
	case model.Seq2:
		vars = []string{c.fresh("k"), c.fresh(name)}
	default:
		vars = []string{c.fresh(name)}
	}
	with := make([]string, len(vars))
	for n := range vars {
		with[n] = vars[n] + " " + c.typ(types[n])
	}
	return vars, strings.Join(with, ", ")
}

// writeElement writes how an element is put into the message out.
func (c *method) writeElement(s *model.Stream, vars []string, result bool) {
	if s.Kind == model.Seq2 {
		c.writer(s.Key, result).field(s.Key.Number, s.Key.Type, vars[0])
		c.writer(s.Elem, result).field(s.Elem.Number, s.Elem.Type, vars[1])
		return
	}
	c.writer(s.Elem, result).field(s.Elem.Number, s.Elem.Type, vars[0])
}

// readElement is a function that reads an element.
func (c *method) readElement(v variable, name string, result bool) string {
	return c.capture(func() {
		c.block(func() {
			s := v.Stream
			vars, list := c.elementVars(v, elements(v.Go), name)
			if result && s.Kind == model.SeqErr { // the error is that of the call
				vars, list = vars[:1], vars[0]+" "+c.typ(elements(v.Go)[0])
			}
			c.p("func($in *$tenon.Message) (%s) {", list)
			var places []place
			add := func(field *model.Field, x string) {
				p := place{num: field.Number, typ: field.Type, x: x}
				if field.Kept {
					p.ctx = background
				}
				places = append(places, p)
			}
			switch {
			case s.Kind == model.Seq2:
				add(s.Key, vars[0])
				add(s.Elem, vars[1])
			case s.Kind == model.SeqErr && !result:
				add(s.Elem, vars[0])
				add(s.Err, vars[1])
			default:
				add(s.Elem, vars[0])
			}
			c.reader(result).fields(places)
			c.p("return %s", strings.Join(vars, ", "))
			c.p("}")
		})
	})
}

// lazyStream writes a method whose only result is an iterator.
func (c *method) lazyStream() {
	v := c.results[0]
	types := elements(v.Go)
	yields := make([]string, len(types))
	for n := range types {
		yields[n] = c.typ(types[n])
	}
	c.p("return func($yield func(%s) bool) {", strings.Join(yields, ", "))
	failed := func(condition string) {
		c.p("if " + condition + " {")
		c.yieldError(v)
		c.p("return")
		c.p("}")
	}
	if c.m.In != nil {
		c.p("$call, $err := $tenon.OpenStream(%s, %s, %s, %s)", c.ctx, c.ref, c.index, c.source())
	} else {
		c.p("$call, $err := %s.Open(%s, %s)", c.ref, c.ctx, c.index)
	}
	failed("$err != nil")
	c.p("defer $call.Close()")
	c.writeVars(c.params, false)
	if send := c.sendQuestion(); send != "" {
		failed("$err := " + send + "; $err != nil")
	}
	read := c.readElement(v, c.elementName(v), true)
	switch v.Stream.Kind {
	case model.SeqErr:
		c.p("$tenon.EachErr($call, $yield, %s)", read)
	case model.Seq2:
		c.eachOrLost("Each2", read)
	default:
		c.eachOrLost("Each", read)
	}
	c.p("}")
}

// sendQuestion is how the first message is sent; "" if there is none before the
// elements.
func (c *method) sendQuestion() string {
	switch {
	case c.m.In == nil:
		return "$call.SendLast()"
	case c.m.In.Head:
		return "$call.Send()"
	}
	return ""
}

func (c *method) eachOrLost(each, read string) {
	c.p("$err = $tenon."+each+"($call, $yield, %s)", read)
	c.p("if $err != nil {")
	c.p("%s.Lost(%s, $err)", c.ref, c.index)
	c.p("}")
}

// yieldError tells of err whoever ranges.
func (c *method) yieldError(v variable) {
	if v.Stream.Kind == model.SeqErr {
		c.p("$yield(%s, $err)", c.zero(elements(v.Go)[0]))
		return
	}
	c.p("%s.Lost(%s, $err)", c.ref, c.index)
}

// headedStream writes a method whose call is made at once, and goes on after the
// method has returned.
func (c *method) headedStream() {
	v := streamed(c.results)
	if c.m.In != nil {
		c.p("$call, $err := $tenon.OpenStream(%s, %s, %s, %s)", c.ctx, c.ref, c.index, c.source())
	} else {
		c.p("$call, $err := %s.Open(%s, %s)", c.ref, c.ctx, c.index)
	}
	c.failed("$err != nil")
	rest := c.fresh("rest")
	c.p("%s := $tenon.NewRest(%s, %s, $call)", rest, c.ref, c.index)
	c.p("defer %s.Close()", rest)
	c.writeVars(c.params, false)
	if send := c.sendQuestion(); send != "" {
		c.failed("$err := " + send + "; $err != nil")
	}
	if c.m.Out.Head {
		c.head(rest)
	}
	c.p("%s = $tenon.Rest%s(%s, %s)", v.name, kindName(v.Stream.Kind), rest, c.readElement(v, "e", true))
	if c.m.Error {
		c.p("return %s", c.returned("nil"))
	} else {
		c.p("return %s", c.returned())
	}
}

// head writes how the first message of a stream is read.
func (c *method) head(rest string) {
	places := c.places(c.results, true)
	if len(places) == 0 {
		c.failed(fmt.Sprintf("_, $err := %s.Head(); $err != nil", rest))
		return
	}
	c.p("$in, $err := %s.Head()", rest)
	c.failed("$err != nil")
	c.reader(true).fields(places)
	c.failed("$err := $in.Err(); $err != nil")
	if c.m.Error {
		for _, v := range c.required() {
			c.missing(v)
		}
	}
}

// noStream is the list of results of a call that failed and can't say so: what
// can be ranged over must not be nil.
func (c *method) noStream() string {
	var all []string
	for _, v := range c.results {
		if v.Stream == nil {
			all = append(all, c.zero(v.Go))
			continue
		}
		types := elements(v.Go)
		if v.Stream.Kind == model.Chan {
			all = append(all, c.expand("$tenon.NoChan[")+c.typ(types[0])+"]()")
			continue
		}
		names := make([]string, len(types))
		for n := range types {
			names[n] = c.typ(types[n])
		}
		all = append(all, "func(func("+strings.Join(names, ", ")+") bool) {}")
	}
	return strings.Join(all, ", ")
}
