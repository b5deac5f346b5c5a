package cases_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/basics"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/bytes"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/enums"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/lists"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/load"
)

// TestRefused gives servers messages that are well-formed, but hold what their
// Go types can't: an error says so, in place of another value that arrives.
func TestRefused(t *testing.T) {
	varint := func(num protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
	}
	blob := func(num protowire.Number, s string) []byte {
		return protowire.AppendString(protowire.AppendTag(nil, num, protowire.BytesType), s)
	}
	basic, byteses, list := basics.ServeBasics(basics.Echo{}), bytes.ServeBytes(bytes.Echo{}), lists.ServeLists(lists.Echo{})
	for _, tc := range []struct {
		name    string
		service tenon.Service
		method  string
		sent    []byte
		refused bool
	}{
		{"int8 that fits", basic, "Ints", varint(2, 127), false},
		{"int8 too large", basic, "Ints", varint(2, 128), true},
		{"int16 too large", basic, "Ints", varint(3, 1<<15), true},
		{"uint8 that fits", basic, "Uints", varint(2, 255), false},
		{"uint8 too large", basic, "Uints", varint(2, 256), true},
		{"uint16 too large", basic, "Uints", varint(3, 1<<16), true},
		{"not UTF-8", basic, "Strings", blob(1, "\xff"), true},
		{"string of another wire type", basic, "Strings", varint(1, 1), true},
		{"array that is full", list, "Arrays", blob(1, "\x01\x02\x03"), false},
		{"array with too many elements", list, "Arrays", blob(1, "\x01\x02\x03\x04"), true},
		{"array, not packed, with too many", list, "Arrays", append(append(varint(1, 1), varint(1, 1)...), append(varint(1, 1), varint(1, 1)...)...), true},
		{"array with too few", list, "Arrays", blob(1, "\x01"), false},
		{"four bytes", byteses, "Arrays", blob(1, "abcd"), false},
		{"five bytes for four", byteses, "Arrays", blob(1, "abcde"), true},
		{"three bytes for four", byteses, "Arrays", blob(1, "abc"), true},
		{"unknown field", basic, "Strings", varint(99, 1), false},
	} {
		s := fed(t.Context(), tc.sent, false)
		err := tc.service.Server.ServeCall(t.Context(), tc.service.Contract.Index(tc.method), s)
		if refused := err != nil; refused != tc.refused {
			t.Errorf("%s: got %v", tc.name, err)
		}
		if err != nil && tenon.CodeOf(err) != tenon.InvalidArgument {
			t.Errorf("%s: its code is %v: %v", tc.name, tenon.CodeOf(err), err)
		}
	}
}

// TestEnumTooLarge gives an enum whose Go type has 64 bits a value that no enum
// of protobuf has.
func TestEnumTooLarge(t *testing.T) {
	conn := (&link{change: translate}).connect(services())
	e := must(enums.OpenEnums(t.Context(), conn))(t)
	got, _, _, _, _, _, err := e.Each(t.Context(), enums.Color(1<<40+1), 0, 0, 0, 0, 0)
	if err == nil && got != 1<<40+1 {
		t.Errorf("the color %d arrives as %d, without an error", 1<<40+1, got)
	}
}

// TestSyntax has a source that doesn't parse. It is not among testdata/problems,
// because gofmt would stumble over it.
func TestSyntax(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module example.com/syntax\n\ngo 1.25\n",
		"syntax.go": "package syntax\n\n//tenon:contract\ntype Store interface {\n\tPut(key string error\n}\n",
	} {
		ok(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	_, err := load.Load(dir, nil)
	if err == nil || !strings.Contains(err.Error(), "syntax.go:5:17: ") {
		t.Errorf("got %v", err)
	}
}
