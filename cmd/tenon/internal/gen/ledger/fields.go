package ledger

import (
	"fmt"
	"go/types"
	"slices"
)

func (c *comparison) message(m, was *message) {
	if m.name != was.name && isUsedByName(m) {
		c.changed(m.pos, "the message %s was %s", m.name, was.name)
	}
	for _, f := range gone(was.fields, c.fields) {
		c.changed(m.pos, "the field %s = %d of %s is gone, and reserved", f.name, f.number, m.name)
	}
	for _, f := range m.fields {
		before := c.fields[f]
		c.reused(m, was, f, before)
		if before == nil {
			c.changed(f.pos, "the field %s = %d of %s is new", f.name, f.number, m.name)
			continue
		}
		c.field(m, f, before)
	}
}

// isUsedByName says that a change of the name is worth a word: those of lists and
// maps follow from what they hold.
func isUsedByName(m *message) bool { return !m.made }

// reused finds tags with a number that another field had.
func (c *comparison) reused(m, was *message, f, before *field) {
	if !f.fixed || before != nil {
		return
	}
	other := "another field"
	at := slices.IndexFunc(was.fields, func(w *field) bool { return w.number == f.number })
	if at >= 0 {
		other = was.fields[at].name
	}
	if at >= 0 || was.reserved.has(f.number) {
		c.breaks(f.pos, "choose another number",
			"the number %d of %s of %s is that of %s before: peers built before take it for that", f.number, f.title(), m.name, other)
	}
}

func (c *comparison) field(m *message, f, was *field) {
	name := f.title() + " of " + m.name
	if f.number != was.number {
		c.breaks(f.pos, fmt.Sprintf("let it be number=%d", was.number),
			"%s has the number %d, and had %d: peers built before know it by that", name, f.number, was.number)
	}
	if f.name != was.name {
		c.changed(f.pos, "the field %s of %s was %s", f.name, m.name, was.name)
	}
	switch now, before := f.kind(), was.kind(); {
	case !c.compatible(f, was):
		c.breaks(f.pos, "keep it as it was, and add another",
			"%s is %s, and was %s: peers built before misread it", name, f.inGo(now), before)
	case now != before:
		c.changed(f.pos, "%s is %s, and was %s", name, now, before)
		fallthrough
	default:
		c.limits(name, m, f, was)
	}
	c.ref(name, f, was)
}

// ref compares what only refs have.
func (c *comparison) ref(name string, f, was *field) {
	if f.contract == "" || was.contract == "" {
		return
	}
	switch {
	case !c.sameContract(f.contract, was.contract):
		c.breaks(f.pos, "keep "+was.contract+", and add another field",
			"%s stands for %s now, and stood for %s: peers built before call methods that are not there", name, f.contract, was.contract)
	case f.io != was.io && f.io != "" && was.io != "":
		c.breaks(f.pos, "add another parameter or field for it",
			"%s can be asked for %s, and could be for %s: peers built before keep to that", name, f.io, was.io)
	}
	switch {
	case was.kept && !f.kept:
		c.breaks(f.pos, "keep //tenon:keep",
			"%s is lent now, and could be kept after the call: peers built before use it then, and are refused", name)
	case f.kept && !was.kept:
		c.breaks(f.pos, "add another method for it",
			"%s may be kept after the call now, and was lent: what peers built before pass is gone by then", name)
	}
}

func (c *comparison) sameContract(now, before string) bool {
	s, was := find(c.next.services, ofService, now), find(c.old.services, ofService, before)
	if s == nil || was == nil {
		return now == before
	}
	return c.services[s] == was
}

// kind describes a field's type as the .proto has it.
func (f *field) kind() string {
	switch f.label {
	case mapped:
		return "map<" + f.key + ", " + f.typ + ">"
	case repeated:
		return "repeated " + f.typ
	case optional:
		return "optional " + f.typ
	}
	return f.typ
}

// inGo adds the type that the author wrote, if it is called otherwise.
func (f *field) inGo(kind string) string {
	if f.model == nil || f.model.Type == nil || f.model.Type.Go == nil {
		return kind
	}
	written := types.TypeString(f.model.Type.Go, (*types.Package).Name)
	if written == kind {
		return kind
	}
	return kind + " (" + written + " in Go)"
}

// widened are the scalars that may become another: what was sent before means the
// same, and the bytes of what it could hold are the same.
var widened = map[[2]string]bool{
	{"int32", "int64"}:   true,
	{"uint32", "uint64"}: true,
	{"uint32", "int64"}:  true,
}

// compatible says whether a field with the declaration of was may become f. With
// optional or without is the same on the wire; what is repeated never is what is
// not. A message or enum is the same if it is the partner, whatever its name.
func (c *comparison) compatible(f, was *field) bool {
	label := func(f *field) label { return cond(f.label == optional, single, f.label) }
	if label(f) != label(was) {
		return false
	}
	if f.label == mapped && f.key != was.key && !widened[[2]string{was.key, f.key}] {
		return false
	}
	return c.sameType(f.typ, was.typ)
}

func (c *comparison) sameType(now, before string) bool {
	if m, was := find(c.next.messages, ofMessage, now), find(c.old.messages, ofMessage, before); m != nil && was != nil {
		return c.messages[m] == was || m.made && c.sameShape(m, was)
	}
	e, was := find(c.next.enums, ofEnum, now), find(c.old.enums, ofEnum, before)
	switch {
	case e != nil && was != nil:
		return c.enums[e] == was
	case e != nil:
		return before == "int32"
	case was != nil:
		return now == "int32" || now == "int64"
	}
	return now == before || widened[[2]string{before, now}]
}

// sameShape compares messages that stand for lists, maps and their entries: they
// are named after what they hold, so that name changes with it. They may hold
// themselves: what is being compared counts as the same.
func (c *comparison) sameShape(m, was *message) bool {
	if c.alike[[2]*message{m, was}] {
		return true
	}
	c.alike[[2]*message{m, was}] = true
	if len(m.fields) != len(was.fields) {
		return false
	}
	for _, f := range m.fields {
		before := find(was.fields, ofField, f.name)
		if before == nil || before.number != f.number || !c.compatible(f, before) || c.narrower(f, before) {
			return false
		}
	}
	return true
}
