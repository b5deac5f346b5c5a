package scaffold

import (
	"context"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUndo has a file that can't be written behind others that can.
func TestUndo(t *testing.T) {
	files := []file{{"go.mod", nil}, {"a/b/one.go", nil}, {"a/b/one.go/two.go", nil}, {"never.go", nil}}
	for _, there := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "new")
		if there {
			if err := os.Mkdir(dir, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // the second time, nothing is in the way
			made, err := makeDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := write(dir, files); err == nil {
				t.Fatal("a file was written below another")
			}
			made.undo(files...)
			if _, err := os.Stat(dir); os.IsNotExist(err) == there {
				t.Errorf("the directory was there: %v; now: %v", there, err)
			}
		}
	}
}

// TestUndoLeaves has somebody else put a file into the directory meanwhile.
func TestUndoLeaves(t *testing.T) {
	dir := t.TempDir()
	made, err := makeDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := []file{{"a/one.go", nil}}
	if err := write(dir, append(files, file{"a/other", nil})); err != nil {
		t.Fatal(err)
	}
	made.undo(files...)
	if _, err := os.Stat(filepath.Join(dir, "a", "other")); err != nil {
		t.Error("a file is gone that was not written:", err)
	}
}

// TestNewFails has the whole fail where files are written.
func TestNewFails(t *testing.T) {
	clone, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	o := Options{Kind: Plugin, Name: "a\nb", Module: "example.com/x", Dir: dir, Replace: clone, Log: os.Stderr}
	if err := New(context.Background(), o); err == nil || strings.Contains(err.Error(), "package main") || !strings.HasPrefix(err.Error(), "tenon new: NAME is ") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory is there")
	}
}

func TestHiddenTypes(t *testing.T) {
	const source = `package kv

import "io"

type (
	hidden   struct{}
	other    = string
	Open     struct{ a hidden }
	Page[T any] struct{ All []T }
	Store interface {
		None(r io.Reader, o *Open, p Page[string], s struct{ A int }) (map[string]error, error)
		Param(h hidden)
		Result() ([]*hidden, error)
		Key(map[hidden]int)
		Value(<-chan map[int]hidden)
		Variadic(...hidden)
		Alias(other)
		Argument(Page[hidden])
		Function(func(int) hidden)
		Field(struct{ A int; b string })
		Method(interface{ M(hidden) })
		Embedded(interface{ io.Reader; priv })
	}
	priv interface{ M() }
)
`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "kv.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	p, err := conf.Check("example.com/kv", fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Param": "hidden", "Result": "hidden", "Key": "hidden", "Value": "hidden", "Variadic": "hidden", "Alias": "other",
		"Argument": "hidden", "Function": "hidden", "Field": "b", "Method": "hidden", "Embedded": "priv",
	}
	for fn := range p.Scope().Lookup("Store").Type().Underlying().(*types.Interface).Methods() {
		err := checkVisible("Store", fn)
		switch name := want[fn.Name()]; {
		case name == "" && err != nil:
			t.Errorf("%s: %v", fn.Name(), err)
		case name != "" && (err == nil || !strings.Contains(err.Error(), "Store."+fn.Name()+": "+name+" is not exported in package kv")):
			t.Errorf("%s: got %v, want %s", fn.Name(), err, name)
		}
	}
	imports := newImports(p)
	if _, err := methodsOf(p.Scope().Lookup("Store").(*types.TypeName), fset, imports, imports); err == nil {
		t.Error("methods with types that are not exported are written")
	}
}
