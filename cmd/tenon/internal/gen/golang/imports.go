package golang

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

const runtimePath = "github.com/tenon-go/tenon"

// known are the packages that generated code itself needs, by what the lines
// call them.
var known = map[string]string{
	"tenon":   runtimePath,
	"context": "context",
	"errors":  "errors",
	"io":      "io",
	"iter":    "iter",
	"math":    "math",
	"slices":  "slices",
	"sync":    "sync",
	"time":    "time",
	"proto":   "google.golang.org/protobuf/proto",
}

// imports are the packages that one file imports, and what they are called in it.
type imports struct {
	g        *generator
	names    map[string]string // by path
	declared map[string]string // what the package calls itself, by path
	taken    map[string]bool   // names
	used     map[string]bool   // paths
}

func newImports(g *generator) *imports {
	return &imports{
		g:        g,
		names:    make(map[string]string),
		declared: make(map[string]string),
		taken:    make(map[string]bool),
		used:     make(map[string]bool),
	}
}

// forget says that nothing is used, and keeps the names.
func (im *imports) forget() { clear(im.used) }

// name returns what the package with the given path, which calls itself
// declared, is called in the file.
func (im *imports) name(path, declared string) string {
	im.used[path] = true
	if name, ok := im.names[path]; ok {
		return name
	}
	name := im.pick(path, declared)
	im.names[path], im.declared[path], im.taken[name] = name, declared, true
	return name
}

// pick returns the package's own name, or else one that says where it is from.
func (im *imports) pick(importPath, declared string) string {
	free := func(name string) bool { return !im.taken[name] && im.g.names.importable(name) }
	if free(declared) {
		return declared
	}
	if parent := path.Base(path.Dir(importPath)); plain(parent) && free(parent+declared) {
		return parent + declared
	}
	for n := 1; ; n++ {
		name := declared + "pkg"
		if n > 1 {
			name += strconv.Itoa(n)
		}
		if free(name) {
			return name
		}
	}
}

// plain says whether an element of a path can begin an identifier.
func plain(s string) bool {
	for i := range len(s) {
		if !isWord(s[i]) {
			return false
		}
	}
	return s != "" && (s[0] < '0' || s[0] > '9')
}

// print writes the declaration: the standard library first.
func (im *imports) print(b *bytes.Buffer) {
	var std, others []string
	for path := range im.used {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			others = append(others, path)
		} else {
			std = append(std, path)
		}
	}
	if len(std)+len(others) == 0 {
		return
	}
	fmt.Fprintln(b, "import (")
	for _, group := range [][]string{std, others} {
		slices.Sort(group)
		for _, path := range group {
			im.printOne(b, path)
		}
		fmt.Fprintln(b)
	}
	fmt.Fprint(b, ")\n\n")
}

func (im *imports) printOne(b *bytes.Buffer, path string) {
	if name := im.names[path]; name != im.declared[path] {
		fmt.Fprintf(b, "%s ", name)
	}
	fmt.Fprintf(b, "%q\n", path)
}
