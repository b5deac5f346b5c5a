package ledger

import (
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/protobuf"
)

// fromModel makes a schema of p. Its fields have the numbers that tags fix, and
// 0 where there is none.
func fromModel(p *model.Package) *schema {
	s := &schema{pkg: p.Proto, version: p.Version, declared: declaredBy(p.Go)}
	former := map[*model.Message][]string{}
	for _, e := range p.Errors {
		for _, was := range e.Was {
			former[e.Message] = append(former[e.Message], short(was))
		}
		made := &failure{named: named{name: e.Name, was: e.Was, pos: e.Pos}}
		if e.Message != nil {
			made.message = e.Message.Name
		}
		s.errors = append(s.errors, made)
	}
	calls := map[*model.Message]token.Position{}
	for _, i := range p.Interfaces {
		if !i.Foreign {
			s.services = append(s.services, serviceOf(i, calls))
		}
	}
	decls := protobuf.Declarations(p)
	for _, m := range protobuf.Messages(p) {
		made := messageOf(p.Proto, m, calls[m], decls)
		_, made.call = calls[m]
		_, failure := former[m]
		made.said = !made.call && !failure && isNamed(m.Go)
		made.was = append(slices.Clone(made.was), former[m]...)
		s.messages = append(s.messages, made)
	}
	values := protobuf.ValueNames(p)
	for _, e := range p.Enums {
		s.enums = append(s.enums, enumOf(e, values))
	}
	return s
}

func serviceOf(i *model.Interface, calls map[*model.Message]token.Position) *service {
	s := &service{
		named:  named{name: i.Wire, go_: i.Name, was: i.Was, pos: i.Pos},
		marked: i.Marked,
		said:   isNamed(i.Go),
		model:  i,
	}
	for _, m := range i.Methods {
		calls[m.Request], calls[m.Response] = m.Pos, m.Pos
		s.methods = append(s.methods, &method{
			named: named{name: m.Wire, go_: m.Name, was: m.Was, pos: m.Pos},
			in:    m.Request.Name, out: m.Response.Name,
			optional: m.Optional, idempotent: m.Idempotent,
			streamIn: m.In != nil, streamOut: m.Out != nil,
			headIn: m.In != nil && m.In.Head, headOut: m.Out != nil && m.Out.Head,
			part: partName(m.Part),
		})
	}
	return s
}

func partName(p *model.Part) string {
	if p == nil {
		return ""
	}
	return p.Name
}

// isNamed reports whether t has a name, so that a directive can be above it. What
// has none is called after where it is, and so are its former names.
func isNamed(t types.Type) bool {
	switch t.(type) {
	case *types.Struct, *types.Interface, *types.Signature:
		return false
	}
	return true
}

func messageOf(pkg string, m *model.Message, pos token.Position, decls map[*model.Field]protobuf.Decl) *message {
	if m.Pos.IsValid() {
		pos = m.Pos
	}
	msg := &message{named: named{name: m.Name, was: m.Was, pos: pos}, made: m.Wrapper || m.Entry, model: m}
	for _, f := range m.Fields {
		d := decls[f]
		fd := &field{
			named:  named{name: f.Name, go_: f.GoName, was: f.Was, pos: f.Pos},
			fixed:  f.Fixed,
			key:    d.Key,
			typ:    d.Type,
			io:     d.IO,
			kept:   d.Kept,
			limits: d.Limits,
			label:  labelOf(d),
			model:  f,
		}
		if !fd.pos.IsValid() {
			fd.pos = pos
		}
		if f.Fixed {
			fd.number = f.Number
		}
		fd.contract = local(pkg, d.Contract)
		msg.fields = append(msg.fields, fd)
	}
	return msg
}

func labelOf(d protobuf.Decl) label {
	switch {
	case d.Key != "":
		return mapped
	case d.Label == "repeated":
		return repeated
	case d.Label == "optional":
		return optional
	}
	return single
}

func enumOf(e *model.Enum, names map[*model.EnumValue]string) *enum {
	made := &enum{named: named{name: e.Name, was: e.Was, pos: e.Pos}, model: e}
	for _, v := range e.Values {
		made.values = append(made.values, &value{named{name: names[v], go_: v.GoName, pos: placeOf(v, e)}, v.Number})
	}
	return made
}

func placeOf(v *model.EnumValue, e *model.Enum) token.Position {
	if v.Pos.IsValid() {
		return v.Pos
	}
	return e.Pos
}

// declaredBy returns what says whether the package has a type of that name, which
// is written as "kv.ID". Of other packages nothing is known, so they may have it.
func declaredBy(p *types.Package) func(string) bool {
	return func(goType string) bool {
		pkg, name, _ := strings.Cut(goType, ".")
		return p == nil || pkg != p.Name() || p.Scope().Lookup(name) != nil
	}
}
