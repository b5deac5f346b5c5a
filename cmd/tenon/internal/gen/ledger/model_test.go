package ledger

import (
	"cmp"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

const header = "syntax = \"proto3\";\npackage kv;\nimport \"tenon/tenon.proto\";\nimport \"google/protobuf/timestamp.proto\";\n"

// modelOf returns the model of which a .proto like text would have been made. Its
// fields have no numbers, but for those whose name ends in _fixed. A message whose
// name ends in Error is that of an error, one whose name ends in List is made, and
// a service is marked unless a contract names it. Places are lines of text.
func modelOf(t testing.TB, text string) *model.Package {
	t.Helper()
	s, err := parse("kv.go", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{schema: s, messages: map[string]*model.Message{}, enums: map[string]*model.Enum{}, interfaces: map[string]*model.Interface{}}
	return b.build()
}

type builder struct {
	*schema
	messages   map[string]*model.Message
	enums      map[string]*model.Enum
	interfaces map[string]*model.Interface
}

func (b *builder) build() *model.Package {
	p := &model.Package{Proto: b.pkg, ProtoFile: "kv.proto", Version: b.version, VersionPos: token.Position{Filename: "kv.go", Line: 1}}
	for _, m := range b.schema.messages {
		b.messages[m.name] = &model.Message{Name: m.name, Pos: m.pos, Wrapper: strings.HasSuffix(m.name, "List")}
	}
	for _, e := range b.schema.enums {
		made := &model.Enum{Name: e.name, Pos: e.pos}
		for _, v := range e.values {
			made.Values = append(made.Values, &model.EnumValue{Name: v.name, GoName: v.name, Number: v.number})
		}
		b.enums[e.name] = made
		p.Enums = append(p.Enums, made)
	}
	for _, s := range b.services {
		b.interfaces[s.name] = &model.Interface{Name: s.name, Wire: s.name, Full: b.pkg + "." + s.name, Marked: true, Pos: s.pos}
	}
	for _, m := range b.schema.messages {
		for _, f := range m.fields {
			b.messages[m.name].Fields = append(b.messages[m.name].Fields, b.field(f))
		}
	}
	used := map[string]bool{}
	for _, s := range b.services {
		i := b.interfaces[s.name]
		for _, m := range s.methods {
			used[m.in], used[m.out] = true, true
			i.Methods = append(i.Methods, b.method(m))
		}
		p.Interfaces = append(p.Interfaces, i)
	}
	for _, m := range b.schema.messages {
		if !used[m.name] {
			p.Messages = append(p.Messages, b.messages[m.name])
		}
	}
	for _, e := range b.errors {
		made := &model.Error{Name: e.name, Pos: e.pos}
		if m := b.messages[short(e.name)]; m != nil && strings.HasSuffix(m.Name, "Error") {
			made.Message = m
		}
		p.Errors = append(p.Errors, made)
	}
	return p
}

func (b *builder) method(m *method) *model.Method {
	made := &model.Method{Name: m.name, Wire: m.name, Pos: m.pos, Optional: m.optional, Idempotent: m.idempotent, Request: b.messages[m.in], Response: b.messages[m.out]}
	stream := func(msg *model.Message, head bool) *model.Stream {
		s := &model.Stream{Kind: model.SeqErr, Head: head}
		if n := len(msg.Fields); n > 0 {
			s.Elem = msg.Fields[n-1]
		}
		return s
	}
	if m.streamIn {
		made.In = stream(made.Request, m.headIn)
	}
	if m.streamOut {
		made.Out = stream(made.Response, m.headOut)
	}
	return made
}

func (b *builder) field(f *field) *model.Field {
	made := &model.Field{Name: f.name, GoName: f.name, Pos: f.pos, Kept: f.kept, Type: b.typ(f)}
	if strings.HasSuffix(f.name, "_fixed") {
		made.Number, made.Fixed = f.number, true
	}
	switch f.label {
	case optional:
		made.Type = &model.Type{Kind: model.Pointer, Elem: made.Type}
	case repeated:
		made.Type = &model.Type{Kind: model.Slice, Elem: made.Type}
		if n := f.limits.Length; n != nil {
			made.Type.Kind, made.Type.Len = model.Array, *n
		}
	case mapped:
		key := b.named(f.key)
		key.Bits = cmp.Or(f.limits.KeyBits, key.Bits)
		made.Type = &model.Type{Kind: model.Map, Key: key, Elem: made.Type}
	}
	return made
}

func (b *builder) typ(f *field) *model.Type {
	switch {
	case f.contract == "tenon.IO":
		name := strings.NewReplacer("Drain", "", "Fill", "", " ", "").Replace(f.io)
		return &model.Type{Kind: model.IO, IO: name + "r"}
	case f.contract != "":
		if i := b.interfaces[f.contract]; i != nil {
			i.Marked, i.Ref = false, true
			return &model.Type{Kind: model.Ref, Interface: i}
		}
		return &model.Type{Kind: model.Ref, Interface: &model.Interface{Name: f.contract, Full: f.contract, Foreign: true}}
	}
	t := b.named(f.typ)
	t.Bits = cmp.Or(f.limits.Bits, t.Bits)
	if n := f.limits.Size; n != nil {
		t.Kind, t.Len = model.ByteArray, *n
	}
	if f.limits.Format != "" {
		t.Kind, t.Go = cond(t.Kind == model.String, model.Text, model.Binary), goType(f.limits.Format)
	}
	return t
}

// goType returns a type with a name like "netip.Addr".
func goType(name string) types.Type {
	pkg, name, _ := strings.Cut(name, ".")
	p := types.NewPackage(pkg, pkg)
	return types.NewNamed(types.NewTypeName(token.NoPos, p, name, nil), types.Typ[types.Int], nil)
}

func (b *builder) named(typ string) *model.Type {
	if m := b.messages[typ]; m != nil {
		return &model.Type{Kind: model.Struct, Message: m}
	}
	if e := b.enums[typ]; e != nil {
		return &model.Type{Kind: model.EnumKind, Enum: e}
	}
	switch typ {
	case "bool":
		return &model.Type{Kind: model.Bool}
	case "int32":
		return &model.Type{Kind: model.Int, Bits: 32}
	case "int64":
		return &model.Type{Kind: model.Int, Bits: 64}
	case "uint32":
		return &model.Type{Kind: model.Uint, Bits: 32}
	case "uint64":
		return &model.Type{Kind: model.Uint, Bits: 64}
	case "float":
		return &model.Type{Kind: model.Float, Bits: 32}
	case "double":
		return &model.Type{Kind: model.Float, Bits: 64}
	case "string":
		return &model.Type{Kind: model.String}
	case "bytes":
		return &model.Type{Kind: model.Bytes}
	case "google.protobuf.Timestamp":
		return &model.Type{Kind: model.Time}
	case "google.protobuf.Duration":
		return &model.Type{Kind: model.Duration}
	}
	panic("no type for " + typ)
}
