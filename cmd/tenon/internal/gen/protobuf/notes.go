package protobuf

import (
	"cmp"
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// What follows is for people: nothing is read back from comments.

// typeNote says in words what the protobuf type of a field doesn't.
func typeNote(t *model.Type, d Decl) string {
	var notes []string
	if d.Length != nil {
		notes = append(notes, fmt.Sprintf("at most %d", *d.Length))
	}
	if t.Kind == model.Map && t.Message == nil {
		notes = append(notes, prefixed("keys: ", valueNote(t.Key)))
	}
	for t.Kind == model.Pointer || t.Kind == model.Slice || t.Kind == model.Array || t.Kind == model.Map && t.Message == nil {
		t = t.Elem
	}
	notes = append(notes, valueNote(t))
	if d.Size != nil {
		notes = append(notes, fmt.Sprintf("%d bytes", *d.Size))
	}
	return strings.Join(slices.DeleteFunc(notes, func(s string) bool { return s == "" }), "; ")
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func valueNote(t *model.Type) string {
	if len(t.Consts) > 0 {
		return strings.Join(t.Consts, ", ")
	}
	switch t.Kind {
	case model.Int:
		if t.Bits == 8 || t.Bits == 16 {
			return fmt.Sprintf("%d to %d", -1<<(t.Bits-1), 1<<(t.Bits-1)-1)
		}
	case model.Uint:
		if t.Bits == 8 || t.Bits == 16 {
			return fmt.Sprintf("0 to %d", 1<<t.Bits-1)
		}
	case model.Bytes:
		if goName(t.Go) == "json.RawMessage" {
			return "JSON"
		}
	case model.Text:
		return prefixed("the text of a ", goName(t.Go))
	case model.Binary:
		return prefixed("the binary form of a ", goName(t.Go))
	}
	return ""
}

// goName returns the name of a Go type with its package's, "" if it has none.
func goName(t types.Type) string {
	if t == nil {
		return ""
	}
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	named, ok := t.(interface{ Obj() *types.TypeName })
	if !ok {
		return ""
	}
	if pkg := named.Obj().Pkg(); pkg != nil {
		return pkg.Name() + "." + named.Obj().Name()
	}
	return named.Obj().Name()
}

// streamNote says what the messages of a stream carry.
func streamNote(m *model.Message, s *model.Stream) []string {
	if s == nil {
		return nil
	}
	elem := names(s.Key, s.Elem)
	if s.Err != nil {
		elem += ", or " + s.Err.Name + ", which ends it"
	}
	if !s.Head {
		return []string{"A stream of these: each has " + elem + "."}
	}
	var head []*model.Field
	for _, f := range m.Fields {
		if f != s.Key && f != s.Elem && f != s.Err {
			head = append(head, f)
		}
	}
	return []string{"A stream of these: the first has " + cmp.Or(names(head...), "nothing") + ", each other " + elem + "."}
}

// names lists the names of fields: "a", "a and b", "a, b and c".
func names(fields ...*model.Field) string {
	var all []string
	for _, f := range fields {
		if f != nil {
			all = append(all, f.Name)
		}
	}
	switch n := len(all); n {
	case 0:
		return ""
	case 1:
		return all[0]
	default:
		return strings.Join(all[:n-1], ", ") + " and " + all[n-1]
	}
}

// errorNote says that a message is what an error has.
func errorNote(err *model.Error) []string {
	note := "It is the error \"" + err.Name + "\""
	if err.Cause != "" {
		note += "; what it wraps is sent beside it"
	}
	return []string{note + "."}
}
