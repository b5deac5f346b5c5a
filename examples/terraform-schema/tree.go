package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A node is a line of the tree: its columns, and what hangs on it.
type node struct {
	columns  []string
	children []*node
}

// printTree prints what is in s, sorted by name. With details there are
// descriptions too.
func printTree(out io.Writer, title string, s *schemas, details bool) error {
	root := planter{details}.provider(title, s)
	w := bufio.NewWriter(out)
	fmt.Fprintln(w, title)
	writeChildren(w, "", root.children)
	return w.Flush()
}

// widest is how wide a column gets, in characters, before those that are longer
// stand out: the type of an object can have a thousand.
const widest = 32

func writeChildren(w *bufio.Writer, prefix string, children []*node) {
	widths := measure(children)
	for i, n := range children {
		branch, below := "├── ", "│   "
		if i == len(children)-1 {
			branch, below = "└── ", "    "
		}
		fmt.Fprintln(w, prefix+branch+n.line(widths))
		writeChildren(w, prefix+below, n.children)
	}
}

// measure returns the widths of the columns of siblings. The last one of a line is
// as long as it is.
func measure(siblings []*node) []int {
	var widths []int
	for _, n := range siblings {
		for i, text := range n.columns[:len(n.columns)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if width := utf8.RuneCountInString(text); width <= widest {
				widths[i] = max(widths[i], width)
			}
		}
	}
	return widths
}

func (n *node) line(widths []int) string {
	var b strings.Builder
	for i, text := range n.columns {
		switch {
		case i == len(n.columns)-1:
			b.WriteString(text)
		case widths[i] > 0 || text != "":
			fmt.Fprintf(&b, "%-*s  ", widths[i], text)
		}
	}
	return b.String()
}

// A planter makes nodes of schemas.
type planter struct{ details bool }

func (p planter) provider(title string, s *schemas) *node {
	root := &node{columns: []string{title}}
	root.addSchema(p, "provider", s.Provider)
	root.addSchema(p, "provider meta", s.Meta)
	grow(root, "resources", s.Resources, p.schema)
	grow(root, "data sources", s.DataSources, p.schema)
	grow(root, "ephemeral resources", s.Ephemeral, p.schema)
	grow(root, "list resources", s.Lists, p.schema)
	grow(root, "state stores", s.StateStores, p.schema)
	grow(root, "actions", s.Actions, p.schema)
	grow(root, "functions", s.Functions, p.function)
	grow(root, "identities of resources", s.Identities, p.identity)
	return root
}

func (n *node) addSchema(p planter, name string, s *schema) {
	if s != nil {
		n.children = append(n.children, p.schema(name, s))
	}
}

// grow adds a branch for all that are of one kind, sorted by name, if there are any.
func grow[V any](root *node, kind string, all map[string]V, plant func(string, V) *node) {
	if len(all) > 0 {
		root.children = append(root.children, &node{columns: []string{kind}, children: sorted(all, plant)})
	}
}

func sorted[V any](all map[string]V, plant func(string, V) *node) []*node {
	var out []*node
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, plant(name, all[name]))
	}
	return out
}

func (p planter) schema(name string, s *schema) *node {
	if s == nil {
		return &node{columns: p.columns(remarks{}, name, "no schema")}
	}
	b := s.Block.orEmpty()
	notes := list([]string{version(s.Version), when(b.Deprecated, "deprecated")})
	return &node{columns: p.columns(b.remarks, name, notes), children: p.body(b)}
}

func (b *block) orEmpty() *block {
	if b == nil {
		return &block{}
	}
	return b
}

// body returns a block's attributes, and then its blocks.
func (p planter) body(b *block) []*node {
	return append(sorted(b.Attributes, p.attribute), sorted(b.Blocks, p.block)...)
}

func (p planter) attribute(name string, a *attribute) *node {
	notes := list([]string{
		when(a.Required, "required"), when(a.Optional, "optional"), when(a.Computed, "computed"),
		when(a.Sensitive, "sensitive"), when(a.WriteOnly, "write-only"), when(a.Deprecated, "deprecated"),
	})
	if a.Nested == nil {
		return &node{columns: p.columns(a.remarks, name, a.Type.String(), notes)}
	}
	return &node{
		columns:  p.columns(a.remarks, name, nested(a.Nested.Nesting, "object"), notes),
		children: sorted(a.Nested.Attributes, p.attribute),
	}
}

func (p planter) block(name string, t *blockType) *node {
	b := t.Block.orEmpty()
	notes := list([]string{count(t.Min, t.Max), when(b.Deprecated, "deprecated")})
	return &node{columns: p.columns(b.remarks, name, nested(t.Nesting, "block"), notes), children: p.body(b)}
}

func (p planter) function(name string, f *function) *node {
	var parameters []string
	for _, one := range f.Parameters {
		parameters = append(parameters, one.text(""))
	}
	if f.Variadic != nil {
		parameters = append(parameters, f.Variadic.text("..."))
	}
	call := fmt.Sprintf("%s(%s) %s", name, strings.Join(parameters, ", "), f.Returns)
	r := remarks{Description: f.Summary, DeprecationMessage: f.DeprecationMessage}
	return &node{columns: p.columns(r, call, when(f.DeprecationMessage != "", "deprecated"))}
}

func (p *parameter) text(dots string) string {
	text := p.Name + " " + dots + p.Type.String()
	if p.Nullable {
		text += " or null"
	}
	return text
}

func (p planter) identity(name string, s *identitySchema) *node {
	return &node{columns: p.columns(remarks{}, name, version(s.Version)), children: sorted(s.Attributes, p.identityAttribute)}
}

func (p planter) identityAttribute(name string, a *identityAttribute) *node {
	notes := list([]string{when(a.Required, "required for import"), when(a.Optional, "optional for import")})
	return &node{columns: p.columns(remarks{Description: a.Description}, name, a.Type.String(), notes)}
}

// columns returns the texts of a line without those at its end that are empty.
func (p planter) columns(r remarks, texts ...string) []string {
	if p.details {
		texts = append(texts, r.line())
	}
	for i := range texts {
		texts[i] = printable(texts[i])
	}
	for len(texts) > 1 && texts[len(texts)-1] == "" {
		texts = texts[:len(texts)-1]
	}
	return texts
}

// printable keeps a provider from writing over the tree.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// line returns the first lines of what there is to say, as one.
func (r remarks) line() string {
	text := firstLine(r.Description)
	if r.DeprecationMessage != "" {
		text = strings.TrimSpace("Deprecated: " + firstLine(r.DeprecationMessage) + " " + text)
	}
	return text
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}

// nested names what is repeated, and how: "list of blocks".
func nested(mode, what string) string {
	switch mode {
	case "single", "group":
		return mode + " " + what
	}
	return mode + " of " + what + "s"
}

// count says how many blocks there may be, if not any number.
func count(least, most int64) string {
	switch {
	case least == 0 && most == 0:
		return ""
	case most == 0:
		return fmt.Sprintf("at least %d", least)
	case least == 0:
		return fmt.Sprintf("at most %d", most)
	case least == most:
		return fmt.Sprint(least)
	}
	return fmt.Sprintf("%d to %d", least, most)
}

func version(v int64) string {
	return when(v != 0, fmt.Sprintf("version %d", v))
}

func when(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}

// list joins the texts that are not empty.
func list(texts []string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), ", ")
}
