package protobuf

import (
	"context"
	"errors"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// compile compiles what is written of p, and reports what it is.
func compile(t testing.TB, p *model.Package, others map[string]string) (string, protoreflect.FileDescriptor) {
	t.Helper()
	text, err := Emit(p)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"x.proto": string(text)}
	tenon, err := os.ReadFile("../../../../../proto/tenon/tenon.proto")
	if err != nil {
		t.Fatal(err)
	}
	files[tenonFile] = string(tenon)
	for name, text := range others {
		files[name] = text
	}
	c := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(files)}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	made, err := c.Compile(context.Background(), "x.proto")
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if dir := os.Getenv("EMITTED"); dir != "" {
		dir, err := os.MkdirTemp(dir, strings.ReplaceAll(t.Name(), "/", "_")+"_*")
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, files)
	}
	return string(text), linker.File(made[0])
}

// write leaves files for other compilers and linters.
func write(t testing.TB, dir string, files map[string]string) {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// numbered gives the fields of p numbers in order.
func numbered(p *model.Package) *model.Package {
	for _, m := range Messages(p) {
		for i, f := range m.Fields {
			if f.Number == 0 {
				f.Number = int32(i + 1)
			}
		}
	}
	return p
}

func field(name string, t *model.Type) *model.Field {
	return &model.Field{Name: name, GoName: name, Type: t}
}

func message(name string, fields ...*model.Field) *model.Message {
	return &model.Message{Name: name, Fields: fields}
}

func pkg(proto string, messages ...*model.Message) *model.Package {
	return numbered(&model.Package{Proto: proto, ProtoFile: "x.proto", Messages: messages})
}

func named(path, name string) types.Type {
	p := types.NewPackage(path, filepath.Base(path))
	return types.NewNamed(types.NewTypeName(token.NoPos, p, name, nil), types.Typ[types.Int], nil)
}

func alias(path, name string, of types.Type) types.Type {
	p := types.NewPackage(path, filepath.Base(path))
	return types.NewAlias(types.NewTypeName(token.NoPos, p, name, nil), of)
}

var (
	boolType   = &model.Type{Kind: model.Bool}
	stringType = &model.Type{Kind: model.String}
)

// One field of each kind, and what is written of it.
func TestKinds(t *testing.T) {
	b := message("B", field("x", boolType))
	list := message("BoolList", field("values", &model.Type{Kind: model.Slice, Elem: boolType}))
	entry := message("TimeBoolEntry", field("key", &model.Type{Kind: model.Time}), field("value", boolType))
	enum := &model.Enum{Name: "E", Values: []*model.EnumValue{{Name: "E_UNSPECIFIED"}}}
	of := func(k model.Kind, elem *model.Type) *model.Type { return &model.Type{Kind: k, Elem: elem} }
	sized := func(k model.Kind, bits int) *model.Type { return &model.Type{Kind: k, Bits: bits} }
	structType := &model.Type{Kind: model.Struct, Message: b}
	enumType := &model.Type{Kind: model.EnumKind, Enum: enum}
	for _, c := range []struct {
		t    *model.Type
		want string
	}{
		{boolType, "bool"},
		{sized(model.Int, 8), "int32 [(tenon.bits) = 8] // -128 to 127"},
		{sized(model.Int, 16), "int32 [(tenon.bits) = 16] // -32768 to 32767"},
		{sized(model.Int, 32), "int32"},
		{sized(model.Int, 64), "int64"},
		{sized(model.Int, 0), "int64"},
		{sized(model.Uint, 8), "uint32 [(tenon.bits) = 8] // 0 to 255"},
		{sized(model.Uint, 16), "uint32 [(tenon.bits) = 16] // 0 to 65535"},
		{sized(model.Uint, 32), "uint32"},
		{&model.Type{Kind: model.Uint, Bits: 8, Consts: []string{"PermRead = 1", "PermWrite = 2"}}, "uint32 [(tenon.bits) = 8] // PermRead = 1, PermWrite = 2"},
		{sized(model.Uint, 0), "uint64"},
		{sized(model.Float, 32), "float"},
		{sized(model.Float, 64), "double"},
		{sized(model.Complex, 64), "tenon.Complex"},
		{stringType, "string"},
		{&model.Type{Kind: model.Bytes}, "bytes"},
		{&model.Type{Kind: model.Bytes, Go: named("encoding/json", "RawMessage")}, "bytes // JSON"},
		{&model.Type{Kind: model.ByteArray, Len: 16}, "bytes [(tenon.size) = 16] // 16 bytes"},
		{enumType, "E"},
		{structType, "B"},
		{of(model.Pointer, boolType), "optional bool"},
		{of(model.Pointer, enumType), "optional E"},
		{of(model.Pointer, structType), "B"},
		{of(model.Pointer, &model.Type{Kind: model.Time}), "google.protobuf.Timestamp"},
		{of(model.Slice, boolType), "repeated bool"},
		{of(model.Slice, of(model.Pointer, structType)), "repeated B"},
		{of(model.Slice, sized(model.Int, 8)), "repeated int32 [(tenon.bits) = 8] // -128 to 127"},
		{&model.Type{Kind: model.Array, Elem: boolType, Len: 3}, "repeated bool [(tenon.length) = 3] // at most 3"},
		{&model.Type{Kind: model.Array, Elem: boolType}, "repeated bool [(tenon.length) = 0] // at most 0"},
		{&model.Type{Kind: model.Array, Elem: of(model.Pointer, &model.Type{Kind: model.ByteArray, Len: 4}), Len: 2}, "repeated bytes [(tenon.length) = 2, (tenon.size) = 4] // at most 2; 4 bytes"},
		{&model.Type{Kind: model.Map, Key: stringType, Elem: of(model.Pointer, structType)}, "map<string, B>"},
		{&model.Type{Kind: model.Map, Key: enumType, Elem: boolType}, "map<int32, bool>"},
		{&model.Type{Kind: model.Map, Key: sized(model.Uint, 8), Elem: sized(model.Int, 16)}, "map<uint32, int32> [(tenon.bits) = 16, (tenon.key_bits) = 8] // keys: 0 to 255; -32768 to 32767"},
		{&model.Type{Kind: model.Map, Key: &model.Type{Kind: model.Time}, Elem: boolType, Message: entry}, "repeated TimeBoolEntry"},
		{&model.Type{Kind: model.Wrapped, Message: list}, "BoolList"},
		{of(model.Slice, &model.Type{Kind: model.Wrapped, Message: list}), "repeated BoolList"},
		{&model.Type{Kind: model.Time}, "google.protobuf.Timestamp"},
		{&model.Type{Kind: model.Duration}, "google.protobuf.Duration"},
		{&model.Type{Kind: model.Text, Go: named("net/netip", "Addr")}, `string [(tenon.format) = "netip.Addr"] // the text of a netip.Addr`},
		{&model.Type{Kind: model.Text, Go: alias("example.com/x", "Address", named("net/netip", "Addr"))}, `string [(tenon.format) = "netip.Addr"] // the text of a netip.Addr`},
		{&model.Type{Kind: model.Binary, Go: types.NewPointer(named("example.com/x", "ID"))}, `bytes [(tenon.format) = "x.ID"] // the binary form of a x.ID`},
		{&model.Type{Kind: model.Proto, ProtoName: "google.protobuf.Any", ProtoImport: "google/protobuf/any.proto"}, "google.protobuf.Any"},
		{&model.Type{Kind: model.ErrorVal}, "tenon.Error"},
		{&model.Type{Kind: model.IO, IO: "ReadWriteCloser"}, `tenon.Ref [(tenon.contract) = "tenon.IO", (tenon.io) = "Read Write Close Drain Fill"]`},
		{of(model.Slice, &model.Type{Kind: model.IO, IO: "Reader"}), `repeated tenon.Ref [(tenon.contract) = "tenon.IO", (tenon.io) = "Read Drain"]`},
		{&model.Type{Kind: model.Ref, Interface: &model.Interface{Full: "other.Listener"}}, `tenon.Ref [(tenon.contract) = "other.Listener"]`},
	} {
		m := message("M", field("x", c.t))
		p := pkg("kv", m, b, list, entry)
		p.Enums = []*model.Enum{enum}
		text, file := compile(t, p, nil)
		_, line, _ := strings.Cut(text, "message M {\n  ")
		line, _, _ = strings.Cut(line, "\n}")
		if got := strings.Replace(strings.Replace(line, " x = 1", "", 1), ";", "", 1); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
		if f := file.Messages().ByName("M").Fields().Get(0); f.Number() != 1 {
			t.Errorf("number %d", f.Number())
		}
	}
}

// Lists of the same content share a message, which has the limits of all of them.
func TestShared(t *testing.T) {
	array := func(n int64, elem *model.Type) *model.Type { return &model.Type{Kind: model.Array, Elem: elem, Len: n} }
	size := func(n int64) *model.Type { return &model.Type{Kind: model.ByteArray, Len: n} }
	list := func(types ...*model.Type) string {
		m, shared := message("M"), message("List", field("values", types[0]))
		for i, t := range types {
			wrapped := &model.Type{Kind: model.Wrapped, Elem: t, Message: shared}
			m.Fields = append(m.Fields, field("x"+string(rune('a'+i)), &model.Type{Kind: model.Slice, Elem: wrapped}))
		}
		text, _ := compile(t, pkg("kv", m, shared), nil)
		_, line, _ := strings.Cut(text, "message List {\n  ")
		line, _, _ = strings.Cut(line, "\n}")
		return line
	}
	bools := &model.Type{Kind: model.Slice, Elem: boolType}
	entries := message("Entry", field("key", size(4)), field("value", size(2)))
	mapOf := func(key, value int64) *model.Type {
		return &model.Type{Kind: model.Map, Key: size(key), Elem: size(value), Message: entries}
	}
	text, _ := compile(t, pkg("kv", message("M", field("x", mapOf(4, 2)), field("y", mapOf(5, 2))), entries), nil)
	_, entry, _ := strings.Cut(text, "message Entry {\n")
	for _, c := range []struct{ got, want string }{
		{list(array(2, boolType)), "repeated bool values = 1 [(tenon.length) = 2]; // at most 2"},
		{list(array(2, boolType), array(2, boolType)), "repeated bool values = 1 [(tenon.length) = 2]; // at most 2"},
		{list(array(2, boolType), array(3, boolType)), "repeated bool values = 1;"},
		{list(array(2, boolType), bools), "repeated bool values = 1;"},
		{list(bools, array(2, boolType)), "repeated bool values = 1;"},
		{list(array(2, size(4)), array(3, size(4))), "repeated bytes values = 1 [(tenon.size) = 4]; // 4 bytes"},
		{list(array(2, size(4)), array(2, size(5))), "repeated bytes values = 1 [(tenon.length) = 2]; // at most 2"},
		{entry, "  bytes key = 1;\n  bytes value = 2 [(tenon.size) = 2]; // 2 bytes\n}\n"},
	} {
		if c.got != c.want {
			t.Errorf("%q\nwant %q", c.got, c.want)
		}
	}
}

// A list that contains itself has its limits too.
func TestOwnList(t *testing.T) {
	own := recursive()
	text, _ := compile(t, pkg("kv", message("M", field("x", own)), own.Elem.Message), nil)
	if want := "  repeated ListList values = 1 [(tenon.length) = 2]; // at most 2\n"; !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
}

// recursive is type List [2]List.
func recursive() *model.Type {
	t := &model.Type{Kind: model.Array, Len: 2}
	m := message("ListList", field("values", t))
	t.Elem = &model.Type{Kind: model.Wrapped, Elem: t, Message: m}
	return t
}

// All that a file can have, in a golden file.
func TestGolden(t *testing.T) {
	for name, p := range map[string]*model.Package{"all": everything(), "least": {Proto: "acme.least.v1", ProtoFile: "x.proto"}} {
		t.Run(name, func(t *testing.T) {
			text, _ := compile(t, p, nil)
			golden := filepath.Join("testdata", name+".proto")
			if os.Getenv("UPDATE") != "" {
				write(t, "testdata", map[string]string{name + ".proto": text})
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), text); diff != "" {
				t.Error(diff)
			}
			again, err := Emit(p)
			if err != nil || string(again) != text {
				t.Error("not the same again")
			}
		})
	}
}

func everything() *model.Package {
	entry := message("Entry", field("key", stringType), field("size", &model.Type{Kind: model.Int, Bits: 64}))
	entry.Doc = "Entry describes a value.\n"
	entry.Fields[0].Doc = "Key is what it is found by.\nIt is never empty."
	entry.Fields[1].Note = "in bytes"
	entry.Fields[1].Number = 9
	entry.ReservedNumbers = []int32{4, 5, 2, 6}
	entry.ReservedRanges = [][2]int32{{100, MaxNumber}}
	entry.ReservedNames = []string{"modified", "etag"}
	entryType := &model.Type{Kind: model.Struct, Message: entry}

	op := &model.Enum{Name: "Op", Doc: "Op says what happened.", ReservedNumbers: []int32{7}, ReservedNames: []string{"OP_GONE"}}
	op.Values = []*model.EnumValue{{Name: "OP_PUT", GoName: "OpPut", Number: 1, Note: "it was set"}, {Name: "OP_UNSPECIFIED"}, {Name: "OP_LOW", GoName: "OpLow", Number: -1, Doc: "OpLow is less."}}
	level := &model.Enum{Name: "Level", Values: []*model.EnumValue{{Name: "LEVEL_INFO", GoName: "LevelInfo"}}}

	key := message("KeyError", field("op", &model.Type{Kind: model.EnumKind, Enum: op}), field("level", &model.Type{Kind: model.EnumKind, Enum: level}))
	key.Doc = "KeyError says which key."

	listener := &model.Interface{Name: "Listener", Wire: "Listener", Full: "kv.Listener", Ref: true, Doc: "Listener is told of changes.", Gone: []string{"Deleted", "Renamed"}}
	listener.Methods = []*model.Method{{Name: "Changed", Wire: "Changed", Request: message("ListenerChangedRequest", field("e", entryType)), Response: message("ListenerChangedResponse")}}

	elem, scanned, filled := field("result", entryType), field("result", entryType), field("entries", entryType)
	total, cause := field("total", &model.Type{Kind: model.Int}), field("err", &model.Type{Kind: model.ErrorVal})
	kept := field("l", &model.Type{Kind: model.Ref, Interface: listener})
	kept.Kept = true
	store := &model.Interface{Name: "Store", Wire: "Store", Full: "kv.Store", Marked: true, File: "kv.go", Doc: "Store keeps values by key.\n\nIt is safe for concurrent use.\n"}
	store.Methods = []*model.Method{
		{Name: "Get", Wire: "Get", Doc: "Get returns the value of key.", Idempotent: true, Timeout: 1500 * time.Millisecond,
			Request: message("StoreGetRequest", field("key", stringType)), Response: message("StoreGetResponse", field("result", &model.Type{Kind: model.Bytes}))},
		{Name: "List", Wire: "List", Request: message("StoreListRequest"), Response: message("StoreListResponse", elem), Out: &model.Stream{Kind: model.SeqErr, Elem: elem}},
		{Name: "Scan", Wire: "Scan", Optional: true, Request: message("StoreScanRequest", field("l", kept.Type)), Response: message("StoreScanResponse", total, scanned), Out: &model.Stream{Elem: scanned, Head: true}},
		{Name: "Fill", Wire: "Fill", Request: message("StoreFillRequest", filled, cause), In: &model.Stream{Kind: model.SeqErr, Elem: filled, Err: cause, Head: true}, Response: message("StoreFillResponse", kept)},
	}
	p := &model.Package{
		Go: types.NewPackage("example.com/go-kv", "kv"), Proto: "kv", ProtoFile: "kv.proto", Version: 2,
		Interfaces: []*model.Interface{store, listener, {Name: "Foreign", Wire: "Foreign", Foreign: true}},
		Messages:   []*model.Message{entry, key},
		Enums:      []*model.Enum{op, level},
		Errors:     []*model.Error{{Name: "kv.ErrNotFound"}, {Name: "kv.KeyError", Message: key, Cause: "Err"}},
	}
	return numbered(p)
}
