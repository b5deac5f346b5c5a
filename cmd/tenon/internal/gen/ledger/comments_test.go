package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// withoutComments takes all comments out of what is emitted. All else stays in its
// place.
func withoutComments(text string) string {
	var b strings.Builder
	inString := false
	for i := 0; i < len(text); i++ {
		switch {
		case inString && text[i] == '\\':
			b.WriteByte(text[i])
			i++
		case text[i] == '"':
			inString = !inString
		case !inString && strings.HasPrefix(text[i:], "//"):
			n := strings.IndexByte(text[i:], '\n')
			b.WriteString(strings.Repeat(" ", n))
			i += n
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// What a field can be declared as, but for its name and number.
var declarations = []string{
	"int32 %s = %d", "optional int64 %s = %d", "int32 %s = %d [(tenon.bits) = 8]", "int32 %s = %d [(tenon.bits) = 16]",
	"repeated uint32 %s = %d [(tenon.length) = 2, (tenon.bits) = 8]", "repeated uint32 %s = %d [(tenon.length) = 3]", "repeated uint32 %s = %d",
	"map<int32, uint32> %s = %d [(tenon.bits) = 8, (tenon.key_bits) = 16]", "map<int32, uint32> %s = %d",
	"bytes %s = %d", "bytes %s = %d [(tenon.size) = 16]", "repeated bytes %s = %d [(tenon.length) = 0, (tenon.size) = 4]",
	"string %s = %d", "string %s = %d [(tenon.format) = \"netip.Addr\"]", "optional string %s = %d [(tenon.format) = \"kv.ID\"]",
	"bytes %s = %d [(tenon.format) = \"url.URL\"]", "Kind %s = %d", "Item %s = %d",
	`tenon.Ref %s = %d [(tenon.contract) = "other.A"]`, `tenon.Ref %s = %d [(tenon.contract) = "other.A", (tenon.kept) = true]`,
	`tenon.Ref %s = %d [(tenon.contract) = "tenon.IO", (tenon.io) = "Read Drain"]`,
	`tenon.Ref %s = %d [(tenon.contract) = "tenon.IO", (tenon.kept) = true, (tenon.io) = "Write Close Fill"]`,
}

// What comments may say.
var remarks = rapid.SampledFrom([]string{
	"", "It is \"quoted\", and /* more */.", "A stream of these: each has a.", "A stream of these: the first has a, each other b.",
	"Methods that are gone, not to be used again: Do, Be.", "Read, Drain", "Write, Close, Fill", "at most 7; 0 to 255", "option (tenon.gone) = \"Do\";",
})

func someFields(t *rapid.T) string {
	var b strings.Builder
	for _, name := range []string{"a", "b", "c", "d"} {
		if rapid.Bool().Draw(t, "has") {
			fmt.Fprintf(&b, rapid.SampledFrom(declarations).Draw(t, "declaration")+"; ", name, b.Len()+1)
		}
	}
	return b.String()
}

// someContract returns the text of a contract: a part of one that is larger.
func someContract(t *rapid.T) string {
	flag := func(name string) string { return cond(rapid.Bool().Draw(t, name), name, "") }
	option := func(name string) string {
		return cond(rapid.Bool().Draw(t, name), " option (tenon."+name+") = true;", "")
	}
	var b, messages strings.Builder
	fmt.Fprintf(&b, "%senum Kind { KIND_A = 0; KIND_B = 1; } message Item { %s} message AError { %s}\n", header, someFields(t), someFields(t))
	b.WriteString(cond(rapid.Bool().Draw(t, "error"), "option (tenon.error) = \"kv.AError\";\n", ""))
	b.WriteString("service S {\n")
	for _, name := range []string{"Do", "Be", "Go", "Up"} {
		if !rapid.Bool().Draw(t, "has") {
			continue
		}
		fmt.Fprintf(&b, "rpc %[1]s(%[2]s S%[1]sRequest) returns (%[3]s S%[1]sResponse) {%[4]s%[5]s%[6]s }\n", name,
			flag("stream"), flag("stream"), option("optional"), option("request_head"), option("response_head"))
		fmt.Fprintf(&messages, "message S%[1]sRequest { %[2]s} message S%[1]sResponse { %[3]s}\n", name, someFields(t), someFields(t))
	}
	return b.String() + "}\n" + messages.String()
}

// remark writes comments into a model.
func remark(t *rapid.T, p *model.Package) {
	message := func(m *model.Message) {
		m.Doc = remarks.Draw(t, "doc")
		for _, f := range m.Fields {
			f.Doc, f.Note = remarks.Draw(t, "doc"), remarks.Draw(t, "note")
		}
	}
	for _, i := range p.Interfaces {
		i.Doc = remarks.Draw(t, "doc")
		for _, m := range i.Methods {
			m.Doc = remarks.Draw(t, "doc")
			message(m.Request)
			message(m.Response)
		}
	}
	for _, m := range p.Messages {
		message(m)
	}
}

// Comments are for people: without them a ledger says the same of what was, which
// is found unchanged, and of any change to it.
func TestCommentsSayNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var ledger []byte
		for range rapid.IntRange(1, 3).Draw(r, "generations") {
			text := someContract(r)
			with, without := modelOf(t, text), modelOf(t, text)
			remark(r, with)
			bare := []byte(withoutComments(string(ledger)))
			if ledger == nil {
				bare = nil
			}
			alike(r, with, without, ledger, bare)
			ledger = []byte(emit(r, with))
			bare = []byte(withoutComments(string(ledger)))
			again := modelOf(t, text)
			report, err := Assign(again, bare, Options{})
			if err != nil || len(report.Changes) > 0 {
				r.Fatalf("a change where there is none: %v %v\n%s", report, err, bare)
			}
			if text := withoutComments(emit(r, again)); bareLines(text) != bareLines(string(bare)) {
				r.Fatal(cmp.Diff(bareLines(string(bare)), bareLines(text)))
			}
		}
	})
}

// alike fails if the two ledgers give not the same result.
func alike(t *rapid.T, p, q *model.Package, ledger, bare []byte) {
	_, err := Assign(p, ledger, Options{})
	_, bareErr := Assign(q, bare, Options{})
	if fmt.Sprint(err) != fmt.Sprint(bareErr) {
		t.Fatal(cmp.Diff(fmt.Sprint(err), fmt.Sprint(bareErr)))
	}
	report, err := Assign(p, ledger, Options{Breaking: true})
	bareReport, bareErr := Assign(q, bare, Options{Breaking: true})
	if err != nil || bareErr != nil {
		t.Fatal(err, bareErr)
	}
	if diff := cmp.Diff(report, bareReport); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff(bareLines(emit(t, p)), bareLines(emit(t, q))); diff != "" {
		t.Fatal(diff)
	}
}

// bareLines returns a text without comments, and without the empty lines that they
// leave.
func bareLines(text string) string {
	lines := strings.Split(withoutComments(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), "\n")
}

func TestWithoutComments(t *testing.T) {
	const text = "// All.\na = \"// \\\" //\"; // b\n  // c \"\nd\n"
	const want = "       \na = \"// \\\" //\";     \n        \nd\n"
	if got := withoutComments(text); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
