package load

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

var kinds = [...]string{"invalid", "bool", "int", "uint", "float", "complex", "string", "bytes", "bytearray", "enum", "struct", "pointer",
	"slice", "array", "map", "wrapped", "time", "duration", "text", "binary", "proto", "error", "io", "ref"}

// typeText is all that a type says, on one line.
func typeText(t *model.Type) string {
	if t == nil {
		return "-"
	}
	text := kinds[t.Kind]
	switch t.Kind {
	case model.Int, model.Uint, model.Float, model.Complex:
		text += fmt.Sprint(t.Bits)
	case model.ByteArray:
		text += fmt.Sprint(t.Len)
	case model.EnumKind:
		text += " " + t.Enum.Name
	case model.Struct:
		text += " " + t.Message.Name
	case model.Ref:
		text += " " + t.Interface.Full
	case model.IO:
		text += " " + t.IO
	case model.Proto:
		text += " " + t.ProtoName + " of " + t.ProtoImport
	case model.Pointer, model.Slice:
		text += "(" + typeText(t.Elem) + ")"
	case model.Array:
		text += fmt.Sprintf("%d(%s)", t.Len, typeText(t.Elem))
	case model.Wrapped:
		text += " " + t.Message.Name + "(" + shallow(t.Elem) + ")"
	case model.Map:
		text += "(" + typeText(t.Key) + " -> " + typeText(t.Elem) + ")"
		if t.Message != nil {
			text += " in " + t.Message.Name
		}
	}
	for _, flag := range []struct {
		on   bool
		name string
	}{{t.Append, "append"}, {t.Addr, "addr"}, {t.Comparable, "comparable"}} {
		if flag.on {
			text += " " + flag.name
		}
	}
	if len(t.Consts) > 0 {
		text += fmt.Sprint(" ", t.Consts)
	}
	return text
}

// shallow stops where a type may contain itself.
func shallow(t *model.Type) string {
	if t.Elem != nil && t.Elem.Kind == model.Wrapped {
		return kinds[t.Kind] + "(" + t.Elem.Message.Name + ")"
	}
	return typeText(t)
}

func fieldText(f *model.Field) string {
	text := f.Name + " " + typeText(f.Type)
	if f.GoName != "" {
		text = f.GoName + ": " + text
	}
	if f.Fixed {
		text += fmt.Sprintf(" = %d", f.Number)
	}
	if f.Kept {
		text += " kept"
	}
	if len(f.Was) > 0 {
		text += fmt.Sprintf(" was %q", f.Was)
	}
	if f.Doc != "" {
		text += fmt.Sprintf(" doc %q", f.Doc)
	}
	if f.Note != "" {
		text += fmt.Sprintf(" // %s", f.Note)
	}
	return text
}

type dumper struct{ strings.Builder }

func (d *dumper) line(indent int, format string, args ...any) {
	d.WriteString(strings.TrimRight(strings.Repeat("  ", indent)+fmt.Sprintf(format, args...), " ") + "\n")
}

func (d *dumper) message(indent int, m *model.Message) {
	d.line(indent, "%s %s%s", m.Name, flagText(map[string]bool{"recursive": m.Recursive, "refs": m.Refs, "ctx": m.Ctx, "wrapper": m.Wrapper, "entry": m.Entry}), wasText(m.Was))
	for _, f := range m.Fields {
		d.line(indent+1, "%s", fieldText(f))
	}
}

func flagText(flags map[string]bool) string {
	text := ""
	for _, name := range []string{"marked", "func", "ref", "foreign", "fake", "bound", "closer", "context", "error", "variadic", "optional", "idempotent", "recursive", "refs", "ctx", "wrapper", "entry"} {
		if flags[name] {
			text += " " + name
		}
	}
	return strings.TrimSpace(text)
}

func wasText(was []string) string {
	if len(was) == 0 {
		return ""
	}
	return fmt.Sprintf(" was %q", was)
}

var shapes = [...]string{"", " shape=Read", " shape=ReadAt", " shape=Write"}

func (d *dumper) method(m *model.Method) {
	part, timeout := "", ""
	if m.Part != nil {
		part = " of " + m.Part.Name
	}
	if m.Timeout > 0 {
		timeout = " timeout " + m.Timeout.String()
	}
	d.line(1, "%s(%s)%s%s%s%s", m.Name, m.Wire, part, shapes[m.Shape], timeout, " "+flagText(map[string]bool{"context": m.Context, "error": m.Error, "variadic": m.Variadic, "optional": m.Optional, "idempotent": m.Idempotent}))
	d.message(2, m.Request)
	d.stream("in", m.In)
	d.message(2, m.Response)
	d.stream("out", m.Out)
}

func (d *dumper) stream(label string, s *model.Stream) {
	if s == nil {
		return
	}
	name := func(f *model.Field) string {
		if f == nil {
			return "-"
		}
		return f.Name
	}
	d.line(3, "stream %s: kind %d key %s elem %s err %s head %t", label, s.Kind, name(s.Key), name(s.Elem), name(s.Err), s.Head)
}

// dump is a model as text, for golden files.
func dump(p *model.Package) string {
	d := new(dumper)
	d.line(0, "package %s in %s version %d imports %v", p.Proto, p.ProtoFile, p.Version, p.Imports)
	for _, it := range p.Interfaces {
		d.line(0, "%s %s in %s (%s)%s", it.Name, it.Full, it.File, flagText(map[string]bool{
			"marked": it.Marked, "func": it.Func, "ref": it.Ref, "foreign": it.Foreign, "fake": it.Fake, "bound": it.Bound, "closer": it.Closer != nil}), wasText(it.Was))
		for _, part := range it.Parts {
			d.line(1, "part %s", part.Name)
		}
		for _, m := range it.Methods {
			d.method(m)
		}
	}
	for _, m := range p.Messages {
		d.message(0, m)
	}
	for _, e := range p.Enums {
		d.line(0, "enum %s made %t%s", e.Name, e.Made, wasText(e.Was))
		for _, v := range e.Values {
			d.line(1, "%s = %d %s %s // %s", v.Name, v.Number, v.GoName, v.Doc, v.Note)
		}
	}
	for _, e := range p.Errors {
		d.line(0, "error %s pointer %t cause %q%s", e.Name, e.Pointer, e.Cause, wasText(e.Was))
		if e.Message != nil {
			d.message(1, e.Message)
		}
	}
	for _, w := range p.Warnings {
		loud := ""
		if w.Loud {
			loud = "loud "
		}
		d.line(0, loud+"warning %s:%d: %s", filepath.Base(w.Pos.Filename), w.Pos.Line, w.Text)
	}
	return d.String()
}
