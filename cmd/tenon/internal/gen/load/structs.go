package load

import (
	"go/types"
	"reflect"
	"strconv"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// namedStruct makes typ a message.
func (l *loader) namedStruct(typ *model.Type, t *types.Named, s *types.Struct, pl *place) {
	in, d := l.inside(t, pl), l.all.find(t.Obj())
	in.was = l.wasNames(d)
	m := &model.Message{Doc: docText(d.doc), Pos: l.pos(t.Obj()), File: in.file, Go: typ.Go}
	l.message(typ, m)
	m.Name, m.Was = l.protoName(t, d)
	m.Func = l.baseName(t, d, m.Name)
	typ.Comparable = isComparable(t)
	m.Fields = l.fields(s, l.text(t), in, "")
}

// anonymous is the message of a struct without a name, which is called after
// the place where it is.
func (l *loader) anonymous(t *types.Struct, pl *place) *model.Type {
	typ := &model.Type{Go: t, Comparable: isComparable(t)}
	m := &model.Message{Pos: pl.pos, File: pl.file, Go: t, Was: pl.was}
	l.message(typ, m)
	m.Name = l.invent(pl.name, claim{what: "the struct " + pl.short, pos: pl.pos})
	m.Doc = m.Name + " is the struct " + pl.short + "."
	m.Func = l.base(m.Name)
	m.Fields = l.fields(t, m.Name, &place{pos: pl.pos, file: pl.file, name: m.Name, was: pl.was, from: pl}, "")
	return typ
}

func (l *loader) message(typ *model.Type, m *model.Message) {
	typ.Kind, typ.Message = model.Struct, m
	l.out.Messages = append(l.out.Messages, m)
}

// fields are those of a struct that cross. Owner is what it is called in
// messages, in the place of its fields, and skip one that is left out.
func (l *loader) fields(s *types.Struct, owner string, in *place, skip string) []*model.Field {
	var list []*model.Field
	for i := range s.NumFields() {
		v := s.Field(i)
		if v.Name() == "_" || v.Name() == skip {
			continue
		}
		before := len(l.problems.All)
		if f := l.field(v, s.Tag(i), owner, in); f != nil {
			list = append(list, f)
		}
		if len(l.problems.All) > before && !l.editable(v) {
			break // one is enough of what the author can't change
		}
	}
	l.checkFields(list, owner)
	return list
}

// field is one field of a struct, nil if it doesn't cross.
func (l *loader) field(v *types.Var, rawTag, owner string, in *place) *model.Field {
	pl := &place{pos: in.pos, what: "field " + owner + "." + v.Name(), short: v.Name() + " of " + owner, name: in.name + title(v.Name()), file: in.file, from: in.from}
	if l.editable(v) {
		pl.pos = l.pos(v)
	}
	if pl.from == nil {
		pl.from = in
	}
	tag := l.tag(rawTag, pl)
	pl.was = formerFields(in, v.Name(), tag.wasGo)
	if tag.skip {
		return nil
	}
	if !v.Exported() && !l.embedsOwn(v) {
		hint := "export it, or leave it out with the tag `tenon:\"-\"`"
		if !l.editable(v) {
			hint = "use a type of your own with exported fields, or leave out what holds it with the tag `tenon:\"-\"`"
		}
		l.refuse(pl, hint, "is not exported, so that its value would be lost on the way")
		return nil
	}
	d := l.all.find(v)
	f := &model.Field{Name: tag.name, GoName: v.Name(), Number: tag.number, Fixed: tag.number != 0, Was: tag.was,
		Doc: docText(d.doc), Note: noteText(d.note), Pos: l.pos(v)}
	if f.Name == "" {
		f.Name = l.fieldName(v.Name(), pl)
	}
	if _, ok := streamOf(v.Type()); ok {
		l.refuse(pl, "make it a parameter or a result of the method", "is a stream inside of something else: only a parameter or result itself can be a stream")
		return nil
	}
	f.Type = l.typeOf(v.Type(), pl)
	return f
}

// formerFields are what a function or struct in a field was called before its
// owner or the field was renamed.
func formerFields(in *place, name string, was []string) []string {
	var list []string
	for _, owner := range append([]string{in.name}, in.was...) {
		for _, old := range append([]string{name}, was...) {
			list = append(list, owner+title(old))
		}
	}
	return list[1:]
}

// embedsOwn reports whether v is an embedded struct of the package, whose name
// needs not be exported.
func (l *loader) embedsOwn(v *types.Var) bool {
	t := v.Type()
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	_, ok := t.Underlying().(*types.Struct)
	return v.Embedded() && ok && v.Pkg() == l.src.types
}

// fieldName is the name of a field in the .proto.
func (l *loader) fieldName(goName string, pl *place) string {
	name := snake(goName)
	if !isIdent(name) {
		l.refuse(pl, "give it another with the tag `tenon:\"name=x\"`", "has a name that protobuf doesn't allow: letters of English, digits and _")
		return "invalid"
	}
	return name
}

// checkFields finds names and numbers that occur twice.
func (l *loader) checkFields(list []*model.Field, owner string) {
	names, numbers := map[string]*model.Field{}, map[int32]*model.Field{}
	for _, f := range list {
		if other := names[jsonKey(f.Name)]; other != nil {
			l.problem(f.Pos, "give one of them another with the tag `tenon:\"name=x\"`", "fields %s and %s of %s have the same name in the .proto or in JSON, %s", other.GoName, f.GoName, owner, f.Name)
		}
		names[jsonKey(f.Name)] = f
		if other := numbers[f.Number]; other != nil && f.Fixed {
			l.problem(f.Pos, "give one of them another", "fields %s and %s of %s have the same number, %d", other.GoName, f.GoName, owner, f.Number)
		}
		numbers[f.Number] = f
	}
}

// A fieldTag is what a struct tag says: `tenon:"name=x,number=7,was=old"`.
type fieldTag struct {
	skip   bool
	name   string
	number int32
	was    []string // as protobuf has them
	wasGo  []string // as they are written
}

var tagKeys = map[string]bool{"name": true, "number": true, "was": true}

// tag reads a struct tag. Its problems are noted at the field.
func (l *loader) tag(raw string, pl *place) fieldTag {
	text, ok := reflect.StructTag(raw).Lookup("tenon")
	if !ok {
		if strings.Contains(raw, "tenon:") && !strings.Contains(raw, `"tenon:`) {
			l.refuse(pl, "write it as `tenon:\"name=x\"`", "has a malformed tag `%s`", raw)
		}
		return fieldTag{}
	}
	if text == "-" {
		return fieldTag{skip: true}
	}
	var tag fieldTag
	for _, part := range strings.Split(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "name":
			tag.name = value
		case "was":
			tag.was, tag.wasGo = append(tag.was, snake(value)), append(tag.wasGo, value)
		case "number":
			tag.number = l.tagNumber(value, pl)
		default:
			l.refuse(pl, suggest("", key, tagKeys), "has an unknown key %q in its tenon tag", key)
			continue
		}
		if key != "number" && !isIdent(value) {
			l.refuse(pl, "use letters of English, digits and _", "has %s=%q in its tenon tag, which is not a name that protobuf allows", key, value)
			tag.name = ""
		}
	}
	return tag
}

func (l *loader) tagNumber(value string, pl *place) int32 {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n >= 1<<29 || n >= 19000 && n < 20000 {
		l.refuse(pl, "use one from 1 to 536870911, but none from 19000 to 19999, which protobuf keeps for itself", "has the number %q in its tenon tag", value)
		return 0
	}
	return int32(n)
}
