package protobuf

import (
	"go/token"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A symbol is a name in the scope of the package.
type symbol struct {
	name string
	what string // "the interface Store"
	pos  token.Position
}

// declared returns the names of services, messages and enums.
func declared(p *model.Package) (all []symbol) {
	for _, i := range p.Interfaces {
		if i.Foreign {
			continue
		}
		all = append(all, symbol{i.Wire, "the service of " + i.Name, i.Pos})
		for _, m := range i.Methods {
			where := " of " + i.Name + "." + m.Name
			all = append(all, symbol{m.Request.Name, "the request" + where, at(m.Request.Pos, m.Pos)})
			all = append(all, symbol{m.Response.Name, "the response" + where, at(m.Response.Pos, m.Pos)})
		}
	}
	for _, m := range plain(p) {
		all = append(all, symbol{m.Name, "the message " + m.Name, m.Pos})
	}
	for _, e := range p.Enums {
		all = append(all, symbol{e.Name, "the enum " + e.Name, e.Pos})
	}
	for _, e := range p.Errors {
		if e.Message != nil {
			all = append(all, symbol{e.Message.Name, "the message of the error " + e.Name, at(e.Message.Pos, e.Pos)})
		}
	}
	return all
}

// symbols returns declared, and the enum values.
func symbols(p *model.Package) []symbol {
	all := declared(p)
	names := ValueNames(p)
	for _, e := range p.Enums {
		for _, v := range e.Values {
			all = append(all, symbol{names[v], "the value " + v.GoName + " of " + e.Name, e.Pos})
		}
	}
	return all
}

// check finds the names that protobuf would refuse.
func check(p *model.Package) error {
	var problems model.Problems
	checkPackage(p, &problems)
	seen := map[string]symbol{}
	for _, s := range symbols(p) {
		if !IsIdentifier(s.name) {
			problems.Add(s.pos, "give it another with //tenon:name",
				"%s can't be called %q in the .proto, where names are of ASCII letters, digits and underlines", s.what, s.name)
		}
		if other, ok := seen[s.name]; ok {
			problems.Add(s.pos, "call one of them otherwise with //tenon:name",
				"%s and %s would both be called %s in the .proto", other.what, s.what, s.name)
		}
		seen[s.name] = s
	}
	for _, i := range p.Interfaces {
		if !i.Foreign {
			checkMethods(i, &problems)
		}
	}
	for _, m := range messages(p) {
		checkFields(m, &problems)
	}
	return problems.Err()
}

func checkPackage(p *model.Package, problems *model.Problems) {
	const hint = "name another with //tenon:package"
	var pos token.Position
	if len(p.Interfaces) > 0 {
		pos = p.Interfaces[0].Pos
	}
	for _, part := range strings.Split(p.Proto, ".") {
		if !IsIdentifier(part) {
			problems.Add(pos, hint, "%q can't be the name of a protobuf package: its parts are of ASCII letters, digits and underlines", p.Proto)
			return
		}
	}
	if p.Proto == "tenon" {
		problems.Add(pos, hint, "the protobuf package tenon is that of Tenon's own messages")
	}
}

func checkMethods(i *model.Interface, problems *model.Problems) {
	seen := map[string]*model.Method{}
	for _, m := range i.Methods {
		if !IsIdentifier(m.Wire) {
			problems.Add(m.Pos, "give it another with //tenon:name",
				"the method %s.%s can't be called %q in the .proto, where names are of ASCII letters, digits and underlines", i.Name, m.Name, m.Wire)
		}
		if other := seen[m.Wire]; other != nil {
			problems.Add(m.Pos, "call one of them otherwise with //tenon:name",
				"the methods %s and %s of %s would both be called %s in the .proto", other.Name, m.Name, i.Name, m.Wire)
		}
		seen[m.Wire] = m
	}
}

// checkFields also compares the names that fields have in JSON, as protobuf does.
func checkFields(m *model.Message, problems *model.Problems) {
	const hint = `name one of them otherwise with the tag tenon:"name=…", a parameter by its name in Go`
	seen := map[string]*model.Field{}
	numbers := map[int32]*model.Field{}
	for _, f := range m.Fields {
		pos := at(f.Pos, m.Pos)
		if !IsIdentifier(f.Name) {
			problems.Add(pos, hint, "%s of %s can't be called %q in the .proto, where names are of ASCII letters, digits and underlines", fieldName(f), m.Name, f.Name)
		}
		json := camel(f.Name, false)
		if other := seen[json]; other != nil {
			problems.Add(pos, hint, "%s and %s of %s would be %s and %s in the .proto, which are the same for protobuf", fieldName(other), fieldName(f), m.Name, other.Name, f.Name)
		}
		seen[json] = f
		if other := numbers[f.Number]; other != nil {
			problems.Add(pos, "give one of them another with the tag tenon:\"number=…\"", "%s and %s of %s have the same number %d", fieldName(other), fieldName(f), m.Name, f.Number)
		}
		numbers[f.Number] = f
		if Declare(f).Type == "" {
			problems.Add(pos, "", "the protobuf message that %s of %s has is not known by name", fieldName(f), m.Name)
		}
	}
}

// fieldName names a field as the author knows it.
func fieldName(f *model.Field) string {
	if f.GoName != "" {
		return f.GoName
	}
	return f.Name
}

// IsIdentifier reports whether s can be a name in a .proto.
func IsIdentifier(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
