package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/protobuf"
)

// What becomes of the message or enum M, whose declaration is all that a case
// says, when the ledger has it as old.
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		name            string
		old, next, want string
		edit            func(*model.Package)
		breaking        bool
	}{
		{name: "from one", next: "int32 b = 5; int32 a = 9;", want: "int32 b = 1; int32 a = 2;"},
		{name: "kept by name", old: "int32 a = 3; int32 b = 1;", next: "int32 b = 9; int32 c = 10; int32 a = 8;", want: "int32 b = 1; int32 c = 4; int32 a = 3;"},
		{name: "above what is reserved", old: "reserved 7; int32 a = 3;", next: "int32 a = 1; int32 b = 2;", want: "reserved 7; int32 a = 3; int32 b = 8;"},
		{name: "reserved when removed", old: "int32 a = 1; int32 b = 2; int32 c = 3;", next: "int32 b = 1;", want: `reserved 1, 3; reserved "a", "c"; int32 b = 2;`},
		{name: "reserved ones become ranges", old: "reserved 2; int32 a = 1; int32 b = 3; int32 c = 4;", next: "int32 a = 1;", want: `reserved 2 to 4; reserved "b", "c"; int32 a = 1;`},
		{name: "back under its name", old: `reserved 2; reserved "b"; int32 a = 1;`, next: "int32 a = 1; int32 b = 2;", want: `reserved 2; int32 a = 1; int32 b = 3;`},
		{name: "renamed", old: "int32 a = 4;", next: "int32 b = 1;", edit: was("M", "b", "a"), want: "int32 b = 4;"},
		{name: "renamed to a name that was reserved", old: "reserved 3; reserved \"b\"; int32 a = 4;", next: "int32 b = 1;", edit: was("M", "b", "a"), want: "reserved 3; int32 b = 4;"},
		{name: "renamed long ago", old: "int32 b = 4; int32 a = 5;", next: "int32 a = 1; int32 b = 2;", edit: was("M", "b", "a"), want: "int32 a = 5; int32 b = 4;"},
		{name: "fixed by a tag", old: "int32 a = 4;", next: "int32 a = 1; int32 b_fixed = 2; int32 c = 3;", want: "int32 a = 4; int32 b_fixed = 2; int32 c = 5;"},
		{name: "not those of protobuf", old: "int32 a = 18999;", next: "int32 a = 1; int32 b = 2;", want: "int32 a = 18999; int32 b = 20000;"},
		{name: "the last is taken", old: "int32 a = 536870911;", next: "int32 a = 1; int32 b = 2;", want: "int32 a = 536870911; int32 b = 1;"},
		{name: "all are reserved from one on", old: "reserved 2, 4 to max; int32 a = 1;", next: "int32 a = 1; int32 b = 2;", want: "reserved 2, 4 to max; int32 a = 1; int32 b = 3;"},
		{name: "moved by a tag", old: "int32 a_fixed = 4;", next: "int32 a_fixed = 6; int32 b = 9;", breaking: true, want: "reserved 4; int32 a_fixed = 6; int32 b = 7;"},
		{name: "taken out of a range", old: "reserved 2 to 6; int32 a = 1;", next: "int32 a = 1; int32 b_fixed = 4;", breaking: true, want: "reserved 2, 3, 5, 6; int32 a = 1; int32 b_fixed = 4;"},
		{name: "an optional by hand", old: "oneof x { int32 a = 7; int32 b = 3; }", next: "int32 a = 1; int32 b = 2;", want: "int32 a = 7; int32 b = 3;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := modelOf(t, header+"message M {"+c.next+"}")
			if c.edit != nil {
				c.edit(p)
			}
			var old []byte
			if c.old != "" {
				old = []byte(header + "message M {" + c.old + "}")
			}
			if _, err := Assign(p, old, Options{Breaking: c.breaking}); err != nil {
				t.Fatal(err)
			}
			if got := body(t, p, "message M"); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

func TestEnumNumbers(t *testing.T) {
	p := modelOf(t, header+"enum E { E_UNSPECIFIED = 0; E_C = 2; E_E = 5; }")
	old := header + "enum E { reserved 4, 8 to max; reserved \"E_D\"; E_A = 0; E_B = 1; E_C = 2; }"
	if _, err := Assign(p, []byte(old), Options{Breaking: true}); err != nil {
		t.Fatal(err)
	}
	want := `reserved 1, 4, 8 to max; reserved "E_B", "E_D"; E_UNSPECIFIED = 0; E_C = 2; E_E = 5;`
	if got := body(t, p, "enum E"); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// body returns what is between the braces of a declaration in what is written of p.
func body(t testing.TB, p *model.Package, what string) string {
	t.Helper()
	text := emit(t, p)
	_, rest, ok := strings.Cut(text, what+" {")
	if !ok {
		t.Fatalf("no %s in\n%s", what, text)
	}
	inside, _, _ := strings.Cut(rest, "\n}")
	return strings.Join(strings.Fields(inside), " ")
}

func emit(t fataler, p *model.Package) string {
	t.Helper()
	text, err := protobuf.Emit(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parse("kv.proto", text); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return string(text)
}

// Numbers that can't be: no option makes them good.
func TestNumberProblems(t *testing.T) {
	for _, c := range []struct {
		name, old, next, want string
		numbers               []int32
		edit                  func(*model.Package)
	}{
		{name: "a directive, and the former name", old: "int32 a = 1;", next: "int32 a = 1; int32 b = 2;", edit: was("M", "b", "a"),
			want: "kv.go:5:25: b of M is said to have been a, which a was; take that directive away if it is new; if it was renamed, run tenon gen before a comes"},
		{name: "a directive, and both names before", old: "int32 a = 1; int32 b = 2;", next: "int32 b = 2;", edit: was("M", "b", "a"),
			want: "kv.go:5:12: b of M is said to have been a, but the .proto has a b too; take that directive away if it was long ago; else take b away, and run tenon gen before it comes back"},
		{name: "of protobuf", next: "int32 a_fixed = 1;", numbers: []int32{19500}, want: "kv.go:5:12: a_fixed of M can't have the number 19500: protobuf keeps 19000 to 19999 for itself; choose another"},
		{name: "none", next: "int32 a_fixed = 1;", numbers: []int32{-1}, want: "kv.go:5:12: a_fixed of M can't have the number -1: those of protobuf are 1 to 536870911; choose another"},
		{name: "too large", next: "int32 a_fixed = 1;", numbers: []int32{536870912}, want: "kv.go:5:12: a_fixed of M can't have the number 536870912: those of protobuf are 1 to 536870911; choose another"},
		{name: "twice", next: "int32 a_fixed = 1; int32 b_fixed = 2;", numbers: []int32{3, 3}, want: "kv.go:5:31: a_fixed and b_fixed of M have the same number 3; choose another"},
		{name: "another's", old: "int32 a = 2;", next: "int32 a = 1; int32 b_fixed = 2;", want: "kv.go:5:25: b_fixed of M can't have the number 2, which is that of a; choose another, or take the tag away"},
		{name: "none left", old: "reserved 1 to max;", next: "int32 a = 1;", want: "kv.proto:5:1: no number is left for a of M: the .proto reserves all; let it leave some"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := modelOf(t, header+"message M {"+c.next+"}")
			for i, n := range c.numbers {
				p.Messages[0].Fields[i].Number = n
			}
			if c.edit != nil {
				c.edit(p)
			}
			var old []byte
			if c.old != "" {
				old = []byte(header + "message M {" + c.old + "}")
			}
			_, err := Assign(p, old, Options{Breaking: true})
			if err == nil || !slices.Contains(strings.Split(err.Error(), "\n"), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	const method = "message A {} message B {} service S { rpc Get(A) returns (B); }"
	version := func(n int) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprintf("option (tenon.version) = %d;\n", n)
	}
	for _, c := range []struct {
		name      string
		old, next int
		breaking  bool
		problems  []string
		version   int // in the next ledger
	}{
		{name: "the same", old: 1, next: 1, version: 1, problems: []string{"raise App.Version to 2; or, if nothing that was built before is deployed, run: tenon gen --breaking"}},
		{name: "raised", old: 1, next: 2, version: 2},
		{name: "raised a lot", old: 1, next: 9, version: 9},
		{name: "allowed", old: 1, next: 1, breaking: true, version: 1},
		{name: "known for the first time", old: 0, next: 1, version: 1, problems: []string{"raise App.Version to 2"}},
		{name: "known for the first time, and more than one", old: 0, next: 2, version: 2},
		{name: "not known", old: 0, next: 0, problems: []string{"raise the version, which is not known here, with //tenon:version 2"}},
		{name: "not known any more", old: 3, next: 0, version: 3, problems: []string{"raise the version, which is not known here, with //tenon:version 4"}},
		{name: "lowered", old: 3, next: 2, version: 2, problems: []string{
			"kv.go:1: the version is 2, and was 3 before: peers that were built with that would take this for what they know; raise it to 3 again",
			"raise App.Version to 4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			next := func() *model.Package { return modelOf(t, header+version(c.next)+"service S {}") }
			old := []byte(header + version(c.old) + method)
			p := next()
			report, err := Assign(p, old, Options{Breaking: c.breaking})
			if len(problems(err)) != len(c.problems) {
				t.Fatal(err)
			}
			for _, want := range c.problems {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nwant %s", err, want)
				}
			}
			if err != nil {
				p = next()
				if report, err = Assign(p, old, Options{Breaking: true}); err != nil {
					t.Fatal(err)
				}
			}
			if !report.Changes[0].Breaking {
				t.Error("not told that it breaks: ", report.Changes)
			}
			s, _ := parse("kv.proto", []byte(emit(t, p)))
			if s.version != c.version {
				t.Errorf("version %d is written, not %d", s.version, c.version)
			}
		})
	}
}

// Numbers stay with their names when a version is raised.
func TestRaisedKeepsNumbers(t *testing.T) {
	p := modelOf(t, header+"option (tenon.version) = 2; message M { string b = 1; string a = 2; }")
	old := header + "option (tenon.version) = 1; message M { int32 a = 1; int32 b = 2; int32 c = 3; }"
	if _, err := Assign(p, []byte(old), Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`reserved 3; reserved "c"; string b = 2; string a = 1;`, body(t, p, "message M")); diff != "" {
		t.Error(diff)
	}
}

// The model is as it was when there are problems.
func TestProblemsLeaveTheModel(t *testing.T) {
	p := modelOf(t, header+"service S {} message M { int32 a = 1; }")
	old := header + "option (tenon.version) = 7; message M { int32 a = 5; } message A {} service S { rpc Get(A) returns (A); }"
	if _, err := Assign(p, []byte(old), Options{}); err == nil {
		t.Fatal("no problem")
	}
	if p.Messages[0].Fields[0].Number != 0 || p.Version != 0 {
		t.Error("changed")
	}
}

// A fataler is a test, or a run of a property.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// The name of an optional method that is gone is not given to another one, over
// any number of generations.
func TestGoneMethods(t *testing.T) {
	const messages = "message A {} message B {} message C {} message D {}"
	const optional = "{ option (tenon.optional) = true; }"
	with := header + messages + "service S { rpc Trim(A) returns (B) " + optional + " }"
	without := header + messages + "service S {}"
	ledger := []byte(with)
	for range 3 {
		p := modelOf(t, without)
		if _, err := Assign(p, ledger, Options{}); err != nil {
			t.Fatal(err)
		}
		ledger = []byte(emit(t, p))
	}
	back := modelOf(t, header+messages+"service S { rpc Trim(C) returns (D) "+optional+" }")
	_, err := Assign(back, ledger, Options{})
	const want = "the method kv.S.Trim is back: peers built before know another one by that name; "
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v\nwant %s", err, want)
	}
	if _, err := Assign(back, ledger, Options{Breaking: true}); err != nil {
		t.Fatal(err)
	}
	if text := emit(t, back); strings.Contains(text, "tenon.gone") {
		t.Errorf("still gone:\n%s", text)
	}
}
