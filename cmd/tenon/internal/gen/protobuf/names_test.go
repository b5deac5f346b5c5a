package protobuf

import (
	"go/token"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// Names that mean something else where they are used: what is compiled has the
// types that the model says.
func TestScopes(t *testing.T) {
	ref := func() *model.Field {
		return field("r", &model.Type{Kind: model.Ref, Interface: &model.Interface{Full: "o.L"}})
	}
	when := func() *model.Field { return field("at", &model.Type{Kind: model.Time}) }
	other := &model.Type{Kind: model.Proto, ProtoName: "acme.google.Thing", ProtoImport: "acme/google.proto"}
	structOf := func(m *model.Message) *model.Type { return &model.Type{Kind: model.Struct, Message: m} }

	fooEntry := message("FooEntry", field("x", boolType))
	str := message("string", field("x", boolType))
	stream := message("stream")
	for _, c := range []struct {
		name string
		p    *model.Package
		has  []string
	}{
		{"package within tenon", pkg("tenon.kv", message("M", ref(), when())), []string{"  tenon.Ref r = 1 [(tenon.contract) = "}},
		{"part called tenon", pkg("acme.tenon.kv", message("M", ref())), []string{"  .tenon.Ref r = 1 [(.tenon.contract) = "}},
		{"package within google", pkg("google.kv", message("M", when())), []string{"  google.protobuf.Timestamp at"}},
		{"part called google", pkg("acme.google", message("M", when(), ref())), []string{"  .google.protobuf.Timestamp at", "  tenon.Ref"}},
		{"message called google", pkg("kv", message("M", when()), message("google")), []string{"  .google.protobuf.Timestamp at"}},
		{"field called tenon", pkg("kv", message("M", field("tenon", boolType), ref())), []string{"  .tenon.Ref r"}},
		{"imported package", pkg("acme.kv", message("M", when(), field("t", other))), []string{"  .google.protobuf.Timestamp at", "  acme.google.Thing t"}},
		{"name of a map's entry", pkg("kv", message("M", field("foo", &model.Type{Kind: model.Map, Key: stringType, Elem: boolType}), field("bar", structOf(fooEntry))), fooEntry),
			[]string{"  .kv.FooEntry bar"}},
		{"word of the language", pkg("kv", message("M", field("s", structOf(str)), field("t", stringType)), str), []string{"  .kv.string s", "  string t"}},
		{"words as fields", pkg("kv", message("M", field("message", boolType), field("reserved", boolType), field("option", boolType), field("optional", stringType), field("returns", boolType), field("to", boolType))), nil},
		{"stream", numbered(&model.Package{Proto: "kv", Interfaces: []*model.Interface{{Name: "S", Wire: "S", Methods: []*model.Method{{Wire: "M", Request: stream, Response: message("SMResponse")}}}}}),
			[]string{"rpc M(.kv.stream) returns (SMResponse)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, file := compile(t, c.p, map[string]string{"acme/google.proto": `syntax = "proto3"; package acme.google; message Thing {}`})
			for _, want := range c.has {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			for _, m := range Messages(c.p) {
				for _, f := range m.Fields {
					d := Declare(f)
					made := file.Messages().ByName(protoreflect.Name(m.Name)).Fields().ByName(protoreflect.Name(f.Name))
					want := d.Type
					if d.Own {
						want = c.p.Proto + "." + want
					}
					if made.Message() != nil && !made.IsMap() && string(made.Message().FullName()) != want {
						t.Errorf("%s is a %s, not a %s", f.Name, made.Message().FullName(), want)
					}
				}
			}
		})
	}
}

// Constants whose names are taken get others.
func TestValueNames(t *testing.T) {
	value := func(name string, n int32) *model.EnumValue { return &model.EnumValue{Name: name, Number: n} }
	p := pkg("kv", message("OP_RUN"))
	p.Enums = []*model.Enum{
		{Name: "Op", Values: []*model.EnumValue{value("OP_UNSPECIFIED", 0), value("OP_X_PUT", 1), value("OP_X_PUT", 2), value("OP_RUN", 3), value("OP_XPUT", 4), value("OP_X_PUT_2", 5)}},
		{Name: "OpX", Values: []*model.EnumValue{value("OP_X_UNSPECIFIED", 0), value("OP_X_PUT", 1)}},
	}
	_, file := compile(t, p, nil)
	var got []string
	for i := range 2 {
		values := file.Enums().Get(i).Values()
		for n := range values.Len() {
			got = append(got, string(values.Get(n).Name()))
		}
	}
	want := "OP_UNSPECIFIED OP_X_PUT OP_X_PUT_2 OP_RUN_2 OP_XPUT_3 OP_X_PUT_2_2 OP_X_UNSPECIFIED OP_X_PUT_3"
	if text := strings.Join(got, " "); text != want {
		t.Errorf("%s\nwant %s", text, want)
	}
}

// Docs are carried over, whatever is in them, and nothing comes out of a comment.
func TestComments(t *testing.T) {
	for _, c := range []struct{ doc, want string }{
		{"", ""},
		{"\n\n", ""},
		{"One.", "// One.\n"},
		{"One.\n\nTwo.  \n", "// One.\n//\n// Two.\n"},
		{"Ends */ here /* or // here.", "// Ends */ here /* or // here.\n"},
		{"\tindented\n\r\nline\rline", "// \tindented\n//\n// line\n// line\n"},
		{"nul\x00 vt\v ff\f esc\x1b nel\u0085 ls\u2028 bom\uFEFF", "// nul  vt  ff  esc  nel  ls  bom\n"},
		{"bad \xff\xfe utf8, \"quotes\", \\n, 日本", "// bad \uFFFD utf8, \"quotes\", \\n, 日本\n"},
		{"message X { int32 x = 1; }", "// message X { int32 x = 1; }\n"},
		{strings.Repeat("long ", 1000), "// " + strings.TrimSpace(strings.Repeat("long ", 1000)) + "\n"},
	} {
		m := message("M", field("x", boolType))
		m.Doc, m.Fields[0].Doc, m.Fields[0].Note = c.doc, c.doc, c.doc
		text, file := compile(t, pkg("kv", m), nil)
		_, got, _ := strings.Cut(text, "package kv;\n\n")
		got, _, _ = strings.Cut(got, "message M {\n")
		if got != c.want {
			t.Errorf("%q\nwant %q", got, c.want)
		}
		if n := file.Messages().Get(0).Fields().Len(); n != 1 {
			t.Errorf("%d fields after %q", n, c.doc)
		}
	}
}

func TestProblems(t *testing.T) {
	pos := token.Position{Filename: "kv.go", Line: 7}
	placed := func(m *model.Message) *model.Message { m.Pos = pos; return m }
	service := func(name string, methods ...*model.Method) *model.Interface {
		return &model.Interface{Name: name, Wire: name, Pos: pos, Methods: methods}
	}
	method := func(goName, wire string) *model.Method {
		return &model.Method{Name: goName, Wire: wire, Pos: pos, Request: message("S" + goName + "Request"), Response: message("S" + goName + "Response")}
	}
	for _, c := range []struct {
		name string
		p    *model.Package
		want string
	}{
		{"message and service", &model.Package{Proto: "kv", Interfaces: []*model.Interface{service("Entry")}, Messages: []*model.Message{placed(message("Entry"))}},
			"kv.go:7: the service of Entry and the message Entry would both be called Entry in the .proto; call one of them otherwise with //tenon:name"},
		{"message and request", &model.Package{Proto: "kv", Interfaces: []*model.Interface{service("S", method("Get", "Get"))}, Messages: []*model.Message{placed(message("SGetRequest"))}},
			"kv.go:7: the request of S.Get and the message SGetRequest would both be called SGetRequest in the .proto; call one of them otherwise with //tenon:name"},
		{"methods", &model.Package{Proto: "kv", Interfaces: []*model.Interface{service("S", method("Get", "Get"), method("Got", "Get"))}},
			"kv.go:7: the methods Get and Got of S would both be called Get in the .proto; call one of them otherwise with //tenon:name"},
		{"letters", pkg("kv", placed(message("Größe"))),
			`kv.go:7: the message Größe can't be called "Größe" in the .proto, where names are of ASCII letters, digits and underlines; give it another with //tenon:name`},
		{"fields for JSON", pkg("kv", placed(message("M", field("a_1", boolType), field("a1", boolType)))),
			"kv.go:7: a_1 and a1 of M would be a_1 and a1 in the .proto, which are the same for protobuf; name one of them otherwise with the tag tenon:\"name=…\", a parameter by its name in Go"},
		{"tenon's own", pkg("tenon"), "the protobuf package tenon is that of Tenon's own messages; name another with //tenon:package"},
		{"no package", pkg("a..b"), "\"a..b\" can't be the name of a protobuf package: its parts are of ASCII letters, digits and underlines; name another with //tenon:package"},
		{"numbers", pkg("kv", placed(message("M", &model.Field{Name: "a", Number: 3, Type: boolType}, &model.Field{Name: "b", Number: 3, Type: boolType}))),
			"kv.go:7: a and b of M have the same number 3; give one of them another with the tag tenon:\"number=…\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Emit(c.p); err == nil || err.Error() != c.want {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
}
