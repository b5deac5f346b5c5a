package protobuf

import (
	"strconv"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A scope knows where a short name would be taken for another one.
type scope struct {
	pkg   string
	known map[string]bool // full names, and all that they begin with
}

func newScope(p *model.Package) *scope {
	s := &scope{pkg: p.Proto, known: map[string]bool{}}
	s.add(p.Proto)
	for _, sym := range symbols(p) {
		s.add(p.Proto + "." + sym.name)
	}
	for _, m := range messages(p) {
		for _, f := range m.Fields {
			// A field hides a package from the types of its message.
			s.known[p.Proto+"."+f.Name] = true
			if d := Declare(f); !d.Own {
				s.add(d.Type)
			}
		}
	}
	return s
}

func (s *scope) add(name string) {
	for name != "" {
		s.known[name] = true
		name = name[:max(strings.LastIndexByte(name, '.'), 0)]
	}
}

// outer returns how a full name is written: with a leading dot where its first
// part is also the name of something further in, which would be found first.
func (s *scope) outer(full string) string {
	root, _, _ := strings.Cut(full, ".")
	for in := s.pkg; in != ""; in = in[:max(strings.LastIndexByte(in, '.'), 0)] {
		if s.known[in+"."+root] {
			return "." + full
		}
	}
	return full
}

// own returns how a type of this file is written within m: with its package
// where its name is a word of the language, or that of the message that protobuf
// makes for a map of m.
func (s *scope) own(name string, m *model.Message) string {
	if words[name] || m != nil && hidden(name, m) {
		return "." + s.pkg + "." + name
	}
	return name
}

func hidden(name string, m *model.Message) bool {
	for _, f := range m.Fields {
		if f.Name == name || Declare(f).Key != "" && mapEntry(f.Name) == name {
			return true
		}
	}
	return false
}

// mapEntry returns the name of the nested message that protobuf makes for a map.
func mapEntry(field string) string { return camel(field, true) + "Entry" }

// camel returns a name without its underlines, with a capital after each; that
// is how protobuf makes names for JSON and for map entries.
func camel(name string, up bool) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c == '_' {
			up = true
			continue
		}
		if up && c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		up = false
		b.WriteByte(c)
	}
	return b.String()
}

// words are those that mean something of their own where a type is expected.
var words = map[string]bool{
	"double": true, "float": true, "int32": true, "int64": true, "uint32": true, "uint64": true,
	"sint32": true, "sint64": true, "fixed32": true, "fixed64": true, "sfixed32": true, "sfixed64": true,
	"bool": true, "string": true, "bytes": true, "map": true, "group": true, "stream": true,
	"optional": true, "repeated": true, "required": true, "reserved": true, "oneof": true,
	"option": true, "extend": true, "extensions": true, "message": true, "enum": true,
	"export": true, "local": true,
}

// messages returns all messages of p, in the order of the file, each once.
func messages(p *model.Package) (all []*model.Message) {
	for _, i := range p.Interfaces {
		if i.Foreign {
			continue
		}
		for _, m := range i.Methods {
			all = append(all, m.Request, m.Response)
		}
	}
	all = append(all, plain(p)...)
	for _, e := range p.Errors {
		if e.Message != nil {
			all = append(all, e.Message)
		}
	}
	return all
}

// Messages returns all messages of p: of methods, of types, of errors.
func Messages(p *model.Package) []*model.Message { return messages(p) }

// ValueNames returns the names of enum values as they are written. Protobuf puts
// them into the scope of the package, so one that is taken gets a number behind
// it; they are not sent, so it doesn't matter which.
func ValueNames(p *model.Package) map[*model.EnumValue]string {
	names := map[*model.EnumValue]string{}
	taken := map[string]bool{}
	for _, sym := range declared(p) {
		taken[sym.name] = true
	}
	for _, e := range p.Enums {
		short := map[string]bool{}
		for _, v := range e.Values {
			name := v.Name
			for n := 2; taken[name] || short[shortened(e.Name, name)]; n++ {
				name = v.Name + "_" + strconv.Itoa(n)
			}
			taken[name], short[shortened(e.Name, name)] = true, true
			names[v] = name
		}
	}
	return names
}

// shortened returns what protobuf compares the values of an enum by: without
// case, underlines and the enum's own name.
func shortened(enum, value string) string {
	enum = strings.ToLower(strings.ReplaceAll(enum, "_", ""))
	value = strings.ToLower(strings.ReplaceAll(value, "_", ""))
	if rest := strings.TrimPrefix(value, enum); rest != "" {
		return rest
	}
	return value
}
