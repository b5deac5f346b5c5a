package golang

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// client writes the type that calls an interface on the other side.
func (f *file) client(i *model.Interface) {
	f.clientTypes(i)
	f.clientAssertions(i)
	if len(i.Parts) > 0 {
		f.clientOfParts(i)
	}
	f.p("// TenonRef returns the ref behind the %s.", i.Name)
	f.p("func ($c *%s) TenonRef() *$tenon.Ref { return $c.ref }", f.g.clientType(i))
	f.p("")
	for _, m := range i.Methods {
		f.clientMethod(i, m)
	}
}

func (f *file) clientTypes(i *model.Interface) {
	fields := "{ ref *$tenon.Ref }"
	if bound(i) {
		fields = "{\nctx $context.Context // of the methods that are given none\nref *$tenon.Ref\n}"
	}
	text := sentenceA(f.g.clientType(i)) + " is " + a(i.Name) + " on the other side of a connection."
	if !i.Marked && !closes(i) {
		text += " It has no Close method: tenon.Release gives up one that was kept."
	}
	f.comment(text)
	f.p("type %s struct"+fields, f.g.clientType(i))
	f.p("")
	for _, part := range i.Parts {
		f.comment(sentenceA(f.g.partType(i, part)) + " is the part of " + a(f.g.clientType(i)) + " that not every " + i.Name + " has.")
		f.p("type %s struct"+fields, f.g.partType(i, part))
		f.p("")
	}
}

func (f *file) clientAssertions(i *model.Interface) {
	f.p("var (")
	f.p("_ %s = (*%s)(nil)", f.typ(i.Go), f.g.clientType(i))
	for _, part := range i.Parts {
		if f.g.selfContained(i, part) {
			f.p("_ %s = (*%s)(nil)", f.typ(part.Go), f.g.partType(i, part))
			continue
		}
		f.p("_ %s = struct {", f.typ(part.Go))
		f.p("*%s", f.g.clientType(i))
		for _, other := range i.Parts {
			if other == part || shares(i, part, other) {
				f.p("*%s", f.g.partType(i, other))
			}
		}
		f.p("}{}")
	}
	f.p("_ $tenon.Proxy = (*%s)(nil)", f.g.clientType(i))
	f.p(")")
	f.p("")
}

// selfContained says that part has no methods that i has too.
func (g *generator) selfContained(i *model.Interface, part *model.Part) bool {
	u, ok := part.Go.Underlying().(*types.Interface)
	n := 0
	for _, m := range i.Methods {
		if m.Part == part {
			n++
		}
	}
	return ok && u.NumMethods() == n
}

// shares says that part has methods that are written for other.
func shares(i *model.Interface, part, other *model.Part) bool {
	all := types.NewMethodSet(part.Go)
	return slices.ContainsFunc(i.Methods, func(m *model.Method) bool { return m.Part == other && all.Lookup(nil, m.Name) != nil })
}

// clientOfParts writes the function that puts a client together from what the
// other side has.
func (f *file) clientOfParts(i *model.Interface) {
	f.comment(f.g.newClient(i) + " returns " + a(i.Name) + " that has just the optional methods that the other side has, so that a type assertion tells.")
	first, fields := "", f.ident("ref")
	if bound(i) {
		first, fields = "$ctx $context.Context, ", f.ident("ctx")+", "+fields
	}
	f.p("func %s("+first+"$ref *$tenon.Ref) %s {", f.g.newClient(i), f.typ(i.Go))
	f.p("$c := &%s{%s}", f.g.clientType(i), fields)
	if len(i.Parts) == 1 {
		f.p("if %s {", f.offers(i, i.Parts[0]))
		f.combination(i, i.Parts, fields)
		f.p("}")
	} else {
		f.combinations(i, fields)
	}
	f.p("return $c")
	f.p("}")
	f.p("")
}

// offers is the condition on which the other side has a part.
func (f *file) offers(i *model.Interface, part *model.Part) string {
	var all []string
	for _, m := range i.Methods {
		if m.Part == part {
			all = append(all, f.ident("ref")+".Offers("+f.g.index(i, m)+")")
		}
	}
	return strings.Join(all, " && ")
}

// combinations writes a case for each set of parts, the larger ones first.
func (f *file) combinations(i *model.Interface, fields string) {
	s := f.scope("c", "ctx", "ref")
	vars := make([]string, len(i.Parts))
	for n, part := range i.Parts {
		vars[n] = s.fresh("has" + part.Name)
		f.p("%s := %s", vars[n], f.offers(i, part))
	}
	f.p("switch {")
	for set := 1<<len(i.Parts) - 1; set > 0; set-- {
		var parts []*model.Part
		var conditions []string
		for n, part := range i.Parts {
			if set&(1<<n) != 0 {
				parts, conditions = append(parts, part), append(conditions, vars[n])
			}
		}
		f.p("case %s:", strings.Join(conditions, " && "))
		f.combination(i, parts, fields)
	}
	f.p("}")
}

func (f *file) combination(i *model.Interface, parts []*model.Part, fields string) {
	f.p("return struct {")
	f.p("*%s", f.g.clientType(i))
	values := []string{f.ident("c")}
	for _, part := range parts {
		f.p("*%s", f.g.partType(i, part))
		values = append(values, fmt.Sprintf("&%s{%s}", f.g.partType(i, part), fields))
	}
	f.p("}{%s}", strings.Join(values, ", "))
}

// A variable is a parameter or a result in generated code.
type variable struct {
	*model.Param
	name string
}

// A method is a method of a client or server that is being written.
type method struct {
	*scope
	i       *model.Interface
	m       *model.Method
	ref     string // the expression for the ref
	index   string
	ctx     string // the expression for the context of the call
	params  []variable
	results []variable // but the last error
}

func (f *file) clientMethod(i *model.Interface, m *model.Method) {
	s := f.scope("c", "ctx", "call", "out", "in", "err")
	c := s.method(i, m)
	c.ref = f.ident("c") + ".ref"
	c.ctx = f.ident("ctx")
	if !m.Context {
		c.ctx = f.ident("c") + ".ctx"
	}
	receiver := f.g.clientType(i)
	if m.Part != nil {
		receiver = f.g.partType(i, m.Part)
	}
	more := ""
	if isClose(i, m) {
		more = fmt.Sprintf("It ends the use of the %s, and returns after %s at the latest.", i.Name, seconds(timeout(i, m)))
	}
	f.docOr(m.Doc, fmt.Sprintf("%s calls %s of the %s.", m.Name, m.Name, i.Name), more)
	f.p("func ($c *%s) %s%s {", receiver, m.Name, c.signature())
	c.body()
	f.p("}")
	f.p("")
}

// method names the parameters and results of m.
func (s *scope) method(i *model.Interface, m *model.Method) *method {
	c := &method{scope: s, i: i, m: m, index: s.g.index(i, m)}
	for n, p := range m.Params {
		name := s.ident("ctx")
		if n > 0 || !m.Context {
			name = s.declare(orNumbered(p.Name, "arg", n+1-boolInt(m.Context)), "Arg")
		}
		c.params = append(c.params, variable{p, name})
	}
	results := m.Results
	if m.Error {
		results = results[:len(results)-1]
	}
	for n, p := range results {
		c.results = append(c.results, variable{p, s.declare(orNumbered(p.Name, "r", n), "Result")})
	}
	return c
}

func orNumbered(name, otherwise string, n int) string {
	if name == "" || name == "_" {
		return fmt.Sprintf("%s%d", otherwise, n)
	}
	return name
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// signature is what follows the name of the method, or func.
func (c *method) signature() string {
	params := c.list(c.params, c.m.Variadic)
	results := c.list(c.results, false)
	if c.lazy() {
		return "(" + params + ") " + c.typ(c.results[0].Go)
	}
	if c.m.Error {
		if results != "" {
			results += ", "
		}
		results += c.ident("err") + " error"
	}
	if results == "" {
		return "(" + params + ")"
	}
	return "(" + params + ") (" + results + ")"
}

// list is a list of parameters; of several in a row with one type, only the last
// has it behind its name.
func (c *method) list(vars []variable, variadic bool) string {
	var b strings.Builder
	for n, v := range vars {
		if n > 0 {
			b.WriteString(", ")
		}
		b.WriteString(v.name)
		last := n == len(vars)-1
		switch {
		case last && variadic:
			b.WriteString(" ..." + c.typ(v.Go.Underlying().(*types.Slice).Elem()))
		case last || variadic && n == len(vars)-2 || c.typ(v.Go) != c.typ(vars[n+1].Go):
			b.WriteString(" " + c.typ(v.Go))
		}
	}
	return b.String()
}

// body writes what a client's method does.
func (c *method) body() {
	switch {
	case c.m.Shape != model.Plain:
		c.shaped()
	case c.lazy():
		c.lazyStream()
	case c.m.Out != nil:
		c.headedStream()
	default:
		c.begin()
		c.writeParams()
		c.answer()
	}
}

// begin writes how the call is opened.
func (c *method) begin() {
	ctx := c.ctx
	if isClose(c.i, c.m) {
		c.p("defer %s.Release()", c.ref)
		ctx = c.background()
		if c.m.Context {
			ctx = c.expand("$context.WithoutCancel($ctx)")
		}
	}
	if c.m.In != nil {
		c.p("$call, $err := $tenon.OpenStream(%s, %s, %s, %s)", ctx, c.ref, c.index, c.source())
	} else {
		c.p("$call, $err := %s.Open(%s, %s)", c.ref, ctx, c.index)
	}
	c.failed("$err != nil")
	c.p("defer $call.Close()")
}

// failed writes a return on a condition that has set err.
func (c *method) failed(condition string) {
	c.p("if " + condition + " {")
	c.fail()
	c.p("}")
}

// fail writes the return of err, which must be declared.
func (c *method) fail() {
	if c.m.Error {
		c.p("return %s", c.returned(c.ident("err")))
		return
	}
	c.p("%s.Lost(%s, $err)", c.ref, c.index)
	if c.m.Out != nil { // it must be possible to range over it
		c.p("return %s", c.noStream())
		return
	}
	c.p("return %s", c.returned())
}

// returned is the list of results, and what comes behind them.
func (c *method) returned(more ...string) string {
	var all []string
	for _, v := range c.results {
		all = append(all, v.name)
	}
	return strings.Join(append(all, more...), ", ")
}

// zeros is the list of the results' zero values.
func (c *method) zeros() string {
	var all []string
	for _, v := range c.results {
		all = append(all, c.zero(v.Go))
	}
	return strings.Join(all, ", ")
}

// writeParams writes how the question is filled in.
func (c *method) writeParams() {
	c.writeVars(c.params, false)
	if c.m.In != nil && c.m.In.Head {
		c.failed("$err := $call.Send(); $err != nil")
	}
}

// writeVars writes how variables are put into the message out. Of results,
// whoever receives them may keep them.
func (c *method) writeVars(vars []variable, results bool) {
	begun := false
	for _, v := range vars {
		if v.Field == nil {
			continue
		}
		if !begun {
			c.p("$out := $call.Out()")
			begun = true
		}
		c.writer(v.Field, results).field(v.Field.Number, v.Field.Type, v.name)
	}
}

func (c *method) writer(field *model.Field, result bool) *writer {
	kept := fmt.Sprint(result || field.Kept)
	return &writer{scope: c.scope, msg: c.ident("out"), kept: kept}
}

// answer writes how a single answer is received and read.
func (c *method) answer() {
	places := c.places(c.results, true)
	switch {
	case len(places) == 0 && c.m.Error:
		c.p("_, $err = $call.Call()")
		c.p("return $err")
		return
	case len(places) == 0:
		c.p("if _, $err := $call.Call(); $err != nil {")
		c.p("%s.Lost(%s, $err)", c.ref, c.index)
		c.p("}")
		return
	}
	c.p("$in, $err := $call.Call()")
	c.failed("$err != nil")
	c.reader(true).fields(places)
	c.checked()
}

// checked writes the return of what was read.
func (c *method) checked() {
	if !c.m.Error {
		c.p("if $err := $in.Err(); $err != nil {")
		c.p("%s.Lost(%s, $err)", c.ref, c.index)
		c.p("return %s", c.zeros())
		c.p("}")
		c.p("return %s", c.returned())
		return
	}
	required := c.required()
	if len(required) == 0 {
		c.p("return %s", c.returned(c.expand("$in.Err()")))
		return
	}
	c.failed("$err := $in.Err(); $err != nil")
	for _, v := range required {
		c.missing(v)
	}
	c.p("return %s", c.returned("nil"))
}

// required are the results that are not nil unless there is an error.
func (c *method) required() []variable {
	var all []variable
	for _, v := range c.results {
		if v.Field != nil && (v.Field.Type.Kind == model.Ref || v.Field.Type.Kind == model.IO) {
			all = append(all, v)
		}
	}
	return all
}

func (c *method) missing(v variable) {
	c.p("if %s == nil {", v.name)
	all := strings.Split(c.returned(), ", ")
	for n := range all {
		if all[n] == v.name {
			all[n] = "nil"
		}
	}
	c.p("return %s, $tenon.NoResult(%q, %q)", strings.Join(all, ", "), c.i.Full, c.m.Wire)
	c.p("}")
}

// places are where the fields of variables are read to. What is kept outlives the
// context that it came under.
func (c *method) places(vars []variable, results bool) []place {
	var all []place
	for _, v := range vars {
		if v.Field == nil {
			continue
		}
		p := place{num: v.Field.Number, typ: v.Field.Type, x: v.name}
		if !results && v.Field.Kept {
			p.ctx = background
		}
		all = append(all, p)
	}
	return all
}

// reader reads results, which are kept, or arguments, which are lent.
func (c *method) reader(results bool) *reader {
	r := &reader{scope: c.scope, msg: c.ident("in"), ctx: "$ctx"}
	if results {
		r.ctx = background
	}
	return r
}
