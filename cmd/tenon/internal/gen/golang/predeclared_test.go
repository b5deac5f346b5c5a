package golang

import (
	"errors"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// What generated code needs of Go's own can't be called otherwise in it: it must
// be the author who finds another name, and not the compiler who complains.
func TestPredeclared(t *testing.T) {
	for _, test := range []struct{ source, refused string }{
		{"func len(int) {}", "len"},
		{"func append() {}", "append"},
		{"var nil = 1", "nil"},
		{"const iota = 7", "iota"},
		{"const (\n\tone = 1\n\ttrue = one\n)", "true"},
		{"type error interface{ M() }", "error"},
		{"type any interface{ M() }", "any"},
		{"type int64 struct{}", "int64"},
		{"func close() {}", ""}, // what is not used hides nothing
		{"var imag, print, complex128 = 1, 2, 3", ""},
		{"type T struct{}; func (T) len() {}", ""},
		{"func f() { nil, error, len := 1, 2, 3; _, _, _ = nil, error, len }", ""},
	} {
		p := storeModel(t, test.source)
		p.Dir = t.TempDir()
		if err := os.WriteFile(filepath.Join(p.Dir, "kv.go"), []byte("package kv\n\n"+test.source+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		n := p.Interfaces[0].Methods[0].Params[0] // a list, so that append and len are needed
		n.Go = types.NewSlice(n.Go)
		n.Field.Type = &model.Type{Kind: model.Slice, Go: n.Go, Elem: n.Field.Type}
		_, err := Emit(p)
		var problems *model.Problems
		switch {
		case test.refused == "" && err != nil:
			t.Errorf("%s: %v", test.source, err)
		case test.refused == "":
		case !errors.As(err, &problems) || len(problems.All) != 1:
			t.Errorf("%s: got %v, want one problem", test.source, err)
		default:
			got := problems.All[0]
			if !strings.HasPrefix(got.Text, "the package declares "+test.refused+", which is Go's own") || got.Hint != "rename it" {
				t.Errorf("%s: got %v", test.source, got)
			}
			line := "kv.go:3:"
			if strings.Contains(test.source, "\n") {
				line = "kv.go:5:2:"
			}
			if !strings.Contains(got.Error(), line) {
				t.Errorf("%s: it is not said where: %v", test.source, got)
			}
		}
	}
}

// A name that a file imports is taken in the whole package.
func TestImportedNames(t *testing.T) {
	p := storeModel(t, "")
	file := types.NewScope(p.Go.Scope(), token.NoPos, token.NoPos, "file")
	other := types.NewPackage("example.com/other", "other")
	file.Insert(types.NewPkgName(token.NoPos, p.Go, "storeClient", other))
	file.Insert(types.NewFunc(token.NoPos, other, "ServeStore", types.NewSignatureType(nil, nil, nil, nil, nil, false)))
	g := newGenerator(p)
	if got := g.names.top("client", "storeClient"); got != "storeClient_" {
		t.Error("it is called as an imported package:", got)
	}
	if got := newImports(g).name("io", "io"); got != "io" {
		t.Error("imports of other files are no matter:", got)
	}
	_, err := Emit(p)
	if err == nil || !strings.Contains(err.Error(), "a file of the package imports ServeStore") {
		t.Error(err)
	}
}
