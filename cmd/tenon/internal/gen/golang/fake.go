package golang

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
	"unicode"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

func (g *generator) hasFakes(source string) bool {
	return slices.ContainsFunc(g.pkg.Interfaces, func(i *model.Interface) bool {
		return i.File == source && (i.Fake || slices.ContainsFunc(i.Parts, func(p *model.Part) bool { return p.Fake }))
	})
}

// fakes writes the fakes of the interfaces of one file, and of their parts.
func (g *generator) fakes(f *file) {
	for _, i := range g.pkg.Interfaces {
		if i.File != f.source {
			continue
		}
		if i.Fake {
			f.fake(i)
		}
		for _, part := range i.Parts {
			if part.Fake {
				f.fakePart(i, part)
			}
		}
	}
}

// A double is a fake that is being written.
type double struct {
	*file
	i       *model.Interface
	of      string     // the name of what it is a fake of
	iface   types.Type // what it implements
	name    string
	members map[string]bool // fields and methods of the fake
	methods []*model.Method
}

// fake writes a type for tests that does what its fields say.
func (f *file) fake(i *model.Interface) {
	f.double(i, i.Name, i.Go, func(m *model.Method) bool { return m.Part == nil })
}

// fakePart writes a fake of an optional part. A method of it may be counted as
// one of the interface, or of another part, because those have it too.
func (f *file) fakePart(i *model.Interface, part *model.Part) {
	all := types.NewMethodSet(part.Go)
	f.double(i, part.Name, part.Go, func(m *model.Method) bool { return all.Lookup(nil, m.Name) != nil })
}

func (f *file) double(i *model.Interface, of string, typ types.Type, has func(*model.Method) bool) {
	d := &double{file: f, i: i, of: of, iface: typ, name: "Fake" + of, members: map[string]bool{"mu": true, "calls": true}}
	for _, m := range i.Methods {
		if has(m) {
			d.methods = append(d.methods, m)
			d.members[m.Name] = true
		}
	}
	d.declare()
	for _, m := range d.methods {
		d.method(m)
	}
}

// member names a field or method of the fake after a method.
func (d *double) member(name string) string {
	for d.members[name] {
		name += "_"
	}
	return name
}

func (d *double) function(m *model.Method) string { return d.member(m.Name + "Func") }
func (d *double) calls(m *model.Method) string    { return d.member(m.Name + "Calls") }

// record names the type of what is known of a call.
func (d *double) record(m *model.Method) string {
	return d.g.names.top("fake "+d.of+"."+m.Name, d.name+m.Name+"Call")
}

func (d *double) declare() {
	d.comment(fmt.Sprintf("%s is %s for tests: a method calls the function in the field that is named after it, and records its arguments. "+
		"Without a function it fails with code Unimplemented, or returns zero values if it has no error result. "+
		"The functions must be set before the methods are called, which may be concurrently.%s", d.name, a(d.of), d.without()))
	d.p("type %s struct {", d.name)
	for _, m := range d.methods {
		s := d.scope()
		c := s.method(d.i, m)
		d.p("%s func%s", d.function(m), c.plainSignature())
	}
	d.p("")
	d.p("mu $sync.Mutex")
	d.p("calls struct {")
	for _, m := range d.methods {
		d.p("%s []%s", m.Name, d.record(m))
	}
	d.p("}")
	d.p("}")
	d.p("")
	d.p("var _ %s = (*%s)(nil)", d.typ(d.iface), d.name)
	d.p("")
}

// without says which methods the fake of an interface with parts lacks.
func (d *double) without() string {
	if d.of != d.i.Name || len(d.i.Parts) == 0 {
		return ""
	}
	text := " It has none of the optional methods, those of " + list(partNames(d.i)) + ": a struct that embeds it can have them beside it."
	for _, part := range d.i.Parts {
		if part.Fake {
			return text[:len(text)-1] + fmt.Sprintf(", from a *Fake%s for example.", part.Name)
		}
	}
	return text
}

// plainSignature has the names of the parameters as the author has them, and
// none for results.
func (c *method) plainSignature() string {
	var results []string
	for _, v := range c.results {
		results = append(results, c.typ(v.Go))
	}
	if c.m.Error {
		results = append(results, "error")
	}
	list := strings.Join(results, ", ")
	if len(results) > 1 {
		list = "(" + list + ")"
	}
	return "(" + c.list(c.params, c.m.Variadic) + ") " + list
}

func (d *double) method(m *model.Method) {
	s := d.scope("f")
	c := s.method(d.i, m)
	fields := recordFields(c)
	d.comment(fmt.Sprintf("%s has the arguments of a call of %s.", sentenceA(d.record(m)), m.Name))
	d.p("type %s struct {", d.record(m))
	for n, v := range c.params {
		d.p("%s %s", fields[n], d.typ(v.Go))
	}
	d.p("}")
	d.p("")
	d.comment(fmt.Sprintf("%s records the call, and calls %s.", m.Name, d.function(m)))
	d.p("func ($f *%s) %s%s {", d.name, m.Name, c.plainSignature())
	d.p("$f.mu.Lock()")
	d.p("$f.calls.%s = append($f.calls.%s, %s{%s})", m.Name, m.Name, d.record(m), strings.TrimSuffix(c.arguments(), "..."))
	d.p("$f.mu.Unlock()")
	d.p("if $f.%s == nil {", d.function(m))
	d.unset(c)
	d.p("}")
	result := "return "
	if len(m.Results) == 0 {
		result = ""
	}
	d.p(result+"$f.%s(%s)", d.function(m), c.arguments())
	d.p("}")
	d.p("")
	d.comment(fmt.Sprintf("%s returns the calls of %s so far, in the order in which they began.", d.calls(m), m.Name))
	d.p("func ($f *%s) %s() []%s {", d.name, d.calls(m), d.record(m))
	d.p("$f.mu.Lock()")
	d.p("defer $f.mu.Unlock()")
	d.p("return $slices.Clone($f.calls.%s)", m.Name)
	d.p("}")
	d.p("")
}

// unset writes what a method does that has no function.
func (d *double) unset(c *method) {
	var results []string
	for _, v := range c.results {
		results = append(results, d.nothing(c, v))
	}
	if !c.m.Error {
		d.p("return %s", strings.Join(results, ", "))
		return
	}
	text := fmt.Sprintf("%s.%s is not set", d.name, d.function(c.m))
	results = append(results, fmt.Sprintf("&%sError{Code: %sUnimplemented, Message: %q}", d.expand("$tenon."), d.expand("$tenon."), text))
	d.p("return %s", strings.Join(results, ", "))
}

// nothing is a result of a method that does nothing. An iterator that is nil
// could not be ranged over; one that has errors has one. Of a channel that is nil
// nothing is ever received.
func (d *double) nothing(c *method, v variable) string {
	if v.Stream == nil {
		return d.zero(v.Go)
	}
	types := elements(v.Go)
	switch v.Stream.Kind {
	case model.Chan:
		if c.m.Error { // what is beside an error is not looked at
			return "nil"
		}
		return d.expand("$tenon.NoChan[") + d.typ(types[0]) + "]()"
	case model.SeqErr:
		return fmt.Sprintf("func(yield func(%s, error) bool) {\nyield(%s, &%sError{Code: %sUnimplemented, Message: %q})\n}",
			d.typ(types[0]), d.zero(types[0]), d.expand("$tenon."), d.expand("$tenon."), fmt.Sprintf("%s.%s is not set", d.name, d.function(c.m)))
	}
	names := make([]string, len(types))
	for n := range types {
		names[n] = d.typ(types[n])
	}
	return "func(func(" + strings.Join(names, ", ") + ") bool) {}"
}

// recordFields are the names of the parameters as fields, each once.
func recordFields(c *method) []string {
	fields := make([]string, len(c.params))
	for n, v := range c.params {
		name := []rune(v.name)
		if v.Name != "" && v.Name != "_" {
			name = []rune(v.Name)
		}
		name[0] = unicode.ToUpper(name[0])
		fields[n] = string(name)
		for slices.Contains(fields[:n], fields[n]) || !unicode.IsUpper([]rune(fields[n])[0]) {
			fields[n] = fmt.Sprintf("Arg%s%d", fields[n], n)
		}
	}
	return fields
}
