package ledger

import (
	"fmt"
	"go/token"
	"slices"
)

// A comparison collects the differences of two schemas that are paired.
type comparison struct {
	*pairs
	found findings
	alike map[[2]*message]bool // being compared by their shape, or found the same
}

// compare returns what is different, and which of it breaks peers that were built
// with the old schema. Of what is gone the place is that of what it was in.
func (p *pairs) compare() findings {
	c := &comparison{pairs: p, alike: map[[2]*message]bool{}}
	c.pkg()
	c.compareServices()
	for _, m := range p.next.messages {
		if was := p.messages[m]; was != nil {
			c.message(m, was)
		}
	}
	for _, e := range p.next.enums {
		if was := p.enums[e]; was != nil {
			c.enum(e, was)
		}
	}
	c.compareErrors()
	return c.found
}

func (c *comparison) breaks(pos token.Position, hint, format string, args ...any) {
	c.found = append(c.found, finding{pos: pos, text: fmt.Sprintf(format, args...), hint: hint, breaking: true})
}

func (c *comparison) changed(pos token.Position, format string, args ...any) {
	c.found = append(c.found, finding{pos: pos, text: fmt.Sprintf(format, args...)})
}

func (c *comparison) pkg() {
	if c.old.pkg != c.next.pkg {
		c.breaks(c.old.pos, "stay compatible with //tenon:package "+c.old.pkg+" above the package clause",
			"the protobuf package is %s, and was %s here: peers built before ask for services by the old name, and find none", c.next.pkg, c.old.pkg)
		c.found[len(c.found)-1].first = true
	}
}

// gone returns what of old has no partner.
func gone[T comparable](old []T, pairs map[T]T) []T {
	return slices.DeleteFunc(slices.Clone(old), func(o T) bool { return isPartner(pairs, o) })
}

func (c *comparison) compareServices() {
	var fresh []*named
	for _, s := range c.next.services {
		if c.services[s] == nil && s.marked {
			fresh = append(fresh, &s.named)
		}
	}
	for _, s := range gone(c.old.services, c.services) {
		pos, hint := renamed(&s.named, fresh)
		c.breaks(pos, hint,
			"the contract %s.%s is gone: peers built before ask for it, or call values that fulfil it, and are refused", c.old.pkg, s.name)
	}
	for _, s := range c.next.services {
		was := c.services[s]
		if was == nil {
			c.changed(s.pos, "the contract %s.%s is new", c.next.pkg, s.name)
			continue
		}
		c.serviceName(s, was)
		c.compareMethods(s, was)
	}
}

// renamed is the hint for a name that is gone, and the place: that of the only one
// that is new, if there is one, as what is gone has none in Go.
func renamed(was *named, fresh []*named) (token.Position, string) {
	hint := "keep it until no such peer is left"
	keep := "say //tenon:name " + short(was.name) + " above "
	if len(fresh) == 1 {
		return fresh[0].pos, hint + "; or, if it is called " + short(fresh[0].title()) + " now, " + keep + "that"
	}
	return was.pos, hint + "; or, if it has another name in Go now, " + keep + "it"
}

// serviceName reports a new name. Only what is not reached through a ref is asked
// for by its name.
func (c *comparison) serviceName(s, was *service) {
	switch {
	case s.name == was.name:
	case s.marked:
		c.breaks(s.pos, "keep the name that is sent with //tenon:name "+was.name,
			"the contract %s.%s was %s.%s: peers built before ask for it by that name, and find none", c.next.pkg, s.name, c.old.pkg, was.name)
	default:
		c.changed(s.pos, "the contract %s.%s was %s.%s", c.next.pkg, s.name, c.old.pkg, was.name)
	}
}

func (c *comparison) compareMethods(s, was *service) {
	for _, m := range gone(was.methods, c.methods) {
		name := c.old.pkg + "." + was.name + "." + m.name
		if m.optional {
			c.changed(s.pos, "the optional method %s is gone", name)
			continue
		}
		c.breaks(s.pos, "keep it until no such peer is left, or say //tenon:name "+m.name+" at the method that it has become",
			"the method %s is gone: peers built before call it, and refuse whoever lacks it", name)
	}
	for _, m := range s.methods {
		name := c.next.pkg + "." + s.name + "." + m.name
		before := c.methods[m]
		switch {
		case before != nil:
			c.method(name, m, before)
		case slices.Contains(was.gone, m.name):
			c.breaks(m.pos, "call it otherwise",
				"the method %s is back: peers built before know another one by that name", name)
		case m.optional && c.hadPart(s, m.part):
			c.breaks(m.pos, "make another //tenon:optional interface",
				"the method %s is new in the optional part %s: peers built before that have the part lack it, and don't have the part any more", name, m.part)
		case m.optional:
			c.changed(m.pos, "the optional method %s is new", name)
		default:
			c.breaks(m.pos, "mark it //tenon:optional: a call of a peer that lacks it fails with code Unimplemented, and errors.Is(err, errors.ErrUnsupported) is true",
				"the method %s is new: peers built before lack it, and are refused", name)
		}
	}
}

// hadPart reports whether the optional part of s was there before: whether another
// of its methods was.
func (c *comparison) hadPart(s *service, part string) bool {
	return part != "" && slices.ContainsFunc(s.methods, func(m *method) bool { return m.part == part && c.methods[m] != nil })
}

func (c *comparison) method(name string, m, was *method) {
	if m.name != was.name {
		c.breaks(m.pos, "keep the name that is sent with //tenon:name "+was.name,
			"the method %s was %s: peers built before call it by that name, and find none", name, was.name)
	}
	if was.optional && !m.optional {
		c.breaks(m.pos, "keep //tenon:optional",
			"the method %s is not optional any more: peers built before may lack it, and are refused then", name)
	}
	if m.optional && !was.optional {
		c.changed(m.pos, "the method %s is optional now; peers built before still refuse whoever lacks it", name)
	}
	if was.idempotent && !m.idempotent {
		c.changed(m.pos, "the method %s is not idempotent any more; peers built before may repeat it", name)
	}
	c.stream(name+" is given", m.pos, m.streamIn, was.streamIn, m.headIn, was.headIn)
	c.stream(name+" answers with", m.pos, m.streamOut, was.streamOut, m.headOut, was.headOut)
}

func (c *comparison) stream(what string, pos token.Position, now, was, head, before bool) {
	const hint = "add another method for it"
	switch {
	case now && !was:
		c.breaks(pos, hint, "what %s is a stream now: peers built before know a single message there", what)
	case was && !now:
		c.breaks(pos, hint, "what %s is not a stream any more: peers built before know one there", what)
	case now && head && !before:
		c.breaks(pos, hint, "the stream that %s begins with a message for what is beside it now: peers built before take that for an element", what)
	case now && !head && before:
		c.breaks(pos, hint, "the stream that %s has nothing beside it now: peers built before take its first element for that", what)
	}
}

func (c *comparison) enum(e, was *enum) {
	if e.name != was.name {
		c.changed(e.pos, "the enum %s was %s", e.name, was.name)
	}
	for _, v := range was.values {
		if !slices.ContainsFunc(e.values, func(w *value) bool { return w.number == v.number || w.name == v.name }) {
			c.breaks(e.pos, "keep the constant, and say that it is not used any more",
				"the constant %s = %d of %s is gone: peers built before send it", v.name, v.number, e.name)
		}
	}
	for _, v := range e.values {
		c.value(e, was, v)
	}
}

func (c *comparison) value(e, was *enum, v *value) {
	same := find(was.values, ofValue, v.name)
	at := slices.IndexFunc(was.values, func(w *value) bool { return w.number == v.number })
	switch {
	case same != nil && same.number != v.number:
		c.breaks(v.pos, fmt.Sprintf("give it the value %d again", same.number),
			"the constant %s of %s is %d, and was %d: peers built before know it by that", v.title(), e.name, v.number, same.number)
	case same != nil:
	case at >= 0:
		c.changed(v.pos, "the constant %s of %s was %s", v.name, e.name, was.values[at].name)
	case was.reserved.has(v.number):
		c.breaks(v.pos, "give it another value",
			"the constant %s of %s is %d, which another one was that is gone: peers built before take it for that", v.title(), e.name, v.number)
	default:
		c.changed(v.pos, "the constant %s = %d of %s is new", v.name, v.number, e.name)
	}
}
