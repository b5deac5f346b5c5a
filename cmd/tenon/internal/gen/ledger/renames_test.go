package ledger

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// What becomes of parameters that go and come: the message A is what the method
// S.Put is given. Want is the body of A, or the problem if it is one.
func TestParameters(t *testing.T) {
	const fn = "message FIn { int32 n = 1; } message FOut {} message GIn { string n = 1; } message GOut {} "
	ref := func(name string) string {
		return `tenon.Ref ` + strings.ToLower(name) + ` = 1 [(tenon.contract) = "kv.` + name + `"];`
	}
	service := func(name, in string) string { return "service " + name + " { rpc Call(" + in + ") returns (FOut); } " }
	for _, c := range []struct {
		name, old, next, want string
		beside, besideNext    string // other declarations
		edit                  func(*model.Package)
		opts                  Options
	}{
		{name: "renamed", old: "string key = 1; int32 n = 2;", next: "string id = 1; int32 n = 2;", want: "string id = 1; int32 n = 2;"},
		{name: "both, of different types", old: "string key = 1; int32 n = 2;", next: "int32 size = 1; string id = 2;", want: "int32 size = 2; string id = 1;"},
		{name: "one of a type went, two came", old: "string key = 1;", next: "string a = 1; string b = 2;",
			want: "a and b of A are new, and key of the same type is gone: if that is a new name, what peers built before send there would be lost; " +
				"say what was renamed with //tenon:rename old new above the method; or make the changes one by one, and run tenon gen after each"},
		{name: "two of a type went, one came", old: "string a = 1; string b = 2;", next: "string c = 1;", want: "c of A is new, and a and b of the same type are gone"},
		{name: "two, and a directive for one", old: "string a = 1; string b = 2;", next: "string c = 1; string d = 2;", edit: was("A", "d", "a"), want: "string c = 2; string d = 1;"},
		{name: "two, allowed", old: "string a = 1; string b = 2;", next: "string c = 1; string d = 2;", opts: Options{Breaking: true},
			want: `reserved 1, 2; reserved "a", "b"; string c = 3; string d = 4;`},
		{name: "another type", old: "string a = 1;", next: "int64 b = 2;", want: `reserved 1; reserved "a"; int64 b = 2;`},
		{name: "another length", old: "bytes a = 1 [(tenon.size) = 4];", next: "bytes b = 2;", want: `reserved 1; reserved "a"; bytes b = 2;`},
		{name: "one more result", old: "string result = 1;", next: "string result1 = 1; string result2 = 2;", want: "string result1 = 1; string result2 = 2;"},
		{name: "one result less", old: "string result1 = 1; string result2 = 2;", next: "string result = 1;", want: `reserved 2; reserved "result2"; string result = 1;`},
		{name: "named", old: "string arg1 = 1; string arg2 = 2;", next: "string key = 1; string value = 2;", want: "string key = 1; string value = 2;"},
		{name: "not named any more", old: "string key = 4; string value = 3;", next: "string arg1 = 1; string arg2 = 2;", want: "string arg1 = 4; string arg2 = 3;"},
		{name: "named, and of another type", old: "string result = 1;", next: "int32 size = 1;", want: `reserved 1; reserved "result"; int32 size = 2;`},
		{name: "a directive that is wrong", old: "string key = 1;", next: "string id = 1;", edit: was("A", "id", "kye"),
			want: "id of A is said to have been kye, but the .proto never had that name there; did you mean key? Or take that away if it is not a new name"},
		{name: "a function", old: ref("F"), beside: fn + service("F", "FIn"), next: ref("G"), besideNext: fn + service("G", "FIn"), edit: asFunctions, want: `tenon.Ref g = 1 [(tenon.contract) = "kv.G"];`},
		{name: "another function", old: ref("F"), beside: fn + service("F", "FIn"), next: ref("G"), besideNext: fn + service("G", "GIn"), edit: asFunctions,
			opts: Options{Breaking: true}, want: `reserved 1; reserved "f"; tenon.Ref g = 2 [(tenon.contract) = "kv.G"];`},
		{name: "a struct that is called after it", old: "PutKey key = 1;", beside: "message PutKey { int32 x = 7; }", next: "PutID id = 1;", besideNext: "message PutID { int32 x = 7; }", want: "PutID id = 1;"},
		{name: "an enum", old: "E e = 3;", beside: "enum E { E_A = 0; }", next: "E f = 1;", besideNext: "enum E { E_A = 0; }", want: "E f = 3;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := func(fields, beside string) string {
				return header + "message B {} message A {" + fields + "} " + beside + "service S { rpc Put(A) returns (B); }"
			}
			p := modelOf(t, text(c.next, c.besideNext))
			if c.edit != nil {
				c.edit(p)
			}
			report, err := Assign(p, []byte(text(c.old, c.beside)), c.opts)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v\nwant %s", err, c.want)
				}
				return
			}
			if got := body(t, p, "message A"); !strings.Contains(got, c.want) {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if len(report.Changes) == 0 {
				t.Error("no change is reported")
			}
		})
	}
}

func asFunctions(p *model.Package) {
	for _, i := range p.Interfaces {
		i.Marked = i.Name == "S"
	}
}

// A struct says itself what was renamed.
func TestReplacedField(t *testing.T) {
	const old = header + "message M { string a = 1; int32 n = 2; }"
	for _, c := range []struct {
		name, next, want string
		version          int
		draft            bool
		edit             func(*model.Package)
		opts             Options
	}{
		{name: "not said", next: "string b = 1; int32 n = 2;", want: "kv.go:5:13: b of M is new, and a of the same type is gone: if that is a new name, what peers built before send there would be lost; " +
			"if it was renamed, tag it `tenon:\"was=a\"`; if it is another field, remove a and run tenon gen, then add it"},
		{name: "said", next: "string b = 1; int32 n = 2;", edit: was("M", "b", "a")},
		{name: "another type", next: "int64 b = 1; int32 n = 2;"},
		{name: "another number", next: "string b_fixed = 7; int32 n = 2;"},
		{name: "only gone", next: "int32 n = 2;"},
		{name: "allowed", next: "string b = 1;", opts: Options{Breaking: true}},
		{name: "raised", next: "string b = 1;", version: 2},
		{name: "draft", next: "string b = 1;", draft: true},
		{name: "misspelled", next: "string b = 1; int32 n = 2;", edit: was("M", "b", "aa"),
			want: "kv.go:5:13: b of M is said to have been aa, but the .proto never had that name there; did you mean a? Or take that away if it is not a new name"},
		{name: "misspelled in a draft", next: "string b = 1; int32 n = 2;", edit: was("M", "b", "aa"), draft: true,
			want: "kv.go:5:13: b of M is said to have been aa, but the .proto never had that name there; did you mean a? Or take that away if it is not a new name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := modelOf(t, header+"message M { "+c.next+" }")
			p.Version, p.Draft = c.version, c.draft
			if c.edit != nil {
				c.edit(p)
			}
			_, err := Assign(p, []byte(old), c.opts)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Former names that nothing had, of whatever has one.
func TestFormerNames(t *testing.T) {
	const old = header + `option (tenon.error) = "kv.ErrGone"; message M { reserved "z"; int32 a = 1; int32 b = 2; } message In {} enum Op { OP_A = 0; } service Store { rpc Get(In) returns (In); }`
	const never = ", but the .proto never had that name there; "
	for _, c := range []struct {
		name, next, want string
		edit             func(*model.Package)
	}{
		{name: "a reserved one", next: "message M { int32 a = 1; int32 b = 2; string c = 3; }", edit: was("M", "c", "z")},
		{name: "a field that is known", next: "message M { int32 a = 1; int32 b = 2; }", edit: was("M", "b", "x")},
		{name: "a message", next: "message N { string x = 1; }", edit: wasMessage("N", "Mm"), want: "the message N is said to have been Mm" + never + "did you mean M?"},
		{name: "a contract", next: "service Shop { rpc Get(In) returns (In); } message In {}", edit: wasInterface("Shop", "Stor"), want: "the contract Shop is said to have been Stor" + never + "did you mean Store?"},
		{name: "a method", next: "service Store { rpc Read(In) returns (In); } message In {}", edit: wasMethod("Store", "Read", "Gte"), want: "the method Store.Read is said to have been Gte" + never + "did you mean Get?"},
		{name: "an error", next: `option (tenon.error) = "kv.ErrNo";`, edit: func(p *model.Package) { p.Errors[0].Was = []string{"kv.ErrGnoe"} },
			want: "the error kv.ErrNo is said to have been ErrGnoe" + never + "did you mean ErrGone?"},
		{name: "an enum", next: "enum Kind { KIND_A = 0; }", edit: func(p *model.Package) { p.Enums[0].Was = []string{"Whatever"} },
			want: "the enum Kind is said to have been Whatever" + never + "take that away if it is not a new name"},
		{name: "of another package", next: "message N { string x = 1; }", edit: func(p *model.Package) {
			p.Messages[0].Was, p.Messages[0].Pos.Filename = []string{"Mm"}, "other/other.go"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := modelOf(t, header+c.next)
			if c.edit != nil {
				c.edit(p)
			}
			_, err := Assign(p, []byte(old), Options{Breaking: true})
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
	p := modelOf(t, header+"message M { int32 a = 1; }")
	was("M", "a", "never")(p)
	if _, err := Assign(p, nil, Options{}); err != nil {
		t.Error("without a .proto: ", err)
	}
}

// A version that the app still lists while its contract has become another.
func TestSpokenVersions(t *testing.T) {
	const old = header + "option (tenon.version) = 2; message M { int32 a = 1; }"
	for _, c := range []struct {
		name, next string
		version    int
		versions   []int
		opts       Options
		want       string
	}{
		{name: "broken", next: "string a = 1;", version: 3, versions: []int{2}, want: "App.Versions says that version 2 is still spoken, but a change breaks its peers: " +
			"a of M is string, and was int32: peers built before misread it; take 2 out of App.Versions; or keep the contract as it was in a package of its own, " +
			"with //tenon:package kv, serve that with .In(2), and run once: tenon gen --breaking"},
		{name: "not listed", next: "string a = 1;", version: 3},
		{name: "itself", next: "string a = 1;", version: 3, versions: []int{3}},
		{name: "nothing breaks", next: "int32 a = 1; int32 b = 2;", version: 3, versions: []int{1, 2}},
		{name: "allowed", next: "string a = 1;", version: 3, versions: []int{2}, opts: Options{Breaking: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := modelOf(t, header+"message M { "+c.next+" }")
			p.Version, p.Versions = c.version, c.versions
			_, err := Assign(p, []byte(old), c.opts)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is gone has no place in Go; the only one that is new may be it.
func TestRenamedInGo(t *testing.T) {
	const old = header + `option (tenon.error) = "kv.ErrA"; message In {} service Store { rpc Get(In) returns (In); }`
	p := modelOf(t, header+"option (tenon.error) = \"kv.ErrB\";\nmessage In {}\nservice Shop { rpc Buy(In) returns (In); }")
	_, err := Assign(p, []byte(old), Options{})
	for _, want := range []string{
		"kv.go:5:1: the error kv.ErrA is gone: what peers built before return is not recognised any more, and they don't get it; keep it until no such peer is left; or, if it is called ErrB now, say //tenon:name ErrA above that; or raise",
		"kv.go:7:1: the contract kv.Store is gone: peers built before ask for it, or call values that fulfil it, and are refused; keep it until no such peer is left; or, if it is called Shop now, say //tenon:name Store above that; or raise",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// The package's name comes first, whatever the files are called.
func TestPackageFirst(t *testing.T) {
	p := modelOf(t, header+"message M { string a = 1; }")
	p.Proto, p.ProtoFile = "store", "store.proto"
	_, err := Assign(p, []byte(header+"message M { int32 a = 1; }"), Options{File: "zz.proto"})
	const want = "zz.proto:2:1: the protobuf package is store, and was kv here: peers built before ask for services by the old name, and find none; stay compatible with //tenon:package kv above the package clause; or "
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v\nwant %s", err, want)
	}
}
