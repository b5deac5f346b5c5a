package golang

import (
	"go/token"
	"go/types"
	"maps"
	"strconv"
	"strings"
	"unicode"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// names are the identifiers of the package: the author's, and those that are
// added to them.
type names struct {
	author *types.Scope
	files  map[string]bool   // what single files of the author's import
	made   map[string]string // by what they are for
	taken  map[string]bool
}

func newNames(p *types.Package) *names {
	n := &names{author: p.Scope(), files: make(map[string]bool), made: make(map[string]string), taken: make(map[string]bool)}
	for file := range p.Scope().Children() {
		for _, name := range file.Names() {
			n.files[name] = true
		}
	}
	return n
}

// locals are the variables that lines name with a $. No package is called so.
var locals = []string{
	"c", "call", "conn", "ctx", "err", "f", "home", "impl", "in", "kept", "m", "mark", "method", "num", "ok", "out", "p",
	"ref", "service", "v", "yield",
}

func isLocal(name string) bool {
	for _, l := range locals {
		if l == name {
			return true
		}
	}
	return false
}

// local is what the variable that lines call name is called: something else if
// the author has declared that, as a type that the line's function may need.
func (n *names) local(name string) string {
	for n.declared(name) || n.taken[name] {
		name += "_"
	}
	return name
}

func (n *names) declared(name string) bool { return n.author.Lookup(name) != nil }

// clashes says whether a package can't declare name beside what is there: a name
// that any of its files imports, by a dot or for a package, is taken in all.
func (n *names) clashes(name string) bool { return n.declared(name) || n.files[name] }

// top names something on the level of the package, which for says.
func (n *names) top(what, want string) string {
	if name, ok := n.made[what]; ok {
		return name
	}
	name := want
	for n.clashes(name) || n.taken[name] || isLocal(name) || token.IsKeyword(name) || types.Universe.Lookup(name) != nil {
		name += "_"
	}
	n.made[what], n.taken[name] = name, true
	return name
}

// importable says whether a package can be called name: a file can't import
// under a name that its package declares, and a variable must not hide it.
func (n *names) importable(name string) bool {
	return !n.declared(name) && !n.taken[name] && !isLocal(name) && !token.IsKeyword(name) && types.Universe.Lookup(name) == nil
}

// reserved says whether a variable called name would hide what functions refer
// to: types of the author's, generated identifiers, what is predeclared.
func (n *names) reserved(name string) bool {
	if _, isType := n.author.Lookup(name).(*types.TypeName); isType {
		return true
	}
	return n.taken[name] || token.IsKeyword(name) || types.Universe.Lookup(name) != nil
}

// lower makes an exported name an unexported one: Store to store, URLs to urls,
// HTTPServer to httpServer.
func lower(name string) string {
	r := []rune(name)
	for i := range r {
		if !unicode.IsUpper(r[i]) || i > 0 && i+1 < len(r) && unicode.IsLower(r[i+1]) && string(r[i:]) != "IDs" {
			break
		}
		r[i] = unicode.ToLower(r[i])
	}
	return string(r)
}

// claim makes sure of the exported names, which can't be evaded, and takes the
// others before anything is called like them.
func (g *generator) claim() error {
	var problems model.Problems
	for _, i := range g.pkg.Interfaces {
		if i.Marked && !i.Foreign {
			for _, prefix := range []string{"Serve", "Open", "Caller"} {
				g.claimExported(&problems, i, prefix+i.Name)
			}
		}
		for _, m := range i.Methods {
			if m.Name == "TenonRef" && !i.Foreign {
				problems.Add(m.Pos, "rename it", "%s has a method TenonRef, which is what tenon.Proxy calls one of its own", i.Name)
			}
		}
		if i.Fake {
			g.claimExported(&problems, i, "Fake"+i.Name)
		}
		for _, part := range i.Parts {
			if part.Fake {
				g.claimExported(&problems, i, "Fake"+part.Name)
			}
		}
	}
	for _, i := range g.pkg.Interfaces {
		g.claimInterface(i)
	}
	for _, m := range g.pkg.Messages {
		if m.Func != "" {
			g.writeMessage(m)
			g.readMessage(m)
		}
	}
	g.findKnots()
	if len(g.pkg.Errors) > 0 {
		g.names.top("errors", "contractErrors")
	}
	return problems.Err()
}

func (g *generator) claimExported(problems *model.Problems, i *model.Interface, name string) {
	switch {
	case g.names.declared(name):
		problems.Add(i.Pos, "rename it, or "+i.Name, "the package declares %s, which tenon gen declares for %s", name, i.Name)
	case g.names.clashes(name):
		problems.Add(i.Pos, "import its package under another name, without a dot, or rename "+i.Name, "a file of the package imports %s, which tenon gen declares for %s", name, i.Name)
	}
	g.names.taken[name] = true
}

func (g *generator) claimInterface(i *model.Interface) {
	if i.Ref {
		g.writeRef(i)
		g.readRef(i)
	}
	g.contractVar(i)
	if i.Foreign {
		return
	}
	g.serverType(i)
	if i.Func {
		return
	}
	g.clientType(i)
	for _, part := range i.Parts {
		g.partType(i, part)
	}
	if len(i.Parts) > 0 {
		g.newClient(i)
	}
	for _, m := range i.Methods {
		g.index(i, m)
	}
}

// The names of what belongs to an interface.

func (g *generator) contractVar(i *model.Interface) string {
	return g.names.top("contract "+i.Name, lower(i.Name)+"Contract")
}

func (g *generator) clientType(i *model.Interface) string {
	return g.names.top("client "+i.Name, lower(i.Name)+"Client")
}

func (g *generator) newClient(i *model.Interface) string {
	return g.names.top("new client "+i.Name, "new"+i.Name+"Client")
}

func (g *generator) partType(i *model.Interface, p *model.Part) string {
	return g.names.top("part "+i.Name+"."+p.Name, lower(i.Name)+p.Name)
}

func (g *generator) serverType(i *model.Interface) string {
	return g.names.top("server "+i.Name, lower(i.Name)+"Server")
}

func (g *generator) writeRef(i *model.Interface) string {
	return g.names.top("write ref "+i.Name, "write"+i.Name)
}

func (g *generator) readRef(i *model.Interface) string {
	return g.names.top("read ref "+i.Name, "read"+i.Name)
}

// index is the constant, or of a function the number, of a method.
func (g *generator) index(i *model.Interface, m *model.Method) string {
	if i.Func {
		return "0"
	}
	return g.names.top("method "+i.Name+"."+m.Name, lower(i.Name)+m.Name)
}

func (g *generator) writeMessage(m *model.Message) string {
	return g.names.top("write message "+m.Func, "write"+m.Func)
}

func (g *generator) readMessage(m *model.Message) string {
	return g.names.top("read message "+m.Func, "read"+m.Func)
}

// errorDefs is the variable with the errors, or nil.
func (g *generator) errorDefs() string {
	if len(g.pkg.Errors) == 0 {
		return "nil"
	}
	return g.names.top("errors", "contractErrors")
}

// valueDefs is what errors are written and read with that are values. Where they
// are part of errors, it must not be the variable that refers to how that is
// done: Go refuses a variable whose initialization depends on itself.
func (g *generator) valueDefs() string {
	for _, e := range g.pkg.Errors {
		if reaches(e.Message, model.ErrorVal) {
			return g.names.top("value errors", "valueErrors")
		}
	}
	return g.errorDefs()
}

// A scope has the names of the variables of one function.
type scope struct {
	*file
	used map[string]bool
}

// scope begins a function with the variables that its lines will name.
func (f *file) scope(vars ...string) *scope {
	s := &scope{file: f, used: make(map[string]bool)}
	for _, v := range vars {
		s.used[f.ident(v)] = true
	}
	return s
}

func (s *scope) free(name string) bool {
	return !s.used[name] && !s.imports.taken[name] && !s.g.names.reserved(name)
}

// declare names a variable as the author does, if nothing is hidden by that,
// and else with what it is behind it.
func (s *scope) declare(want, what string) string {
	if !s.free(want) && s.free(want+what) {
		want += what
	}
	return s.fresh(want)
}

// fresh names a variable of generated code.
func (s *scope) fresh(want string) string {
	name := want
	for n := 2; !s.free(name); n++ {
		name = strings.TrimRight(want, "0123456789") + strconv.Itoa(n)
	}
	s.used[name] = true
	return name
}

// block runs f, after which the variables that it has named are forgotten.
func (s *scope) block(f func()) {
	outer := maps.Clone(s.used)
	f()
	s.used = outer
}
