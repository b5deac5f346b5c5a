package load

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// A directive is a comment that is meant for tenon gen: //tenon:name args.
type directive struct {
	name string
	args []string
	pos  token.Position
}

const prefix = "//tenon:"

// A rule says where a directive may be written and how many arguments it has.
type rule struct {
	kinds    []kindOf
	min, max int // arguments
	usage    string
	where    string
}

const many = 1 << 10

var rules = map[string]rule{
	"contract":   {[]kindOf{anInterface}, 0, 0, "//tenon:contract", "in the comment above an interface"},
	"fake":       {[]kindOf{anInterface}, 0, 0, "//tenon:fake", "in the comment above an interface"},
	"optional":   {[]kindOf{anInterface, aMethod}, 0, 1, "//tenon:optional Contract", "above an interface, with the name of the contract that it is an optional part of, or above a method"},
	"name":       {[]kindOf{anInterface, aMethod, aType, aVariable}, 1, 1, "//tenon:name Name", "above an interface, method, type or error"},
	"was":        {[]kindOf{anInterface, aMethod, aType, aVariable}, 1, many, "//tenon:was OldName", "above an interface, method, type or error"},
	"keep":       {[]kindOf{aMethod}, 1, many, "//tenon:keep parameter...", "above a method"},
	"idempotent": {[]kindOf{aMethod}, 0, 0, "//tenon:idempotent", "above a method"},
	"timeout":    {[]kindOf{aMethod}, 1, 1, "//tenon:timeout 5s", "above a method"},
	"rename":     {[]kindOf{aMethod}, 2, 2, "//tenon:rename old new", "above a method"},
	"package":    {[]kindOf{aPackage}, 1, 1, "//tenon:package acme.kv.v1", "in the package comment or on a line of its own, outside of declarations"},
	"version":    {[]kindOf{aPackage}, 1, 1, "//tenon:version 2", "in the package comment or on a line of its own, outside of declarations"},
	"draft":      {[]kindOf{aPackage}, 0, 0, "//tenon:draft", "in the package comment or on a line of its own, outside of declarations"},
	"errors":     {[]kindOf{aPackage}, 1, many, "//tenon:errors import/path", "in the package comment or on a line of its own, outside of declarations"},
}

// parseDirectives returns the directives of a comment.
func parseDirectives(s *sources, group *ast.CommentGroup) []*directive {
	if group == nil {
		return nil
	}
	var found []*directive
	for _, c := range group.List {
		if text, ok := strings.CutPrefix(c.Text, prefix); ok && !strings.HasPrefix(text, " ") && !strings.HasPrefix(text, "\t") {
			text, _, _ = strings.Cut(text, "//") // a comment on the directive
			words := strings.Fields(text)
			if len(words) == 0 {
				words = []string{""}
			}
			found = append(found, &directive{name: words[0], args: words[1:], pos: s.position(c.Pos())})
		}
	}
	return found
}

// has reports whether a declaration has the directive, of any package.
func (s *sources) has(d *decl, name string) bool {
	return slices.ContainsFunc(parseDirectives(s, d.doc), func(d *directive) bool { return d.name == name })
}

// directives are those of d in the package, checked when it was loaded.
func (l *loader) directives(d *decl) []*directive {
	if d.doc == nil {
		return nil
	}
	if found, ok := l.parsed[d.doc]; ok {
		return found
	}
	return parseDirectives(l.all, d.doc)
}

// directive returns the first directive of the name that d has, or nil.
func (l *loader) directive(d *decl, name string) *directive {
	for _, found := range l.directives(d) {
		if found.name == name {
			return found
		}
	}
	return nil
}

// checkDirectives looks at all directives of the package: each must be known, be
// where it has a meaning, and have the arguments that it takes.
func (l *loader) checkDirectives() {
	for _, d := range l.index.byLine {
		l.checkGroup(d.doc, d.kind)
		l.checkGroup(d.note, anything)
	}
	for _, f := range l.src.files {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Lparen.IsValid() {
				l.checkGroup(d.Doc, anything)
			}
		}
	}
	for _, group := range l.index.loose {
		l.checkGroup(group, aPackage)
	}
}

func (l *loader) checkGroup(group *ast.CommentGroup, kind kindOf) {
	if group == nil {
		return
	}
	if _, done := l.parsed[group]; done {
		return
	}
	l.checkSpelling(group)
	valid := []*directive{}
	for _, d := range parseDirectives(l.all, group) {
		if l.checkDirective(d, kind) {
			valid = append(valid, d)
		}
	}
	l.parsed[group] = valid
}

func (l *loader) checkDirective(d *directive, kind kindOf) bool {
	r, known := rules[d.name]
	switch {
	case !known:
		l.problem(d.pos, suggest(prefix, d.name, rules), "unknown directive %s%s", prefix, d.name)
		return false
	case kind == aField && (d.name == "name" || d.name == "was"):
		l.problem(d.pos, "write the tag `tenon:\""+d.name+"=x\"` behind the field", "%s%s has no meaning here", prefix, d.name)
		return false
	case !slices.Contains(r.kinds, kind):
		l.problem(d.pos, "it belongs "+r.where, "%s%s has no meaning here", prefix, d.name)
		return false
	case len(d.args) < r.min || len(d.args) > r.max:
		l.problem(d.pos, "write it as "+r.usage, "%s%s has %s", prefix, d.name, countOf(len(d.args), "argument"))
		return false
	}
	return true
}
