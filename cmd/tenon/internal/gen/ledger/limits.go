package ledger

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A difference is one of what two fields allow that have the same type on the
// wire, or a wider one.
type difference struct {
	text   string // "is of 8 bits, and was of 16"
	breaks string // what peers built before send; empty if all that they send fits
}

// limits reports such differences. Less than before breaks, as peers built before
// send what is not accepted then; more than before is like a wider type.
func (c *comparison) limits(name string, m *message, f, was *field) {
	for _, d := range c.differences(f, was) {
		switch {
		case d.breaks == "":
			c.changed(f.pos, "%s %s", name, d.text)
		case m.made && !c.stays(c.messages[m], map[*message]bool{}):
			c.changed(f.pos, "%s %s, where it is still used", name, d.text)
		default:
			c.breaks(f.pos, "keep it as it was, and add another", "%s %s: peers built before send %s", name, d.text, d.breaks)
		}
	}
}

// stays reports whether all that used a message which stands for a list or map
// uses it still. Where slices and arrays shared it, and some are gone, what is
// left may allow less without a change of its own.
func (c *comparison) stays(was *message, seen map[*message]bool) bool {
	if seen[was] {
		return true
	}
	seen[was] = true
	for _, user := range c.old.messages {
		for _, before := range user.fields {
			if before.typ == was.name && !c.staysIn(user, before, was, seen) {
				return false
			}
		}
	}
	return true
}

// staysIn is the same of one field that used it.
func (c *comparison) staysIn(user *message, before *field, was *message, seen map[*message]bool) bool {
	for _, m := range c.next.messages {
		if c.messages[m] != user {
			continue
		}
		at := slices.IndexFunc(m.fields, func(f *field) bool { return c.fields[f] == before })
		if at >= 0 && c.messages[find(c.next.messages, ofMessage, m.fields[at].typ)] == was {
			return !m.made || c.stays(user, seen)
		}
	}
	return false
}

// narrower reports whether something that was sent before does not fit any more.
func (c *comparison) narrower(f, was *field) bool {
	return slices.ContainsFunc(c.differences(f, was), func(d difference) bool { return d.breaks != "" })
}

func (c *comparison) differences(f, was *field) (all []difference) {
	now, before := f.limits, was.limits
	all = append(all, c.ofWidth(f, was)...)
	if f.typ == was.typ {
		all = append(all, c.ofFormat(f, was)...)
	}
	if f.key == was.key {
		all = append(all, ofBits("has keys of", width(f.key, now.KeyBits), "and had ones of", width(f.key, before.KeyBits))...)
	}
	all = append(all, ofLength(now.Length, before.Length)...)
	return append(all, ofSize(now.Size, before.Size)...)
}

// ofWidth compares the integers that two fields have, or their enums: peers send
// numbers of those that have no constant, too.
func (c *comparison) ofWidth(f, was *field) []difference {
	isEnum, wasEnum := find(c.next.enums, ofEnum, f.typ) != nil, find(c.old.enums, ofEnum, was.typ) != nil
	if f.typ != was.typ && !isEnum && !wasEnum {
		return nil // wider, or it is refused
	}
	typ := func(enum bool, typ string) string { return cond(enum, "int32", typ) }
	now, before := width(typ(isEnum, f.typ), f.limits.Bits), width(typ(wasEnum, was.typ), was.limits.Bits)
	if now > before && isEnum != wasEnum {
		return nil // that it has another type now says so
	}
	if now == before && f.unsigned() && was.typ == "int32" {
		return []difference{{text: "is unsigned, and was not", breaks: "numbers below zero"}}
	}
	return ofBits("is of", now, "and was of", before)
}

// unsigned reports whether the author's type of a value, or an element, is.
func (f *field) unsigned() bool {
	if f.model == nil || f.model.Type == nil {
		return false
	}
	t := f.model.Type
	for t.Elem != nil && t.Kind != model.Wrapped { // a wrapper has a field of its own, and may hold itself
		t = t.Elem
	}
	if t.Go == nil {
		return false
	}
	b, ok := t.Go.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsUnsigned != 0
}

// width returns how many bits an integer has.
func width(typ string, bits int) int {
	switch {
	case bits != 0:
		return bits
	case strings.HasSuffix(typ, "32"):
		return 32
	}
	return 64
}

func ofBits(is string, now int, was string, before int) []difference {
	if now == before {
		return nil
	}
	return []difference{{
		text:   fmt.Sprintf("%s %d bits, %s %d", is, now, was, before),
		breaks: cond(now < before, "numbers that don't fit", ""),
	}}
}

// ofFormat compares the Go types that read a string or bytes. A type of the
// package that is not there any more may have got another name; what it reads is
// not known here.
func (c *comparison) ofFormat(f, was *field) []difference {
	now, before := f.limits.Format, was.limits.Format
	if now == before {
		return nil
	}
	name := func(format, typ string) string { return cond(format != "", format, "plain "+typ) }
	fits := now == "" || before != "" && !c.next.declared(before)
	return []difference{{
		text:   fmt.Sprintf("is %s, and was %s", name(now, f.typ), name(before, was.typ)),
		breaks: cond(fits, "", "what that may not read"),
	}}
}

// ofLength compares the lengths of arrays: fewer elements than it has may arrive.
func ofLength(now, before *int64) []difference {
	if same(now, before) {
		return nil
	}
	most := func(n *int64) string { return cond(n == nil, "any number of", "at most "+number(n)) + " elements" }
	return []difference{{
		text:   fmt.Sprintf("has %s, and had %s", most(now), most(before)),
		breaks: cond(now != nil && (before == nil || *now < *before), "more", ""),
	}}
}

// ofSize compares the sizes of arrays of bytes: all of it has to arrive.
func ofSize(now, before *int64) []difference {
	if same(now, before) {
		return nil
	}
	size := func(n *int64) string { return cond(n == nil, "any number of", number(n)) + " bytes" }
	return []difference{{
		text:   fmt.Sprintf("has %s, and had %s", size(now), size(before)),
		breaks: cond(now != nil, "another number of them", ""),
	}}
}

func same(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}
