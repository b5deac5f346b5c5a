package main

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenon-go/tenon/examples/terraform-schema/pb/tfplugin5"
	"github.com/tenon-go/tenon/examples/terraform-schema/pb/tfplugin6"
)

func TestTypes(t *testing.T) {
	for raw, want := range map[string]string{
		`"string"`:                       "string",
		`"number"`:                       "number",
		`"bool"`:                         "bool",
		`"dynamic"`:                      "any",
		`["list","string"]`:              "list(string)",
		`["map",["set","bool"]]`:         "map(set(bool))",
		`["tuple",[]]`:                   "tuple([])",
		`["tuple",["string","dynamic"]]`: "tuple([string, any])",
		`["object",{}]`:                  "object({})",
		`["object",{"b":"bool","a":["list","number"]}]`:    "object({a=list(number), b=bool})",
		`["object",{"a":"string","b":"number"},["b","c"]]`: "object({a=string, b=optional(number)})",
	} {
		if got, err := readType([]byte(raw)); err != nil || got.text != want {
			t.Errorf("%s is %v, want %s; %v", raw, got, want, err)
		}
	}
	for _, raw := range []string{
		`x`, `{}`, `1`, `null`, `"text"`, `[]`, `["list"]`, `["list",1]`, `["list","text"]`, `["array","string"]`,
		`[1,"string"]`, `[["list"],"string"]`, `["tuple","string"]`, `["tuple",[1]]`, `["object",[]]`, `["object",{"a":1}]`,
		`"string" "string"`,
	} {
		if got, err := readType([]byte(raw)); err == nil {
			t.Errorf("%s is %v, want an error", raw, got)
		}
	}
	if got, err := readType(nil); got != nil || err != nil {
		t.Errorf("nothing is %v, %v", got, err)
	}
}

func FuzzType(f *testing.F) {
	f.Add([]byte(`["object",{"a":["tuple",["string",["map","dynamic"]]]},["a"]]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := readType(raw)
		if err == nil && got != nil && got.text == "" {
			t.Errorf("%q has no name", raw)
		}
	})
}

// TestFaultIsPlaced has a type that makes no sense deep within a schema.
func TestFaultIsPlaced(t *testing.T) {
	bad := &tfplugin6.Schema_Attribute{Name: "height", Type: []byte(`"tall"`)}
	a := &answer{schemas: &tfplugin6.GetProviderSchema_Response{ResourceSchemas: map[string]*tfplugin6.Schema{
		"garden_tree": {Block: &tfplugin6.Schema_Block{BlockTypes: []*tfplugin6.Schema_NestedBlock{{
			TypeName: "stem",
			Block: &tfplugin6.Schema_Block{Attributes: []*tfplugin6.Schema_Attribute{{
				Name: "ring", NestedType: &tfplugin6.Schema_Object{Attributes: []*tfplugin6.Schema_Attribute{bad}},
			}}},
		}}}},
	}}}
	_, err := read(a)
	const want = `resource garden_tree block stem attribute ring attribute height: the type "\"tall\"" cannot be read: `
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("failed with %v, want %s", err, want)
	}
}

// TestHolesAreNoHarm has answers that lack what they should have.
func TestHolesAreNoHarm(t *testing.T) {
	for _, r := range []*tfplugin6.GetProviderSchema_Response{
		nil,
		{ResourceSchemas: map[string]*tfplugin6.Schema{"a": nil, "b": {}}, ActionSchemas: map[string]*tfplugin6.ActionSchema{"a": nil}},
		{Functions: map[string]*tfplugin6.Function{"f": nil, "g": {Parameters: []*tfplugin6.Function_Parameter{nil}}}},
		{Provider: &tfplugin6.Schema{Block: &tfplugin6.Schema_Block{
			Attributes: []*tfplugin6.Schema_Attribute{nil, {Name: "a"}},
			BlockTypes: []*tfplugin6.Schema_NestedBlock{nil, {TypeName: "b", Nesting: 77}},
		}}},
	} {
		s, err := read(&answer{schemas: r})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := printTree(&out, "holes", s, true); err != nil {
			t.Error(err)
		}
		if err := printJSON(&out, "holes", s); err != nil {
			t.Error(err)
		}
	}
}

// TestBounds has what the framework of the test's provider has not: numbers of
// blocks. It also has a name that would write over the tree.
func TestBounds(t *testing.T) {
	block := func(name string, nesting tfplugin6.Schema_NestedBlock_NestingMode, least, most int64) *tfplugin6.Schema_NestedBlock {
		return &tfplugin6.Schema_NestedBlock{TypeName: name, Nesting: nesting, MinItems: least, MaxItems: most}
	}
	const (
		list  = tfplugin6.Schema_NestedBlock_LIST
		group = tfplugin6.Schema_NestedBlock_GROUP
	)
	s, err := read(&answer{schemas: &tfplugin6.GetProviderSchema_Response{Provider: &tfplugin6.Schema{
		Block: &tfplugin6.Schema_Block{BlockTypes: []*tfplugin6.Schema_NestedBlock{
			block("any", list, 0, 0), block("few", list, 0, 3), block("group", group, 0, 0), block("many", list, 2, 0),
			block("one", list, 1, 1), block("some", list, 1, 3), block("up\x1b[A\nhere", list, 0, 0),
		}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := printTree(&out, "bounds", s, false); err != nil {
		t.Fatal(err)
	}
	const want = `bounds
└── provider
    ├── any         list of blocks
    ├── few         list of blocks  at most 3
    ├── group       group block
    ├── many        list of blocks  at least 2
    ├── one         list of blocks  1
    ├── some        list of blocks  1 to 3
    └── up�[A�here  list of blocks
`
	if got := out.String(); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

// TestOlder has an answer of protocol 5 in which everything is set.
func TestOlder(t *testing.T) {
	for _, pair := range [][2]proto.Message{
		{&tfplugin5.GetProviderSchema_Response{}, &tfplugin6.GetProviderSchema_Response{}},
		{&tfplugin5.GetResourceIdentitySchemas_Response{}, &tfplugin6.GetResourceIdentitySchemas_Response{}},
	} {
		from, to := pair[0], pair[1]
		fill(from.ProtoReflect(), 8)
		if err := renew(to, from, nil); err != nil {
			t.Fatal(err)
		}
		// protojson has names where the bytes have numbers.
		got, want := protojson.Format(to), protojson.Format(from)
		if normal(got) != normal(want) {
			t.Errorf("copied\n%s\nof\n%s", got, want)
		}
	}
}

// normal takes out the spaces, in which protojson varies on purpose.
func normal(text string) string { return strings.ReplaceAll(text, " ", "") }

// fill sets all fields of m, and those of messages within it down to a depth.
func fill(m protoreflect.Message, depth int) {
	if depth == 0 {
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.IsMap():
			fill(m.Mutable(f).Map().Mutable(protoreflect.ValueOfString("key").MapKey()).Message(), depth-1)
		case f.IsList():
			fill(m.Mutable(f).List().AppendMutable().Message(), depth-1)
		case f.Message() != nil:
			fill(m.Mutable(f).Message(), depth-1)
		default:
			m.Set(f, scalar(f))
		}
	}
}

func scalar(f protoreflect.FieldDescriptor) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(1)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(f.Name()))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(string(f.Name()))
	}
	return protoreflect.ValueOfInt64(int64(f.Number()))
}

func TestProviderName(t *testing.T) {
	for program, want := range map[string]string{
		"terraform-provider-time":                    "time",
		"./bin/terraform-provider-time_v0.14.2_x5":   "time",
		"/x/terraform-provider-google-beta_v6.0.exe": "google-beta",
		"garden": "garden",
	} {
		if got := providerName(program); got != want {
			t.Errorf("%s is %s, want %s", program, got, want)
		}
	}
}
