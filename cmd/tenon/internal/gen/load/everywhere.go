package load

import (
	"go/ast"
	"go/build"
	"go/build/constraint"
	"go/types"
	"io"
	"path/filepath"
	"strings"
)

const everywhereHint = "move it to a file without a build constraint, in its name or above its package clause: what is generated is built everywhere, and peers on other platforms have to know the same"

// restricted says why the file that declares obj is not built everywhere; it is
// empty if it is, or if nothing is known of it.
func (l *loader) restricted(obj types.Object) string {
	if obj.Pkg() == nil {
		return ""
	}
	if d := l.all.find(obj); d.file != nil {
		counts := notRelease
		if !l.editable(obj) {
			counts = isPlatform
		}
		return l.all.constraintOf(d.file, counts)
	}
	return ""
}

// constraintOf says which constraint f has: by its name, or above its package
// clause if a tag in it counts.
func (s *sources) constraintOf(f *ast.File, counts func(tag string) bool) string {
	if name := filepath.Base(s.position(f.Package).Filename); !builtByName(name) {
		return "the name " + name
	}
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			break
		}
		for _, c := range group.List {
			if expr, err := constraint.Parse(c.Text); err == nil && constraint.IsGoBuild(c.Text) && hasTag(expr, counts) {
				return "//go:build " + expr.String()
			}
		}
	}
	return ""
}

// builtByName reports whether a file called name is built on a platform that
// doesn't exist: whether its name, by go/build's rules, asks for none.
func builtByName(name string) bool {
	ctx := build.Context{
		GOOS: "none", GOARCH: "none", Compiler: "gc",
		OpenFile: func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("package p\n")), nil },
	}
	match, err := ctx.MatchFile("", name)
	return match || err != nil
}

// notRelease leaves out tags that ask for a release of Go: go.mod asks for more.
func notRelease(tag string) bool { return !strings.HasPrefix(tag, "go1.") }

// isPlatform leaves out all that is not about platforms. What others declare may
// depend on experiments, say, and be the same for all that.
func isPlatform(tag string) bool { return tag == "unix" || !builtByName("x_"+tag+".go") }

func hasTag(expr constraint.Expr, counts func(tag string) bool) bool {
	switch expr := expr.(type) {
	case *constraint.TagExpr:
		return counts(expr.Tag)
	case *constraint.NotExpr:
		return hasTag(expr.X, counts)
	case *constraint.AndExpr:
		return hasTag(expr.X, counts) || hasTag(expr.Y, counts)
	case *constraint.OrExpr:
		return hasTag(expr.X, counts) || hasTag(expr.Y, counts)
	}
	return false
}

// everywhere refuses a type whose declaration is not built everywhere.
func (l *loader) everywhere(obj *types.TypeName, pl *place) bool {
	why := l.restricted(obj)
	if why == "" {
		return true
	}
	name := l.text(obj.Type())
	if !l.editable(obj) {
		l.refuse(pl, "use a type of your own, in a file without a build constraint", "is of type %s, which is not the same on all platforms: its file has the constraint %s", name, why)
		return false
	}
	in := &place{pos: l.pos(obj), what: "type " + name, from: pl}
	l.refuse(in, everywhereHint, "is declared in a file that is not built everywhere, by %s", why)
	return false
}
