package ledger

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/protobuf"
)

// A change of a contract, and what is said of it: problems where a line of want
// begins with "breaks", changes that are allowed otherwise. The empty messages In,
// Out and Other, and the service Store with the method Get, are in each case.
var comparisons = []struct {
	name      string
	old, next string
	edit      func(p *model.Package) // of the new model
	want      string
}{
	{name: "nothing", old: `message M { int32 a = 1; }`, next: `message M { int32 a = 1; }`},

	// Fields.
	{name: "field added", old: `message M { int32 a = 1; }`, next: `message M { int32 a = 1; string b = 2; }`,
		want: "the field b = 2 of M is new"},
	{name: "field removed", old: `message M { int32 a = 1; string b = 2; }`, next: `message M { int32 a = 1; }`,
		want: "the field b = 2 of M is gone, and reserved"},
	{name: "field renamed", old: `message M { int32 a = 1; }`, next: `message M { int32 b = 1; }`, edit: was("M", "b", "a"),
		want: "the field b of M was a"},
	{name: "field renamed by its number", old: `message M { int32 a = 3; }`, next: `message M { int32 b_fixed = 3; }`,
		want: "the field b_fixed of M was a"},
	{name: "fields in another order", old: `message M { int32 a = 1; int32 b = 2; }`, next: `message M { int32 b = 1; int32 a = 2; }`},
	{name: "number changed", old: `message M { int32 a_fixed = 1; }`, next: `message M { int32 a_fixed = 2; }`,
		want: "breaks: a_fixed of M has the number 2, and had 1: peers built before know it by that"},
	{name: "reserved number", old: `message M { reserved 2 to 5; int32 a = 1; }`, next: `message M { int32 a = 1; string b_fixed = 4; }`,
		want: "breaks: the number 4 of b_fixed of M is that of another field before: peers built before take it for that\nthe field b_fixed = 4 of M is new"},
	{name: "numbers swapped", old: `message M { int32 a_fixed = 1; int32 b_fixed = 2; }`, next: `message M { int32 a_fixed = 2; int32 b_fixed = 1; }`,
		want: "breaks: a_fixed of M has the number 2, and had 1: peers built before know it by that\nbreaks: b_fixed of M has the number 1, and had 2: peers built before know it by that"},
	{name: "number of a removed field", old: `message M { int32 a = 1; }`, next: `message M { string b_fixed = 1; }`,
		want: "breaks: the number 1 of b_fixed of M is that of a before: peers built before take it for that\nthe field a = 1 of M is gone, and reserved\nthe field b_fixed = 1 of M is new"},

	// Types.
	{name: "int32 to int64", old: `message M { int32 a = 1; }`, next: `message M { int64 a = 1; }`, want: "a of M is int64, and was int32"},
	{name: "uint32 to uint64", old: `message M { uint32 a = 1; }`, next: `message M { uint64 a = 1; }`, want: "a of M is uint64, and was uint32"},
	{name: "uint32 to int64", old: `message M { uint32 a = 1; }`, next: `message M { int64 a = 1; }`, want: "a of M is int64, and was uint32"},
	{name: "int64 to int32", old: `message M { int64 a = 1; }`, next: `message M { int32 a = 1; }`, want: misread("int32", "int64")},
	{name: "int32 to uint32", old: `message M { int32 a = 1; }`, next: `message M { uint32 a = 1; }`, want: misread("uint32", "int32")},
	{name: "int64 to uint64", old: `message M { int64 a = 1; }`, next: `message M { uint64 a = 1; }`, want: misread("uint64", "int64")},
	{name: "bool to int32", old: `message M { bool a = 1; }`, next: `message M { int32 a = 1; }`, want: misread("int32", "bool")},
	{name: "float to double", old: `message M { float a = 1; }`, next: `message M { double a = 1; }`, want: misread("double", "float")},
	{name: "string to bytes", old: `message M { string a = 1; }`, next: `message M { bytes a = 1; }`, want: misread("bytes", "string")},
	{name: "string to int64", old: `message M { string a = 1; }`, next: `message M { int64 a = 1; }`, want: misread("int64", "string")},
	{name: "sint32 by hand", old: `message M { sint32 a = 1; }`, next: `message M { int32 a = 1; }`, want: misread("int32", "sint32")},
	{name: "plain to optional", old: `message M { int32 a = 1; }`, next: `message M { optional int32 a = 1; }`, want: "a of M is optional int32, and was int32"},
	{name: "optional to plain", old: `message M { optional string a = 1; }`, next: `message M { string a = 1; }`, want: "a of M is string, and was optional string"},
	{name: "one to many", old: `message M { int32 a = 1; }`, next: `message M { repeated int32 a = 1; }`, want: misread("repeated int32", "int32")},
	{name: "many to one", old: `message M { repeated Other a = 1; }`, next: `message M { Other a = 1; }`, want: misread("Other", "repeated Other")},
	{name: "many of a wider type", old: `message M { repeated int32 a = 1; }`, next: `message M { repeated int64 a = 1; }`, want: "a of M is repeated int64, and was repeated int32"},
	{name: "map's key", old: `message M { map<string, int32> a = 1; }`, next: `message M { map<int32, int32> a = 1; }`, want: misread("map<int32, int32>", "map<string, int32>")},
	{name: "map's value", old: `message M { map<string, int32> a = 1; }`, next: `message M { map<string, string> a = 1; }`, want: misread("map<string, string>", "map<string, int32>")},
	{name: "map of wider types", old: `message M { map<int32, uint32> a = 1; }`, next: `message M { map<int64, int64> a = 1; }`, want: "a of M is map<int64, int64>, and was map<int32, uint32>"},
	{name: "map to list", old: `message M { map<string, Other> a = 1; }`, next: `message M { repeated Other a = 1; }`, want: misread("repeated Other", "map<string, Other>")},
	{name: "Timestamp to Duration", old: `message M { google.protobuf.Timestamp a = 1; }`, next: `message M { google.protobuf.Duration a = 1; }`,
		want: misread("google.protobuf.Duration", "google.protobuf.Timestamp")},
	{name: "message to scalar", old: `message M { Other a = 1; }`, next: `message M { bytes a = 1; }`, want: misread("bytes", "Other")},

	// What types with the same form on the wire hold.
	{name: "int8 to int16", old: limited("int32", "bits = 8"), next: limited("int32", "bits = 16"), want: "a of M is of 16 bits, and was of 8"},
	{name: "int8 to int32", old: limited("int32", "bits = 8"), next: limited("int32"), want: "a of M is of 32 bits, and was of 8"},
	{name: "int8 to int64", old: limited("int32", "bits = 8"), next: limited("int64"), want: "a of M is int64, and was int32"},
	{name: "int32 to int16", old: limited("int32"), next: limited("int32", "bits = 16"), want: narrowed("is of 16 bits, and was of 32", "numbers that don't fit")},
	{name: "int16 to int8", old: limited("int32", "bits = 16"), next: limited("int32", "bits = 8"), want: narrowed("is of 8 bits, and was of 16", "numbers that don't fit")},
	{name: "uint8s to uint16s", old: limited("repeated uint32", "bits = 8"), next: limited("repeated uint32", "bits = 16"), want: "a of M is of 16 bits, and was of 8"},
	{name: "uint16s to uint8s", old: limited("repeated uint32", "bits = 16"), next: limited("repeated uint32", "bits = 8"), want: narrowed("is of 8 bits, and was of 16", "numbers that don't fit")},
	{name: "pointer to int16 to int8", old: limited("optional int32", "bits = 16"), next: limited("int32", "bits = 8"),
		want: "a of M is int32, and was optional int32\n" + narrowed("is of 8 bits, and was of 16", "numbers that don't fit")},
	{name: "enum to int8", old: `message M { E a = 1; } enum E { E_A = 0; }`, next: limited("int32", "bits = 8"),
		want: "a of M is int32, and was E\n" + narrowed("is of 8 bits, and was of 32", "numbers that don't fit")},
	{name: "enum to int32", old: limited("E") + `enum E { E_A = 0; }`, next: limited("int32"), want: "a of M is int32, and was E"},
	{name: "enum of 8 bits to int16", old: limited("E", "bits = 8") + `enum E { E_A = 0; }`, next: limited("int32", "bits = 16"), want: "a of M is int32, and was E"},
	{name: "enum to int64", old: limited("E", "bits = 8") + `enum E { E_A = 0; }`, next: limited("int64"), want: "a of M is int64, and was E"},
	{name: "int32 to enum", old: limited("int32"), next: limited("E") + `enum E { E_A = 0; }`, want: "a of M is E, and was int32"},
	{name: "int32 to enum of 8 bits", old: limited("int32"), next: limited("E", "bits = 8") + `enum E { E_A = 0; }`,
		want: "a of M is E, and was int32\n" + narrowed("is of 8 bits, and was of 32", "numbers that don't fit")},
	{name: "int8 to enum of uint8", old: limited("int32", "bits = 8"), next: limited("E", "bits = 8") + `enum E { E_A = 0; }`, edit: unsignedEnums,
		want: "a of M is E, and was int32\n" + narrowed("is unsigned, and was not", "numbers below zero")},
	{name: "enum to one of 8 bits", old: limited("repeated E") + `enum E { E_A = 0; }`, next: limited("repeated E", "bits = 8") + `enum E { E_A = 0; }`,
		want: narrowed("is of 8 bits, and was of 32", "numbers that don't fit")},
	{name: "enum in a map to one of 16 bits", old: limited("map<string, E>") + `enum E { E_A = 0; }`, next: limited("map<string, E>", "bits = 16") + `enum E { E_A = 0; }`,
		want: narrowed("is of 16 bits, and was of 32", "numbers that don't fit")},
	{name: "enum behind a pointer to one of 8 bits", old: limited("optional E", "bits = 16") + `enum E { E_A = 0; }`, next: limited("optional E", "bits = 8") + `enum E { E_A = 0; }`,
		want: narrowed("is of 8 bits, and was of 16", "numbers that don't fit")},
	{name: "enum of more bits", old: limited("E", "bits = 8") + `enum E { E_A = 0; }`, next: limited("E") + `enum E { E_A = 0; }`, want: "a of M is of 32 bits, and was of 8"},
	{name: "map's key of fewer bits", old: limited("map<int32, int32>", "key_bits = 16", "bits = 8"), next: limited("map<int32, int32>", "key_bits = 8", "bits = 8"),
		want: narrowed("has keys of 8 bits, and had ones of 16", "numbers that don't fit")},
	{name: "map's key of more bits", old: limited("map<uint32, string>", "key_bits = 8"), next: limited("map<uint32, string>", "key_bits = 16"),
		want: "a of M has keys of 16 bits, and had ones of 8"},
	{name: "map's value of fewer bits", old: limited("map<int32, int32>"), next: limited("map<int64, int32>", "bits = 8"),
		want: "a of M is map<int64, int32>, and was map<int32, int32>\n" + narrowed("is of 8 bits, and was of 32", "numbers that don't fit")},
	{name: "array longer", old: limited("repeated int32", "length = 2"), next: limited("repeated int32", "length = 3"),
		want: "a of M has at most 3 elements, and had at most 2 elements"},
	{name: "array shorter", old: limited("repeated int32", "length = 3"), next: limited("repeated int32", "length = 2"),
		want: narrowed("has at most 2 elements, and had at most 3 elements", "more")},
	{name: "array to slice", old: limited("repeated int32", "length = 3"), next: limited("repeated int32"),
		want: "a of M has any number of elements, and had at most 3 elements"},
	{name: "slice to array", old: limited("repeated int32"), next: limited("repeated int32", "length = 0"),
		want: narrowed("has at most 0 elements, and had any number of elements", "more")},
	{name: "bytes longer", old: limited("bytes", "size = 16"), next: limited("bytes", "size = 32"),
		want: narrowed("has 32 bytes, and had 16 bytes", "another number of them")},
	{name: "bytes to array", old: limited("bytes"), next: limited("bytes", "size = 16"),
		want: narrowed("has 16 bytes, and had any number of bytes", "another number of them")},
	{name: "bytes from array", old: limited("bytes", "size = 16"), next: limited("bytes"),
		want: "a of M has any number of bytes, and had 16 bytes"},
	{name: "array of arrays of bytes", old: limited("repeated bytes", "size = 16", "length = 2"), next: limited("repeated bytes", "size = 4", "length = 2"),
		want: narrowed("has 4 bytes, and had 16 bytes", "another number of them")},
	{name: "string to text", old: limited("string"), next: limited("string", `format = "netip.Addr"`),
		want: narrowed("is netip.Addr, and was plain string", "what that may not read")},
	{name: "text to string", old: limited("string", `format = "netip.Addr"`), next: limited("string"),
		want: "a of M is plain string, and was netip.Addr"},
	{name: "text to another", old: limited("map<string, string>", `format = "netip.Addr"`), next: limited("map<string, string>", `format = "netip.Prefix"`),
		want: narrowed("is netip.Prefix, and was netip.Addr", "what that may not read")},
	{name: "bytes to binary", old: limited("bytes"), next: limited("bytes", `format = "url.URL"`),
		want: narrowed("is url.URL, and was plain bytes", "what that may not read")},
	{name: "text to binary", old: limited("string", `format = "big.Int"`), next: limited("bytes", `format = "big.Int"`), want: misread("bytes (big.Int in Go)", "string")},
	{name: "text of the package with another name", old: limited("string", `format = "kv.Key"`), next: limited("string", `format = "kv.ID"`), edit: inGo("ID"),
		want: "a of M is kv.ID, and was kv.Key"},
	{name: "text of the package that another type reads", old: limited("string", `format = "kv.Key"`), next: limited("string", `format = "kv.ID"`), edit: inGo("ID", "Key"),
		want: narrowed("is kv.ID, and was kv.Key", "what that may not read")},
	{name: "text of another package", old: limited("string", `format = "other.Key"`), next: limited("string", `format = "kv.ID"`), edit: inGo("ID"),
		want: narrowed("is kv.ID, and was other.Key", "what that may not read")},
	{name: "list of arrays, shorter", old: lists("[(tenon.length) = 3]", "a", "b"), next: lists("[(tenon.length) = 2]", "a", "b"),
		want: "breaks: values of IntList has at most 2 elements, and had at most 3 elements: peers built before send more"},
	{name: "list of arrays where one of slices is gone", old: lists("", "a", "b"), next: lists("[(tenon.length) = 2]", "a"),
		want: "the field b = 2 of M is gone, and reserved\nvalues of IntList has at most 2 elements, and had any number of elements, where it is still used"},
	{name: "list of lists of arrays where one of slices is gone", old: lists("", "a", "b") + "message IntListList { repeated IntList values = 1; } message N { IntListList a = 1; IntListList b = 2; }",
		next: lists("[(tenon.length) = 2]", "a", "b") + "message IntListList { repeated IntList values = 1; } message N { IntListList a = 1; }",
		want: "the field b = 2 of N is gone, and reserved\nvalues of IntList has at most 2 elements, and had any number of elements, where it is still used"},
	{name: "list of itself, shorter", old: `message M { AList a = 1; } message AList { repeated AList values = 1 [(tenon.length) = 3]; }`,
		next: `message M { AList a = 1; } message AList { repeated AList values = 1 [(tenon.length) = 2]; }`,
		want: "breaks: values of AList has at most 2 elements, and had at most 3 elements: peers built before send more"},
	{name: "another list, of fewer bits", old: `message M { ALongList a = 1; BList b = 2; } message ALongList { repeated int32 values = 1 [(tenon.bits) = 16]; } message BList { repeated int32 values = 1 [(tenon.bits) = 8]; }`,
		next: `message M { BList a = 1; ALongList b = 2; } message ALongList { repeated int32 values = 1 [(tenon.bits) = 16]; } message BList { repeated int32 values = 1 [(tenon.bits) = 8]; }`,
		want: misread("BList", "ALongList") + "\nb of M is ALongList, and was BList"},

	// Messages and enums that are used.
	{name: "another message", old: `message M { A a = 1; } message A { int32 x = 1; } message B { int32 x = 1; }`,
		next: `message M { B a = 1; } message A { int32 x = 1; } message B { int32 x = 1; }`, want: misread("B", "A")},
	{name: "message replaced", old: `message M { A a = 1; } message A { int32 x = 1; }`,
		next: `message M { B a = 1; } message B { int32 y = 1; }`, want: misread("B", "A")},
	{name: "message renamed, and used in the same place", old: `message M { A a = 1; } message A { int32 x = 1; int32 y = 2; }`,
		next: `message M { B a = 1; } message B { int32 z = 1; int32 y = 2; int32 x = 3; }`,
		want: "a of M is B, and was A\nthe field z = 3 of B is new\nthe message B was A"},
	{name: "message renamed by directive", old: `message M { A a = 1; } message A { int32 x = 1; }`,
		next: `message M { B a = 1; } message B { string y = 1; }`, edit: wasMessage("B", "A"),
		want: "a of M is B, and was A\nthe field x = 1 of B is gone, and reserved\nthe field y = 2 of B is new\nthe message B was A"},
	{name: "deep within", old: `message M { A a = 1; } message A { repeated B b = 1; } message B { int32 x = 1; }`,
		next: `message M { A a = 1; } message A { repeated B b = 1; } message B { string x = 1; }`,
		want: "breaks: x of B is string, and was int32: peers built before misread it"},
	{name: "list of lists of a wider type", old: `message M { repeated IntList a = 1; } message IntList { repeated int32 values = 1; }`,
		next: `message M { repeated LongList a = 1; } message LongList { repeated int64 values = 1; }`,
		want: "a of M is repeated LongList, and was repeated IntList"},
	{name: "list of lists of another type", old: `message M { repeated IntList a = 1; } message IntList { repeated int32 values = 1; }`,
		next: `message M { repeated StringList a = 1; } message StringList { repeated string values = 1; }`,
		want: misread("repeated StringList", "repeated IntList")},
	{name: "list of itself", old: `message M { AList a = 1; } message AList { repeated AList values = 1; }`,
		next: `message M { BList a = 1; } message BList { repeated BList values = 1; }`,
		want: "a of M is BList, and was AList\nvalues of BList is repeated BList, and was repeated AList"},
	{name: "another list of itself", old: `message M { AList a = 1; } message AList { repeated AList values = 1; } message BList { repeated BList values = 1; }`,
		next: `message M { BList a = 1; } message AList { repeated AList values = 1; } message BList { repeated BList values = 1; }`,
		want: "a of M is BList, and was AList"},
	{name: "int32 to enum", old: `message M { int32 a = 1; } enum E { E_A = 0; }`, next: `message M { E a = 1; } enum E { E_A = 0; }`, want: "a of M is E, and was int32"},
	{name: "int64 to enum", old: `message M { int64 a = 1; } enum E { E_A = 0; }`, next: `message M { E a = 1; } enum E { E_A = 0; }`, want: misread("E", "int64")},
	{name: "enum to int64", old: `message M { E a = 1; } enum E { E_A = 0; }`, next: `message M { int64 a = 1; } enum E { E_A = 0; }`, want: "a of M is int64, and was E"},
	{name: "enum to string", old: `message M { E a = 1; } enum E { E_A = 0; }`, next: `message M { string a = 1; } enum E { E_A = 0; }`, want: misread("string", "E")},
	{name: "another enum", old: `message M { E a = 1; } enum E { E_A = 0; } enum F { F_A = 0; }`,
		next: `message M { F a = 1; } enum E { E_A = 0; } enum F { F_A = 0; }`, want: misread("F", "E")},
	{name: "enum renamed", old: `message M { E a = 1; } enum E { E_A = 0; }`, next: `message M { F a = 1; } enum F { F_A = 0; }`,
		want: "a of M is F, and was E\nthe constant F_A of F was E_A\nthe enum F was E"},

	// Constants.
	{name: "constant added", old: `enum E { E_A = 0; }`, next: `enum E { E_A = 0; E_B = 1; }`, want: "the constant E_B = 1 of E is new"},
	{name: "constant removed", old: `enum E { E_A = 0; E_B = 1; }`, next: `enum E { E_A = 0; }`,
		want: "breaks: the constant E_B = 1 of E is gone: peers built before send it"},
	{name: "constant renamed", old: `enum E { E_A = 0; E_B = 1; }`, next: `enum E { E_A = 0; E_C = 1; }`, want: "the constant E_C of E was E_B"},
	{name: "constant's value", old: `enum E { E_A = 0; E_B = 1; }`, next: `enum E { E_A = 0; E_B = 2; }`,
		want: "breaks: the constant E_B of E is 2, and was 1: peers built before know it by that"},
	{name: "constants swapped", old: `enum E { E_0 = 0; E_A = 1; E_B = 2; }`, next: `enum E { E_0 = 0; E_A = 2; E_B = 1; }`,
		want: "breaks: the constant E_A of E is 2, and was 1: peers built before know it by that\nbreaks: the constant E_B of E is 1, and was 2: peers built before know it by that"},
	{name: "constant with a reserved value", old: `enum E { reserved 3; E_A = 0; }`, next: `enum E { E_A = 0; E_C = 3; }`,
		want: "breaks: the constant E_C of E is 3, which another one was that is gone: peers built before take it for that"},

	// Services and methods.
	{name: "service added", next: `service Clock { rpc Now(Other) returns (Other); }`, want: "the contract kv.Clock is new"},
	{name: "service removed", old: `service Clock { rpc Now(Other) returns (Other); }`,
		want: "breaks: the contract kv.Clock is gone: peers built before ask for it, or call values that fulfil it, and are refused"},
	{name: "service renamed", old: `service Clock {}`, next: `service Watch {}`, edit: wasInterface("Watch", "Clock"),
		want: "breaks: the contract kv.Watch was kv.Clock: peers built before ask for it by that name, and find none"},
	{name: "method added", old: `service S {}`, next: `service S { rpc Put(Other) returns (Other); }`,
		want: "breaks: the method kv.S.Put is new: peers built before lack it, and are refused"},
	{name: "optional method added", old: `service S {}`, next: `service S { rpc Put(Other) returns (Other) { option (tenon.optional) = true; } }`,
		want: "the optional method kv.S.Put is new"},
	{name: "method removed", old: `service S { rpc Put(Other) returns (Other); }`, next: `service S {}`,
		want: "breaks: the method kv.S.Put is gone: peers built before call it, and refuse whoever lacks it"},
	{name: "method added to an optional part", old: `service S { rpc A(Other) returns (Other) { option (tenon.optional) = true; } }`,
		next: `service S { rpc A(Other) returns (Other) { option (tenon.optional) = true; } rpc B(Other) returns (Other) { option (tenon.optional) = true; } }`,
		edit: inPart("Scanner", "A", "B"),
		want: "breaks: the method kv.S.B is new in the optional part Scanner: peers built before that have the part lack it, and don't have the part any more"},
	{name: "another optional part added", old: `service S { rpc A(Other) returns (Other) { option (tenon.optional) = true; } }`,
		next: `service S { rpc A(Other) returns (Other) { option (tenon.optional) = true; } rpc B(Other) returns (Other) { option (tenon.optional) = true; } }`,
		edit: inPart("Scanner", "B"), want: "the optional method kv.S.B is new"},
	{name: "optional method removed", old: `service S { rpc Put(Other) returns (Other) { option (tenon.optional) = true; } }`, next: `service S {}`,
		want: "the optional method kv.S.Put is gone"},
	{name: "method renamed", old: `service S { rpc Put(Other) returns (Other); }`, next: `service S { rpc Set(Other) returns (Other); }`, edit: wasMethod("S", "Set", "Put"),
		want: "breaks: the method kv.S.Set was Put: peers built before call it by that name, and find none"},
	{name: "optional made required", old: `service S { rpc Put(Other) returns (Other) { option (tenon.optional) = true; } }`, next: `service S { rpc Put(Other) returns (Other); }`,
		want: "breaks: the method kv.S.Put is not optional any more: peers built before may lack it, and are refused then"},
	{name: "required made optional", old: `service S { rpc Put(Other) returns (Other); }`, next: `service S { rpc Put(Other) returns (Other) { option (tenon.optional) = true; } }`,
		want: "the method kv.S.Put is optional now; peers built before still refuse whoever lacks it"},

	{name: "not idempotent", old: `service S { rpc Put(Other) returns (Other) { option idempotency_level = IDEMPOTENT; } }`, next: `service S { rpc Put(Other) returns (Other); }`,
		want: "the method kv.S.Put is not idempotent any more; peers built before may repeat it"},

	// Streams.
	{name: "answer made a stream", old: `service S { rpc Put(Other) returns (Other); }`, next: `service S { rpc Put(Other) returns (stream Other); }`,
		want: "breaks: what kv.S.Put answers with is a stream now: peers built before know a single message there"},
	{name: "stream made a message", old: `service S { rpc Put(stream Other) returns (Other); }`, next: `service S { rpc Put(Other) returns (Other); }`,
		want: "breaks: what kv.S.Put is given is not a stream any more: peers built before know one there"},
	{name: "head added", old: stream("", "response_head = false"), next: stream("", "response_head"),
		want: "breaks: the stream that kv.S.Put answers with begins with a message for what is beside it now: peers built before take that for an element"},
	{name: "head of a request added", old: stream("", "response_head"), next: stream("", "response_head", "request_head"),
		want: "breaks: the stream that kv.S.Put is given begins with a message for what is beside it now: peers built before take that for an element"},
	{name: "head removed", old: stream("int32 y = 2;", "request_head"), next: stream(""),
		want: "breaks: the stream that kv.S.Put is given has nothing beside it now: peers built before take its first element for that\nthe field y = 2 of A is gone, and reserved"},
	{name: "a comment is no head", old: stream(""), next: stream("\n// A stream of these: the first has y, each other x.\n")},

	// Refs.
	{name: "another contract", old: ref(`"other.A"`), next: ref(`"other.B"`),
		want: "breaks: r of M stands for other.B now, and stood for other.A: peers built before call methods that are not there"},
	{name: "contract renamed", old: ref(`"kv.A"`) + `service A { rpc Do(Other) returns (Other); }`, next: ref(`"kv.B"`) + `service B { rpc Do(Other) returns (Other); }`,
		want: "the contract kv.B was kv.A"},
	{name: "function whose parameter was renamed", old: ref(`"kv.StoreWatchR"`) + `message A { int32 x = 3; } message B {} service StoreWatchR { rpc Call(A) returns (B); }`,
		next: `message M { tenon.Ref q = 1 [(tenon.contract) = "kv.StoreWatchQ"]; } message C { string y = 1; int32 x = 2; } message D {} service StoreWatchQ { rpc Call(C) returns (D); }`,
		edit: was("M", "q", "r"),
		want: "the field q of M was r\nthe contract kv.StoreWatchQ was kv.StoreWatchR\nthe message C was A\nthe message D was B\nthe field y = 4 of C is new"},
	{name: "contract with other methods", old: ref(`"kv.A"`) + `service A { rpc Do(Other) returns (Other); }`, next: ref(`"kv.B"`) + `service B { rpc Be(Other) returns (Other); }`,
		want: "breaks: r of M stands for B now, and stood for A: peers built before call methods that are not there\n" +
			"breaks: the contract kv.A is gone: peers built before ask for it, or call values that fulfil it, and are refused\nthe contract kv.B is new"},
	{name: "kept to lent", old: ref(`"other.A", (tenon.kept) = true`), next: ref(`"other.A"`),
		want: "breaks: r of M is lent now, and could be kept after the call: peers built before use it then, and are refused"},
	{name: "lent to kept", old: ref(`"other.A"`), next: ref(`"other.A", (tenon.kept) = true`),
		want: "breaks: r of M may be kept after the call now, and was lent: what peers built before pass is gone by then"},
	{name: "reader to writer", old: ref(`"tenon.IO", (tenon.io) = "Read Drain"`), next: ref(`"tenon.IO", (tenon.io) = "Write Fill"`),
		want: "breaks: r of M can be asked for Write Fill, and could be for Read Drain: peers built before keep to that"},
	{name: "reader, by whatever hand", old: ref(`"tenon.IO"`), next: ref(`"tenon.IO", (tenon.io) = "Read Drain"`)},
	{name: "what a comment says of a reader", old: "message M {\n tenon.Ref r = 1 [(tenon.contract) = \"tenon.IO\", (tenon.io) = \"Read Drain\"]; // Write, Fill\n}",
		next: ref(`"tenon.IO", (tenon.io) = "Read Drain"`)},
	{name: "ref to data", old: ref(`"other.A"`), next: `message M { bytes r = 1; }`, want: "breaks: r of M is bytes, and was tenon.Ref: peers built before misread it"},

	// Errors and the file.
	{name: "error added", next: `option (tenon.error) = "kv.ErrA";`, want: "the error kv.ErrA is new"},
	{name: "error removed", old: `option (tenon.error) = "kv.ErrA";`,
		want: "breaks: the error kv.ErrA is gone: what peers built before return is not recognised any more, and they don't get it"},
	{name: "error renamed", old: `option (tenon.error) = "kv.ErrA";`, next: `option (tenon.error) = "kv.ErrB";`,
		edit: func(p *model.Package) { p.Errors[0].Was = []string{"ErrA"} },
		want: "breaks: the error kv.ErrB was kv.ErrA: peers built before know it by that name, and errors.Is and errors.As are false there"},
	{name: "sentinel made a type", old: `option (tenon.error) = "kv.AError";`, next: "option (tenon.error) = \"kv.AError\"; message AError { int32 x = 1; }",
		want: "breaks: the error kv.AError is a type, and was a variable: peers built before send and look for that, and errors.Is and errors.As are false there"},
	{name: "type made a sentinel", old: "option (tenon.error) = \"kv.AError\"; message AError { int32 x = 1; }", next: `option (tenon.error) = "kv.AError";`,
		want: "breaks: the error kv.AError is a variable, and was a type: peers built before send and look for that, and errors.Is and errors.As are false there"},
	{name: "another package's type made a sentinel", old: "option (tenon.error) = \"acme.other.AError\"; message OtherAError { int32 x = 1; }", next: `option (tenon.error) = "acme.other.AError";`,
		want: "breaks: the error acme.other.AError is a variable, and was a type: peers built before send and look for that, and errors.Is and errors.As are false there"},
	{name: "fields of an error", old: "option (tenon.error) = \"kv.AError\"; message AError { int32 x = 1; }", next: "option (tenon.error) = \"kv.AError\"; message AError { string x = 1; }",
		want: "breaks: x of AError is string, and was int32: peers built before misread it"},
	{name: "package renamed", edit: func(p *model.Package) { p.Proto = "store" },
		want: "breaks: the protobuf package is store, and was kv here: peers built before ask for services by the old name, and find none"},
}

const common = header + "message In {} message Out {} message Other {} service Store { rpc Get(In) returns (Out); }\n"

func misread(now, before string) string {
	return "breaks: a of M is " + now + ", and was " + before + ": peers built before misread it"
}

func narrowed(is, send string) string {
	return "breaks: a of M " + is + ": peers built before send " + send
}

// limited declares a field with options.
func limited(typ string, options ...string) string {
	list := strings.Join(options, ", (tenon.")
	return "message M { " + typ + " a = 1" + cond(list != "", " [(tenon."+strings.NewReplacer(" =", ") =").Replace(list)+"]", "") + "; }"
}

// lists declares fields of lists of lists, whose inner one has an option.
func lists(option string, fields ...string) string {
	var b strings.Builder
	for i, f := range fields {
		fmt.Fprintf(&b, "repeated IntList %s = %d; ", f, i+1)
	}
	return "message M { " + b.String() + "} message IntList { repeated int64 values = 1 " + option + "; }"
}

// stream declares a method with a stream each way, and options.
func stream(field string, options ...string) string {
	var b strings.Builder
	for _, o := range options {
		name, value, ok := strings.Cut(o, " = ")
		fmt.Fprintf(&b, " option (tenon.%s) = %s;", name, cond(ok, value, "true"))
	}
	return "service S { rpc Put(stream A) returns (stream B) {" + b.String() + " } } message A { int32 x = 1; " + field + " } message B { int32 x = 1; }"
}

// inGo has the Go package declare types.
func inGo(names ...string) func(*model.Package) {
	return func(p *model.Package) {
		p.Go = types.NewPackage("example.com/kv", "kv")
		for _, name := range names {
			p.Go.Scope().Insert(types.NewTypeName(token.NoPos, p.Go, name, types.Typ[types.String]))
		}
	}
}

// inPart makes methods those of an optional interface.
func inPart(part string, methods ...string) func(*model.Package) {
	return func(p *model.Package) {
		made := &model.Part{Name: part}
		for _, i := range p.Interfaces {
			for _, m := range i.Methods {
				if slices.Contains(methods, m.Name) {
					m.Part = made
				}
			}
		}
	}
}

func ref(contract string) string {
	return "message M { tenon.Ref r = 1 [(tenon.contract) = " + contract + "]; }\n"
}

func was(message, field, before string) func(*model.Package) {
	return func(p *model.Package) {
		for _, m := range protobuf.Messages(p) {
			for _, f := range m.Fields {
				if m.Name == message && f.Name == field {
					f.Was = []string{before}
				}
			}
		}
	}
}

// unsignedEnums makes fields of enums those of a Go type without a sign.
func unsignedEnums(p *model.Package) {
	for _, m := range protobuf.Messages(p) {
		for _, f := range m.Fields {
			if f.Type.Kind == model.EnumKind {
				f.Type.Go = types.Typ[types.Uint8]
			}
		}
	}
}

func wasMessage(message, before string) func(*model.Package) {
	return func(p *model.Package) {
		for _, m := range p.Messages {
			if m.Name == message {
				m.Was = []string{before}
			}
		}
	}
}

func wasInterface(name, before string) func(*model.Package) {
	return func(p *model.Package) {
		for _, i := range p.Interfaces {
			if i.Name == name {
				i.Was = []string{before}
			}
		}
	}
}

func wasMethod(service, name, before string) func(*model.Package) {
	return func(p *model.Package) {
		for _, i := range p.Interfaces {
			for _, m := range i.Methods {
				if i.Name == service && m.Name == name {
					m.Was = []string{before}
				}
			}
		}
	}
}

func TestCompare(t *testing.T) {
	for _, c := range comparisons {
		t.Run(c.name, func(t *testing.T) {
			next := func() *model.Package {
				p := modelOf(t, common+c.next)
				if c.edit != nil {
					c.edit(p)
				}
				return p
			}
			var broken int
			for _, line := range strings.Split(c.want, "\n") {
				if strings.HasPrefix(line, "breaks: ") {
					broken++
				}
			}
			report, err := Assign(next(), []byte(common+c.old), Options{})
			if broken == 0 && err != nil || broken > 0 && len(problems(err)) != broken {
				t.Errorf("%d problems expected, not\n%v", broken, err)
			}
			if err != nil {
				if report, err = Assign(next(), []byte(common+c.old), Options{Breaking: true}); err != nil {
					t.Fatal("not even with --breaking: ", err)
				}
			}
			if diff := cmp.Diff(lines(c.want), said(report)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func problems(err error) []*model.Problem {
	var all *model.Problems
	if errors.As(err, &all) {
		return all.All
	}
	return nil
}

func lines(s string) map[string]bool {
	all := map[string]bool{}
	for _, line := range strings.Split(s, "\n") {
		if line != "" {
			all[line] = true
		}
	}
	return all
}

// said returns what a report says, without places.
func said(r *Report) map[string]bool {
	all := map[string]bool{}
	for _, c := range r.Changes {
		all[cond(c.Breaking, "breaks: ", "")+c.Text] = true
	}
	return all
}

// What a problem says in full: where, what breaks, what to do.
func TestProblemsInFull(t *testing.T) {
	const old = header + `option (tenon.version) = 3; option (tenon.error) = "kv.ErrA";
message A { int32 x = 1; } message B {}
service S { rpc Get(A) returns (B); }`
	const next = header + `option (tenon.version) = 3;
message A { string x = 1; } message B {} message C {}
service S {
  rpc Put(A) returns (B);
  rpc Set(C) returns (C);
}`
	p := modelOf(t, next)
	wasMethod("S", "Put", "Get")(p)
	_, err := Assign(p, []byte(old), Options{Command: "go tool tenon gen --breaking ./kv"})
	const allow = "; or raise App.Version to 4; or, if nothing that was built before is deployed, run: go tool tenon gen --breaking ./kv (//tenon:draft in the package says so until the first release)"
	want := []string{
		"kv.go:6:13: x of A is string, and was int32: peers built before misread it; keep it as it was, and add another" + allow,
		"kv.go:8:3: the method kv.S.Put was Get: peers built before call it by that name, and find none; keep the name that is sent with //tenon:name Get" + allow,
		"kv.go:9:3: the method kv.S.Set is new: peers built before lack it, and are refused; mark it //tenon:optional: a call of a peer that lacks it fails with code Unimplemented, and errors.Is(err, errors.ErrUnsupported) is true" + allow,
		"kv.proto:5:29: the error kv.ErrA is gone: what peers built before return is not recognised any more, and they don't get it; keep it until no such peer is left; or, if it has another name in Go now, say //tenon:name ErrA above it" + allow,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), err.Error()); diff != "" {
		t.Error(diff)
	}
}
