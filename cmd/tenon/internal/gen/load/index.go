package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
)

// An index finds what the source says about an object, also about one that was
// read from export data: that knows file and line.
type index struct {
	files  []*ast.File
	byLine map[lineKey]*decl
	byName map[string]*decl // types, variables and constants of the package
	loose  []*ast.CommentGroup
}

type lineKey struct {
	file string // base name
	line int
	name string
}

// A kindOf decl is what was declared, as far as directives tell it apart.
type kindOf int

const (
	aPackage kindOf = iota
	anInterface
	aMethod
	aType
	aField
	aVariable
	anything
)

// A decl is one declaration of a name.
type decl struct {
	name  string
	pos   token.Pos
	kind  kindOf
	file  *ast.File
	doc   *ast.CommentGroup // above it
	note  *ast.CommentGroup // behind it
	typ   ast.Expr          // of a type
	value ast.Expr          // of a variable, if it has one of its own
	decl  *ast.GenDecl
}

// index returns the index of the package, which is nil if its source is not there.
func (s *sources) index(path string) *index {
	if x, ok := s.indexes[path]; ok {
		return x
	}
	var files []*ast.File
	if src := s.main[path]; src != nil {
		files = src.files
	} else if p := s.listed[path]; p != nil {
		for _, name := range p.GoFiles {
			if f, _ := parser.ParseFile(s.fset, name, nil, parser.ParseComments|parser.SkipObjectResolution); f != nil {
				files = append(files, f)
			}
		}
	}
	x := &index{files: files, byLine: map[lineKey]*decl{}, byName: map[string]*decl{}}
	for _, f := range files {
		x.addFile(s, f)
	}
	s.indexes[path] = x
	return x
}

// find returns the declaration of obj, or an empty one.
func (s *sources) find(obj types.Object) *decl {
	if obj == nil || obj.Pkg() == nil {
		return &decl{}
	}
	x, pos := s.index(obj.Pkg().Path()), s.position(obj.Pos())
	if d := x.byLine[lineKey{filepath.Base(pos.Filename), pos.Line, obj.Name()}]; d != nil {
		return d
	}
	return &decl{}
}

func (x *index) addFile(s *sources, f *ast.File) {
	taken := map[*ast.CommentGroup]bool{}
	add := func(d *decl) {
		pos := s.position(d.pos)
		d.file = f
		x.byLine[lineKey{filepath.Base(pos.Filename), pos.Line, d.name}] = d
		taken[d.doc], taken[d.note] = true, true
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			add(&decl{name: d.Name.Name, pos: d.Name.Pos(), kind: anything, doc: d.Doc})
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				x.addSpec(d, spec, add)
			}
			taken[d.Doc] = true
		}
	}
	for _, group := range f.Comments {
		if !taken[group] {
			x.loose = append(x.loose, group)
		}
	}
}

func (x *index) addSpec(d *ast.GenDecl, spec ast.Spec, add func(*decl)) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		found := &decl{name: spec.Name.Name, pos: spec.Name.Pos(), kind: aType, doc: firstGroup(spec.Doc, d), note: spec.Comment, typ: spec.Type, decl: d}
		if _, ok := spec.Type.(*ast.InterfaceType); ok {
			found.kind = anInterface
		}
		add(found)
		x.byName[found.name] = found
		addParts(spec.Type, add)
	case *ast.ValueSpec:
		for i, name := range spec.Names {
			found := &decl{name: name.Name, pos: name.Pos(), kind: anything, doc: firstGroup(spec.Doc, d), note: spec.Comment, typ: spec.Type, decl: d}
			if d.Tok == token.VAR {
				found.kind = aVariable
			}
			if len(spec.Values) == len(spec.Names) {
				found.value = spec.Values[i]
			}
			add(found)
			x.byName[found.name] = found
		}
		addParts(spec.Type, add)
	}
}

// firstGroup is the comment above a specification, which belongs to the whole
// declaration if that has no parentheses.
func firstGroup(doc *ast.CommentGroup, d *ast.GenDecl) *ast.CommentGroup {
	if doc == nil && !d.Lparen.IsValid() {
		return d.Doc
	}
	return doc
}

// addParts adds the fields and methods in a type expression.
func addParts(expr ast.Expr, add func(*decl)) {
	if expr == nil {
		return
	}
	ast.Inspect(expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			addFields(n.Fields, aField, add)
		case *ast.InterfaceType:
			addFields(n.Methods, aMethod, add)
		}
		return true
	})
}

func addFields(list *ast.FieldList, kind kindOf, add func(*decl)) {
	for _, field := range list.List {
		for _, name := range field.Names {
			add(&decl{name: name.Name, pos: name.Pos(), kind: kind, doc: field.Doc, note: field.Comment, typ: field.Type})
		}
		if id := embeddedName(field.Type); len(field.Names) == 0 && id != nil {
			add(&decl{name: id.Name, pos: id.Pos(), kind: anything, doc: field.Doc, note: field.Comment, typ: field.Type})
		}
	}
}

// embeddedName is the name of an embedded type.
func embeddedName(expr ast.Expr) *ast.Ident {
	switch expr := expr.(type) {
	case *ast.Ident:
		return expr
	case *ast.StarExpr:
		return embeddedName(expr.X)
	case *ast.SelectorExpr:
		return expr.Sel
	case *ast.IndexExpr:
		return embeddedName(expr.X)
	case *ast.IndexListExpr:
		return embeddedName(expr.X)
	}
	return nil
}

// docText is a comment without its directives.
func docText(group *ast.CommentGroup) string { return strings.TrimSpace(group.Text()) }

// noteText is a comment behind something, on one line.
func noteText(group *ast.CommentGroup) string { return strings.Join(strings.Fields(group.Text()), " ") }
