package load

import (
	"fmt"
	"go/types"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// method is one method of an interface, or of an optional part of it.
func (l *loader) method(it *model.Interface, f *types.Func, part *model.Part) *model.Method {
	d := l.all.find(f)
	m := &model.Method{Name: f.Name(), Wire: f.Name(), Doc: methodDoc(d), Pos: l.pos(f), Part: part, Optional: part != nil}
	owner := it.Name
	if part != nil {
		owner = part.Name
	}
	pl := &place{pos: m.Pos, what: owner + "." + m.Name, short: owner + "." + m.Name, file: it.File}
	if !l.editable(f) { // embedded from elsewhere: what the author can change is here
		pl.pos = it.Pos
	}
	if origin := l.origins[it]; origin != nil {
		pl.from = origin
	}
	l.methodDirectives(m, d, pl)
	l.checkWire(it, m)
	if m.Optional && !it.Marked {
		l.warn(pl.pos, "mark it //tenon:contract, or leave out //tenon:optional", "%s is optional, but %s is not a contract: whoever is given one can't ask which methods it has", pl.what, it.Name)
	}
	l.signature(it, m, f.Signature(), l.directives(d), pl)
	for _, dir := range l.directives(d) {
		switch dir.name {
		case "keep":
			l.keep(m, dir, pl)
		case "rename":
			l.rename(m, dir, pl)
		}
	}
	if !m.Error && !isSeqErr(m.Out) && m.Pos.Filename != "" {
		l.warn(pl.pos, "let it return an error too, unless zero values will do", "%s has no error result: when a call fails, its results are zero values and the failure is only logged", pl.what)
	}
	return m
}

func isSeqErr(s *model.Stream) bool { return s != nil && s.Kind == model.SeqErr }

// callMethod is the one method of a function.
func (l *loader) callMethod(it *model.Interface, sig *types.Signature) *model.Method {
	m := &model.Method{Name: "Call", Wire: "Call", Pos: it.Pos}
	pl := &place{pos: it.Pos, what: "function " + it.Name, short: it.Name, file: it.File}
	if origin := l.origins[it]; origin != nil {
		pl.short, pl.from = "function "+origin.short, origin
	}
	l.signature(it, m, sig, nil, pl)
	return m
}

func methodDoc(d *decl) string {
	if text := docText(d.doc); text != "" {
		return text
	}
	return noteText(d.note)
}

func (l *loader) methodDirectives(m *model.Method, d *decl, pl *place) {
	for _, dir := range l.directives(d) {
		switch dir.name {
		case "name":
			m.Wire = dir.args[0]
			if !isIdent(m.Wire) {
				l.problem(dir.pos, "use letters of English, digits and _", "%q is not a name that protobuf allows", m.Wire)
				m.Wire = m.Name
			}
		case "was":
			m.Was = append(m.Was, dir.args...)
		case "idempotent":
			m.Idempotent = true
		case "optional":
			m.Optional = true
			if len(dir.args) > 0 {
				l.problem(dir.pos, "write //tenon:optional alone, or put it above an interface", "//tenon:optional above a method has no argument")
			}
		case "timeout":
			if m.Timeout > 0 {
				l.problem(dir.pos, "keep one of them", "%s has a timeout already, %s", pl.what, m.Timeout)
			}
			m.Timeout = l.timeout(dir)
		}
	}
	if !isIdent(m.Wire) && m.Wire == m.Name {
		l.problem(pl.pos, "give it another with //tenon:name", "%s has a name that protobuf doesn't allow: letters of English, digits and _", pl.what)
	}
}

func (l *loader) timeout(dir *directive) time.Duration {
	d, err := time.ParseDuration(dir.args[0])
	if err != nil || d <= 0 {
		l.problem(dir.pos, "write it as //tenon:timeout 5s", "%q is not a duration greater than zero", dir.args[0])
		return 0
	}
	return d
}

// keep marks the parameters that may be kept after the call.
func (l *loader) keep(m *model.Method, dir *directive, pl *place) {
	for _, name := range dir.args {
		p := paramNamed(m.Params, name)
		if p == nil {
			l.problem(dir.pos, suggest("", name, paramNames(m.Params)), "//tenon:keep names %s, which is not a parameter of %s", name, pl.what)
			continue
		}
		fields := crossing(p)
		for _, f := range fields {
			f.Kept = true
		}
		l.after = append(l.after, func() {
			if !slices.ContainsFunc(fields, func(f *model.Field) bool { return holdsRef(f.Type) }) {
				l.problem(dir.pos, "remove it", "//tenon:keep names %s of %s, which is a value that is copied: only interfaces, functions, readers and what holds them are kept", name, pl.what)
			}
		})
	}
}

// crossing are the fields in which a parameter or result crosses.
func crossing(p *model.Param) []*model.Field {
	if p.Field != nil {
		return []*model.Field{p.Field}
	}
	if p.Stream == nil {
		return nil
	}
	return streamFields(p.Stream)
}

func paramNamed(params []*model.Param, name string) *model.Param {
	for _, p := range params {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func paramNames(params []*model.Param) map[string]bool {
	names := map[string]bool{}
	for _, p := range params {
		if p.Name != "" && !isContext(p.Go) {
			names[p.Name] = true
		}
	}
	return names
}

// rename says that a parameter or result had another name.
func (l *loader) rename(m *model.Method, dir *directive, pl *place) {
	all := append(slices.Clone(m.Params), m.Results...)
	p := paramNamed(all, dir.args[1])
	if p == nil || len(crossing(p)) == 0 {
		l.problem(dir.pos, "write the old name first, then the new one: "+suggest("", dir.args[1], paramNames(all)), "//tenon:rename says that something is called %s now, which is not a parameter or result of %s that crosses", dir.args[1], pl.what)
		return
	}
	for _, f := range crossing(p) {
		suffix := strings.TrimPrefix(f.Name, snake(dir.args[1]))
		f.Was = append(f.Was, snake(dir.args[0])+suffix)
	}
}

// signature fills in parameters, results and the messages of a method.
func (l *loader) signature(it *model.Interface, m *model.Method, sig *types.Signature, dirs []*directive, pl *place) {
	renamed := renames(dirs)
	m.Variadic = sig.Variadic()
	m.Request = l.callMessage(it, m, "Request", pl)
	m.Response = l.callMessage(it, m, "Response", pl)
	params, results := sig.Params(), sig.Results()
	m.Context = params.Len() > 0 && isContext(params.At(0).Type())
	m.Error = results.Len() > 0 && types.Identical(results.At(results.Len()-1).Type(), errorType)
	if at := errorAt(results); at >= 0 && !m.Error {
		l.warnLoudly(pl.pos, "let the error be the last result", "result %d of %s is an error, but not the last one: it crosses as a value, and whoever calls is not told when the call fails", at+1, pl.short)
	}
	m.Shape = shapeOf(m.Name, sig)
	if !m.Context {
		it.Bound = true
	}
	if isClose(m) && results.Len() == 1 && m.Error && params.Len() == count(m.Context) {
		it.Closer = m
	}
	if it.Func {
		m.Shape = model.Plain
	}
	if m.Shape != model.Plain {
		l.shaped(m, sig, pl)
		return
	}
	l.checkClash(m, pl)
	in := &tuple{l: l, it: it, m: m, pl: pl, message: m.Request, label: "parameter", unnamed: "arg", renamed: renamed}
	m.Params, m.In = in.vars(params, count(m.Context), params.Len())
	out := &tuple{l: l, it: it, m: m, pl: pl, message: m.Response, label: "result", unnamed: "result", kept: true, renamed: renamed}
	m.Results, m.Out = out.vars(results, 0, results.Len()-count(m.Error))
	if m.In != nil {
		m.In.Head = params.Len()-count(m.Context) > 1
	}
	if m.Out != nil {
		m.Out.Head = results.Len() > 1
	}
}

// errorAt is the first result that is an error, -1 if none is.
func errorAt(results *types.Tuple) int {
	for i := range results.Len() {
		if types.Identical(results.At(i).Type(), errorType) {
			return i
		}
	}
	return -1
}

// checkClash refuses the names that generated clients need for themselves.
func (l *loader) checkClash(m *model.Method, pl *place) {
	if m.Name == "TenonRef" {
		l.problem(pl.pos, "give it another name", "%s has the name of a method that every generated client has", pl.what)
	}
}

func isClose(m *model.Method) bool { return m.Name == "Close" && m.Part == nil }

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (l *loader) callMessage(it *model.Interface, m *model.Method, end string, pl *place) *model.Message {
	c := claim{what: strings.ToLower(end) + " of " + pl.what, pos: pl.pos}
	msg := &model.Message{Name: it.Wire + m.Wire + end, Pos: pl.pos, File: it.File}
	for _, was := range formerNames(it, m) {
		msg.Was = append(msg.Was, was+end)
	}
	l.claim(msg.Name, c)
	return msg
}

// formerNames are what the names of messages of a method began with, before it
// or its interface was renamed.
func formerNames(it *model.Interface, m *model.Method) []string {
	var list []string
	for _, iface := range append([]string{it.Wire}, it.Was...) {
		for _, method := range append([]string{m.Wire}, m.Was...) {
			list = append(list, iface+method)
		}
	}
	return list[1:]
}

// A tuple makes the fields of parameters or results.
type tuple struct {
	l              *loader
	it             *model.Interface
	m              *model.Method
	pl             *place
	message        *model.Message
	label, unnamed string
	kept           bool
	renamed        map[string][]string // by //tenon:rename: former names by name
}

// vars are all parameters or results; those from first to last cross, the others
// are context and error.
func (t *tuple) vars(vars *types.Tuple, first, last int) (list []*model.Param, stream *model.Stream) {
	for i := range vars.Len() {
		v := vars.At(i)
		p := &model.Param{Name: nameOf(v), Go: v.Type()}
		list = append(list, p)
		if i < first || i >= last {
			continue
		}
		pl := t.place(p, v, i-first, last-first)
		if s := t.stream(p, t.defaultName(i-first, last-first), pl); s != nil {
			if stream != nil {
				t.l.refuse(pl, "put what belongs together in one element", "is a second stream: there can be one in each direction")
				continue
			}
			stream, p.Stream = s, s
			continue
		}
		if !t.checkVariadic(v.Type(), i == vars.Len()-1, pl) {
			continue
		}
		p.Field = t.field(t.fieldName(p, i-first, last-first), p.Name, v.Type(), pl)
	}
	return list, stream
}

func (t *tuple) checkVariadic(typ types.Type, last bool, pl *place) bool {
	if t.label != "parameter" || !t.m.Variadic || !last {
		return true
	}
	if _, ok := streamOf(typ.(*types.Slice).Elem()); ok {
		t.l.refuse(pl, "make it one stream", "is a variable number of streams: there can be one in each direction")
		return false
	}
	return true
}

func nameOf(v *types.Var) string {
	if v.Name() == "_" {
		return ""
	}
	return v.Name()
}

func (t *tuple) place(p *model.Param, v *types.Var, i, n int) *place {
	name, what := p.Name, t.label+" "+p.Name+" of "+t.pl.short
	short := p.Name + " of " + t.pl.short
	if name == "" {
		name = t.defaultName(i, n)
		what, short = "the "+t.label+" of "+t.pl.short, "the "+t.label+" of "+t.pl.short
		if n > 1 {
			what = fmt.Sprintf("%s %d of %s", t.label, i+1, t.pl.short)
			short = what
		}
	}
	base := t.it.Name + t.m.Name
	if t.it.Func {
		base = t.it.Name
	}
	pl := &place{pos: t.l.all.position(v.Pos()), what: what, short: short, name: base + title(name), file: t.pl.file, from: t.pl.from}
	pl.was = t.formerPlaces(name)
	if t.pl.pos.Filename != pl.pos.Filename || !pl.pos.IsValid() {
		pl.pos = t.pl.pos // of another package: what is exact is where it is used
	}
	return pl
}

// defaultName is that of a parameter or result that has none.
func (t *tuple) defaultName(i, n int) string {
	if t.label == "result" && n == 1 {
		return t.unnamed
	}
	return t.unnamed + strconv.Itoa(i+1)
}

// formerPlaces are what a function in a parameter or result was called before
// something that it is called after was renamed.
func (t *tuple) formerPlaces(name string) []string {
	var list []string
	for _, before := range append([]string{t.it.Name + t.m.Name}, formerNames(t.it, t.m)...) {
		for _, old := range append([]string{name}, t.renamed[name]...) {
			if t.it.Func {
				before = strings.TrimSuffix(before, t.m.Name)
			}
			list = append(list, before+title(old))
		}
	}
	return list[1:]
}

// renames are the names that parameters and results had, by those they have.
func renames(dirs []*directive) map[string][]string {
	list := map[string][]string{}
	for _, d := range dirs {
		if d.name == "rename" {
			list[d.args[1]] = append(list[d.args[1]], d.args[0])
		}
	}
	return list
}

// fieldName is the name of the field of a parameter or result.
func (t *tuple) fieldName(p *model.Param, i, n int) string {
	name := snake(p.Name)
	if !isIdent(name) {
		name = t.defaultName(i, n)
	}
	return name
}

// field adds a field to the message. Its name gets a number if it is taken.
func (t *tuple) field(name, goName string, typ types.Type, pl *place) *model.Field {
	base := name
	for n := 2; slices.ContainsFunc(t.message.Fields, func(f *model.Field) bool { return jsonKey(f.Name) == jsonKey(name) }); n++ {
		name = base + "_" + strconv.Itoa(n)
	}
	f := &model.Field{Name: name, GoName: goName, Pos: pl.pos, Type: t.l.typeOf(typ, pl)}
	t.message.Fields = append(t.message.Fields, f)
	if t.kept {
		t.l.after = append(t.l.after, func() { f.Kept = holdsRef(f.Type) })
	}
	return f
}
