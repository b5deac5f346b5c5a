package golang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// predeclared finds names of Go's own that the package declares and the generated
// text uses, which mean the author's in it. Nothing else could be written for most
// of them, nil and len among them, so the author is asked for another name.
func (g *generator) predeclared(problems *model.Problems, text []byte, told map[string]bool) {
	var hidden []string
	for _, name := range g.names.author.Names() {
		if types.Universe.Lookup(name) != nil && !told[name] {
			hidden = append(hidden, name)
		}
	}
	if len(hidden) == 0 {
		return
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		return // format has said so
	}
	used := make(map[string]bool)
	ast.Walk(standing(used), file)
	for _, name := range hidden {
		if used[name] {
			told[name] = true
			problems.Add(g.declaration(name), "rename it",
				"the package declares %s, which is Go's own in the code that tenon gen writes beside it", name)
		}
	}
}

// standing are the identifiers that stand for themselves: not those behind a dot,
// nor the names of fields, parameters and methods.
type standing map[string]bool

func (n standing) Visit(node ast.Node) ast.Visitor {
	switch node := node.(type) {
	case *ast.Ident:
		n[node.Name] = true
	case *ast.SelectorExpr:
		ast.Walk(n, node.X)
		return nil
	case *ast.KeyValueExpr:
		if _, isField := node.Key.(*ast.Ident); !isField {
			ast.Walk(n, node.Key)
		}
		ast.Walk(n, node.Value)
		return nil
	case *ast.Field:
		if node.Type != nil {
			ast.Walk(n, node.Type)
		}
		return nil
	}
	return n
}

// declaration is where the package declares name, in the source that is there: the
// model knows positions of what crosses only.
func (g *generator) declaration(name string) token.Position {
	sources, _ := filepath.Glob(filepath.Join(g.pkg.Dir, "*.go"))
	fset := token.NewFileSet()
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, source, nil, parser.SkipObjectResolution)
		if err != nil || file.Name.Name != g.pkg.Go.Name() {
			continue
		}
		if pos := declaredIn(file, name); pos.IsValid() {
			return fset.Position(pos)
		}
	}
	for _, i := range g.pkg.Interfaces {
		if i.Pos.IsValid() {
			return i.Pos
		}
	}
	return token.Position{}
}

func declaredIn(file *ast.File, name string) token.Pos {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil && decl.Name.Name == name {
				return decl.Name.Pos()
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if pos := specified(spec, name); pos.IsValid() {
					return pos
				}
			}
		}
	}
	return token.NoPos
}

func specified(spec ast.Spec, name string) token.Pos {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.Name == name {
			return spec.Name.Pos()
		}
	case *ast.ValueSpec:
		for _, id := range spec.Names {
			if id.Name == name {
				return id.Pos()
			}
		}
	}
	return token.NoPos
}
