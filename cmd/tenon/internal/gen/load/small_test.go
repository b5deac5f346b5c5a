package load

import (
	"bytes"
	"errors"
	"fmt"
	"go/parser"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "a": "a", "ID": "id", "IDs": "ids", "userID": "user_id", "UserIDs": "user_ids", "HTTPServer": "http_server",
		"onChange": "on_change", "SHA256Sum": "sha256_sum", "V2Name": "v2_name", "URLsByID": "urls_by_id", "Foo_Bar": "foo_bar",
		"_x": "x", "old_name": "old_name", "ABTest": "ab_test", "Is": "is", "ASet": "a_set", "x1": "x1",
	} {
		if got := snake(name); got != want {
			t.Errorf("snake(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := map[string]bool{"contract": true, "keep": true, "optional": true}
	for word, want := range map[string]string{
		"contarct": "did you mean //tenon:contract?",
		"kep":      "did you mean //tenon:keep?",
		"wholly":   "known are //tenon:contract, //tenon:keep, //tenon:optional",
	} {
		if got := suggest(prefix, word, known); got != want {
			t.Errorf("suggest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestValueName(t *testing.T) {
	for _, test := range []struct{ enum, goType, goConst, want string }{
		{"Op", "Op", "OpPut", "OP_PUT"},
		{"Color", "Color", "Red", "COLOR_RED"},
		{"Color", "Color", "Colorful", "COLOR_COLORFUL"},
		{"OtherMood", "Mood", "MoodBad", "OTHER_MOOD_BAD"},
		{"HTTPCode", "HTTPCode", "HTTPCode2xx", "HTTP_CODE_2XX"},
	} {
		if got := valueName(test.enum, test.goType, test.goConst); got != test.want {
			t.Errorf("valueName(%q, %q, %q) = %q, want %q", test.enum, test.goType, test.goConst, got, test.want)
		}
	}
}

// TestRawBytes reads a descriptor in all forms in which generated code has it.
func TestRawBytes(t *testing.T) {
	file := &descriptorpb.FileDescriptorProto{Name: proto.String("a/b.proto"), Package: proto.String("acme.b"), MessageType: []*descriptorpb.DescriptorProto{
		{Name: proto.String("foo_bar"), NestedType: []*descriptorpb.DescriptorProto{{Name: proto.String("In2side")}}},
		{Name: proto.String("_x_Y")},
	}}
	raw, err := proto.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	var list, sum []string
	for _, b := range raw {
		list = append(list, fmt.Sprintf("0x%02x", b))
		sum = append(sum, fmt.Sprintf("%q", string([]byte{b})))
	}
	quoted := fmt.Sprintf("%q", raw)
	literal := "[]byte{" + strings.Join(list, ", ") + "}"
	for _, source := range []string{literal, "string(" + literal + ")", `"" + ` + quoted, strings.Join(sum, " +\n"), "(" + quoted + ")", "[]byte(" + quoted + ")"} {
		expr, err := parser.ParseExpr(source)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := rawBytes(expr); !ok || !bytes.Equal(got, raw) {
			t.Errorf("rawBytes(%.40s...) = %x, %t, want %x", source, got, ok, raw)
		}
	}
	for _, source := range []string{"f()", "1", "x", "[]byte{256}", "[]byte{x}", `"a" + 1`} {
		expr, err := parser.ParseExpr(source)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := rawBytes(expr); ok {
			t.Errorf("rawBytes(%s) = %x, want none", source, got)
		}
	}
	for goName, want := range map[string]string{"FooBar": "acme.b.foo_bar", "FooBar_In2Side": "acme.b.foo_bar.In2side", "XX_Y": "acme.b._x_Y"} {
		if got, err := messageName(file, goName); err != nil || got != want {
			t.Errorf("messageName(%s) = %q, %v, want %q", goName, got, err, want)
		}
	}
	if got, err := messageName(file, "Other"); err == nil {
		t.Errorf("messageName(Other) = %q, want an error", got)
	}
}

func TestVisible(t *testing.T) {
	for _, test := range []struct {
		path, by string
		want     bool
	}{
		{"a/b", "c", true},
		{"a/internal/b", "a", true},
		{"a/internal/b", "a/x/y", true},
		{"a/internal/b", "ab", false},
		{"a/internal/b/internal/c", "a/internal/b", true},
		{"a/internal/b/internal/c", "a", false},
		{"internal/abi", "a", false},
		{"vendor/golang.org/x/net", "a", false},
	} {
		if got := visible(test.path, test.by); got != test.want {
			t.Errorf("visible(%s, %s) = %t, want %t", test.path, test.by, got, test.want)
		}
	}
}

// A package that is not named is looked at only if it may have a directive.
func TestDirectiveText(t *testing.T) {
	for text, want := range map[string]bool{
		"//tenon:contract": true, "// tenon:contract": true, "\t//Tenon:contract": true, "//tenon-keep h": true, "// +tenon:keep h": true,
		"/*tenon:keep h*/": true, "//tenon: keep h": true, "/*\n\ttenon:keep h\n*/": true, "//tenon:contarct": true,
		"": false, "package tenon": false, "import \"github.com/tenon-go/tenon\"": false, "// Tenon keeps it.": false, "A int `tenon:\"-\"`": false,
	} {
		if got := directiveText.MatchString(text); got != want {
			t.Errorf("%q matches: %t, want %t", text, got, want)
		}
	}
}

// What the go command says is told in a sentence.
func TestExplain(t *testing.T) {
	s := &sources{dir: t.TempDir()}
	for text, want := range map[string]string{
		"err: exit status 1: stderr: go: go.mod file not found in current directory or any parent directory; see 'go help modules'\n": "is in no Go module, so that the package . can't be looked up; run it in a directory below a go.mod",
		"err: exit status 1: stderr: go: updates to go.mod\n\tneeded":                                                                 ": go: updates to go.mod needed; go list . says the same",
		"exec: \"go\": executable file not found in $PATH":                                                                            "install Go",
	} {
		if got := s.explain([]string{"."}, errors.New(text)).Error(); !strings.Contains(got, want) || strings.Contains(got, "exit status") {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
}
