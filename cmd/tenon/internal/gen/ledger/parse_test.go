package ledger

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/protobuf"
)

func TestDamaged(t *testing.T) {
	const hint = "; restore it from version control; if nothing that was built with it is deployed, it may be removed instead"
	const why = "the field numbers can't be read, as this .proto is damaged: "
	for _, c := range []struct{ name, text, want string }{
		{"cut off", header + "message M {\n  int32 a", "kv.proto:6:10: " + why + "syntax error: expecting ';'" + hint},
		{"merged", header + "<<<<<<< HEAD\nmessage M {}\n=======\n", "kv.proto:5:1: " + why + "syntax error: unexpected '<'; resolve the conflict of the merge: what is deployed keeps its numbers"},
		{"empty", " \n", "kv.proto: " + why + "it is empty" + hint},
		{"number twice", header + "message M { int32 a = 1; int32 b = 1; }", "kv.proto:5:36: " + why + "message kv.M: fields a and b both have the same tag 1; two branches may have given it: remove the line of the field that isn't deployed, and it gets another number"},
		{"cut off before the package", "syntax = \"proto3\";\n", why + "it names no package" + hint},
		{"cut off before services", header, "kv.proto: " + why + "it declares nothing, and so describes no contract" + hint},
		{"without a request", header + "message Out {}\nservice S {\n  rpc Do(In) returns (Out);\n}", "kv.proto:7:3: " + why + "S.Do refers to the message In, which is not there" + hint},
		{"without an answer", header + "message In {}\nservice S { rpc Do(In) returns (stream kv.Out); }", why + "S.Do refers to the message Out, which is not there" + hint},
		{"without a message", header + "message In { map<string, Entry> by = 1; }", "kv.proto:5:14: " + why + "by of In refers to the type Entry, which is not there" + hint},
		{"without an enum", header + "message In { repeated Color c = 1; }", why + "c of In refers to the type Color, which is not there" + hint},
		{"without an import", header + "message In { google.protobuf.Timestamp at = 1; acme.v1.Thing t = 2; }", why + "t of In refers to the type acme.v1.Thing, which is not there" + hint},
		{"without the import of tenon", "syntax = \"proto3\"; package kv; import \"acme.proto\"; message In { acme.v1.Thing t = 2; tenon.Ref r = 1; }", why + "r of In refers to the type tenon.Ref, which is not there" + hint},
		{"large", strings.Repeat("\n", maxLedger) + "x", "it has 33554433 bytes, more than 33554432" + hint},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := modelOf(t, header)
			_, err := Assign(p, []byte(c.text), Options{Breaking: true})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
}

// What a person may have written by hand is read.
func TestByHand(t *testing.T) {
	const text = `
edition = "2023";
package kv.v1;
import "tenon/tenon.proto";
option (.tenon.version) = 3;
option (tenon.error) = "kv" '.ErrA';
option optimize_for = SPEED;
/* A block. */ message Outer {
  message Inner { .kv.v1.Outer.Inner self = 1; }
  enum Kind { ZERO = 0; }
  extensions 100 to 200;
  Inner inner = 1 [deprecated = true];
  map<string, .kv.v1.Outer> by_name = 0x2;
  kv.v1.Outer outer = 3;
  oneof x { int32 y = 4; }
  .tenon.Ref r = 5 [(.tenon.contract) = "kv.v1.S", (tenon.kept) = true];
}
service S { rpc Do(Outer) returns (stream .kv.v1.Outer) {} option deprecated = true; }
extend Outer { int32 more = 101; }
`
	s, err := parse("kv.proto", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if s.version != 3 || len(s.errors) != 1 || s.errors[0].name != "kv.ErrA" {
		t.Errorf("version %d, errors %v", s.version, s.errors)
	}
	m := find(s.messages, ofMessage, "Outer")
	if f := find(m.fields, ofField, "by_name"); f.label != mapped || f.key != "string" || f.typ != "Outer" || f.number != 2 {
		t.Errorf("%+v", f)
	}
	if f := find(m.fields, ofField, "outer"); f.typ != "Outer" {
		t.Errorf("%+v", f)
	}
	if f := find(m.fields, ofField, "y"); f.number != 4 {
		t.Errorf("%+v", f)
	}
	if f := find(m.fields, ofField, "r"); f.typ != "tenon.Ref" || f.contract != "S" || !f.kept {
		t.Errorf("%+v", f)
	}
	if r := s.services[0].methods[0]; r.in != "Outer" || r.out != "Outer" || !r.streamOut || r.streamIn {
		t.Errorf("%+v", r)
	}
}

// What options say is read as it is written.
func TestOptionsComeBack(t *testing.T) {
	const text = header + `
service S {
  option (tenon.gone) = "Trim";
  option (.tenon.gone) = "Cut" 'Off';
  option (tenon.gone) = "no name";
  rpc Do(In) returns (stream Out) { option (tenon.response_head) = true; }
  rpc Be(stream In2) returns (Out2) { option (tenon.request_head) = false; }
}
message In {
  tenon.Ref r = 1 [(tenon.contract) = "tenon.IO", (tenon.io) = "Read  Close Drain"];
  repeated int32 list = 2 [(tenon.bits) = 8, (tenon.length) = 0x3];
  map<uint32, bytes> by = 3 [(tenon.key_bits) = 16, (tenon.size) = 0];
  optional string addr = 4 [(tenon.format) = "netip.Addr"];
  int32 wrong = 5 [(tenon.bits) = -8, (tenon.length) = -1, (tenon.size) = "x", (tenon.key_bits) = 99999999999];
}
message Out { int32 x = 1; }
message In2 { int32 y = 1; }
message Out2 {}
`
	p := modelOf(t, text)
	if _, err := Assign(p, []byte(text), Options{}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"[CutOff Trim] true false",
		"r: io Read Close Drain",
		"list: length 3 bits 8",
		"by: size 0 key_bits 16",
		"addr: format netip.Addr",
		"wrong:",
	}
	for _, text := range []string{text, emit(t, p)} {
		if diff := cmp.Diff(want, outline(t, text)); diff != "" {
			t.Error(diff)
		}
	}
}

// outline says what the options of the first service and the first message are.
func outline(t *testing.T, text string) []string {
	s, err := parse("kv.proto", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	sv := s.services[0]
	slices.Sort(sv.gone)
	all := []string{fmt.Sprint(sv.gone, sv.methods[0].headOut, sv.methods[1].headIn)}
	for _, f := range find(s.messages, ofMessage, "In").fields {
		line, l := f.name+":", f.limits
		add := func(name string, value any) {
			if value != "" && value != 0 {
				line += fmt.Sprint(" ", name, " ", value)
			}
		}
		add("io", f.io)
		add("length", number(l.Length))
		add("size", number(l.Size))
		add("bits", l.Bits)
		add("key_bits", l.KeyBits)
		add("format", l.Format)
		all = append(all, line)
	}
	return all
}

// No bytes make Assign panic, and what it accepts it writes so that it can be read
// again.
func FuzzLedger(f *testing.F) {
	kv, err := os.ReadFile("testdata/kv.proto")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(kv)
	for _, c := range comparisons {
		f.Add([]byte(common + c.old))
	}
	f.Add([]byte(common + "service Clock { option (tenon.gone) = \"A\"; option (tenon.gone) = \"\"; }"))
	f.Add([]byte(header + "message M { reserved 1 to max; optional group G = 1 { } map<string,M> a = 2; }"))
	f.Add([]byte("syntax = \"proto2\"; message M { extensions 4 to max; required group G = 1 { reserved -1; } }"))
	f.Fuzz(func(t *testing.T, old []byte) {
		p := modelOf(t, string(kv))
		p.Version = 7
		if _, err := Assign(p, old, Options{Breaking: true}); err != nil {
			if len(problems(err)) == 0 {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		text, err := protobuf.Emit(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Assign(p, text, Options{}); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	})
}
