package golang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// guardOf is the guard of the type called T in a package.
func guardOf(t *testing.T, source string) string {
	t.Helper()
	p := checked(t, source)
	g := newGenerator(&model.Package{Go: p})
	f := &file{g: g, imports: newImports(g)}
	f.guard(p.Scope().Lookup("T").Type())
	return f.body.String()
}

// compiles says whether a package without imports does.
func compiles(t *testing.T, source string) bool {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "kv.go", "package kv\n"+source, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = new(types.Config).Check("example.com/kv", fset, []*ast.File{f}, nil)
	return err == nil
}

func TestGuard(t *testing.T) {
	tests := []struct{ what, before, after string }{
		{"a field more", "type T struct { A int }", "type T struct { A int; B string }"},
		{"the first field", "type T struct{}", "type T struct{ A int }"},
		{"a field less", "type T struct { A, B int }", "type T struct { A int }"},
		{"another type", "type T struct { A int }", "type T struct { A int64 }"},
		{"another order", "type T struct { A, B int }", "type T struct { B, A int }"},
		{"recursive", "type T struct { Next *T; All map[string][]T }", "type T struct { Next *T; All map[string][]T; N int }"},
		{"an anonymous struct inside", "type T struct { Opts struct { A int `json:\"a\"` } }", "type T struct { Opts struct { A, B int } }"},
		{"a field that does not cross", "type T struct { A int; f func(...int) (int, error); c <-chan int }", "type T struct { A int; f func(); c <-chan int }"},
		{"embedded", "type base struct { A int }; type T struct { base; *P }; type P struct{}", "type base struct { A int }; type T struct { *P; base }; type P struct{}"},
		{"of another type's fields", "type base struct { A int }; type T base", "type base struct { A, B int }; type T base"},
		{"an alias inside", "type S = []string; type T struct { A S }", "type S = []int; type T struct { A S; B int }"},
		{"an interface inside", "type T struct { A interface { error; M(int) }; B any }", "type T struct { A interface { M(int) }; B any }"},
		{"an instance", "type Page[E any] struct { All []E }; type T = Page[int]", "type Page[E any] struct { All []E; N int }; type T = Page[int]"},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			guard := guardOf(t, test.before)
			if !compiles(t, test.before+"\n"+guard) || guard == "" {
				t.Errorf("it does not compile:\n%s", guard)
			}
			if compiles(t, test.after+"\n"+guard) {
				t.Errorf("it compiles after the change:\n%s", guard)
			}
		})
	}
}

// What is no drift stays without consequences.
func TestGuardIgnoresTags(t *testing.T) {
	guard := guardOf(t, "type T struct { A int `json:\"a\"`; B struct { C int `x:\"y\"` } }")
	if !compiles(t, "type T struct { A int; B struct { C int } }\n"+guard) {
		t.Errorf("a tag has gone, and this does not compile:\n%s", guard)
	}
}

func TestNoGuard(t *testing.T) {
	other := checked(t, "type private int; type T struct { A int }; type Hidden struct { a int }; type Unspeakable struct { A private }")
	for what, test := range map[string]struct {
		path, module string
		typ          string
		want         bool
	}{
		"of the module":              {"example.com/app", "example.com", "T", true},
		"of another module":          {"example.com/app", "example.com/app", "T", false},
		"the module is not known":    {"example.com/app", "", "T", false},
		"with an unexported field":   {"example.com/app", "example.com", "Hidden", false},
		"with an unexported type":    {"example.com/app", "example.com", "Unspeakable", false},
		"a module that begins alike": {"example.com/app", "example.com/k", "T", false},
	} {
		g := newGenerator(&model.Package{Go: types.NewPackage(test.path, "app"), Module: test.module})
		f := &file{g: g, imports: newImports(g)}
		f.guard(other.Scope().Lookup(test.typ).Type())
		if got := strings.Contains(f.body.String(), "var _ = kv.T("); got != test.want || !got && f.body.Len() > 0 {
			t.Errorf("%s: %s", what, f.body.String())
		}
	}
}

func TestImportableFrom(t *testing.T) {
	for _, test := range []struct {
		from, to string
		want     bool
	}{
		{"a/b", "c", true},
		{"a/b", "a/internal", true},
		{"a/b/c", "a/b/internal/d", true},
		{"a/bc", "a/b/internal/d", false},
		{"a", "internal/abi", false},
		{"a", "a/internals", true},
		{"a/x", "a/internal/b/internal/c", false},
	} {
		if got := importableFrom(test.from, test.to); got != test.want {
			t.Errorf("%s imports %s: %v", test.from, test.to, got)
		}
	}
}
