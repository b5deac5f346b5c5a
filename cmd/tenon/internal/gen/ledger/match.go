package ledger

import (
	"slices"
	"strings"
)

// pairs says what each part of the new schema was in the old one. What is not in
// it is new.
type pairs struct {
	old, next *schema
	services  map[*service]*service
	methods   map[*method]*method
	messages  map[*message]*message
	fields    map[*field]*field
	enums     map[*enum]*enum
	values    map[*value]*value

	looked  map[*message]bool // by byType
	unknown map[*named]bool   // has a former name that nothing had
}

// match pairs by names, by former names that directives give, and, for what has
// no name of its own in Go or was renamed without saying so, by the place where
// it is used. Names of messages are not sent, so this is safe: what is paired is
// compared, part by part.
func match(old, next *schema) *pairs {
	p := &pairs{
		old: old, next: next,
		services: pair(old.services, next.services, ofService),
		methods:  map[*method]*method{},
		messages: map[*message]*message{},
		fields:   map[*field]*field{},
		enums:    map[*enum]*enum{},
		values:   map[*value]*value{},
		looked:   map[*message]bool{},
		unknown:  map[*named]bool{},
	}
	for _, s := range next.services {
		if was := p.services[s]; was != nil {
			p.addMethods(s, was)
		}
	}
	messages := pair(old.messages, next.messages, ofMessage)
	for _, m := range next.messages {
		if was := messages[m]; was != nil {
			p.addMessage(m, was)
		}
	}
	enums := pair(old.enums, next.enums, ofEnum)
	for _, e := range next.enums {
		if was := enums[e]; was != nil {
			p.addEnum(e, was)
		}
	}
	for p.byUse() || p.byType() {
	}
	return p
}

// pair returns what each of next was in old, by its name, or by a former one that
// a directive gives. Directives stay in the source after they have done their
// work, so one counts only if nothing else has the name that it gives; of several
// the last does.
func pair[T comparable](old, next []T, name func(T) *named) map[T]T {
	var none T
	found, claimed := map[T]T{}, map[T]bool{}
	claim := func(n T, former string) {
		if o := find(old, name, former); o != none && found[n] == none && !claimed[o] {
			found[n], claimed[o] = o, true
		}
	}
	for _, n := range next {
		claim(n, name(n).name)
	}
	for _, n := range next {
		for _, former := range slices.Backward(name(n).was) {
			claim(n, former)
		}
	}
	return found
}

func (p *pairs) addMethods(s, was *service) {
	found := pair(was.methods, s.methods, ofMethod)
	for _, m := range s.methods {
		if before := found[m]; before != nil {
			p.methods[m] = before
			p.use(m.in, before.in)
			p.use(m.out, before.out)
		}
	}
}

// use pairs two messages that are used in the same place.
func (p *pairs) use(name, before string) {
	m, was := find(p.next.messages, ofMessage, name), find(p.old.messages, ofMessage, before)
	if m != nil && was != nil && p.messages[m] == nil {
		p.addMessage(m, was)
	}
}

func (p *pairs) addMessage(m, was *message) {
	if p.messages[m] != nil {
		return
	}
	p.messages[m] = was
	found := pair(was.fields, m.fields, ofField)
	p.byNumber(m, was, found)
	for f, before := range found {
		p.fields[f] = before
	}
}

// byNumber adds fields whose tag says that they have the number of one that is
// gone otherwise: they were renamed.
func (p *pairs) byNumber(m, was *message, found map[*field]*field) {
	claimed := map[*field]bool{}
	for _, before := range found {
		claimed[before] = true
	}
	for _, f := range m.fields {
		if !f.fixed || found[f] != nil {
			continue
		}
		for _, before := range was.fields {
			if before.number == f.number && !claimed[before] && before.typ == f.typ && before.label == f.label {
				found[f], claimed[before] = before, true
			}
		}
	}
}

func (p *pairs) addEnum(e, was *enum) {
	p.enums[e] = was
	for v, before := range pair(was.values, e.values, ofValue) {
		p.values[v] = before
	}
}

// byUse pairs what fields that are paired have, where neither has a partner, and
// reports whether it found any.
func (p *pairs) byUse() bool {
	found := false
	for _, m := range p.next.messages {
		if p.messages[m] == nil {
			continue
		}
		for _, f := range m.fields {
			if before := p.fields[f]; before != nil {
				found = p.messageOf(f, before) || p.enumOf(f, before) || p.serviceOf(f, before) || found
			}
		}
	}
	return found
}

func (p *pairs) messageOf(f, before *field) bool {
	m, was := find(p.next.messages, ofMessage, f.typ), find(p.old.messages, ofMessage, before.typ)
	if m == nil || was == nil || p.messages[m] != nil || isPartner(p.messages, was) || !extends(m, was) {
		return false
	}
	p.addMessage(m, was)
	return true
}

func (p *pairs) enumOf(f, before *field) bool {
	e, was := find(p.next.enums, ofEnum, f.typ), find(p.old.enums, ofEnum, before.typ)
	if e == nil || was == nil || p.enums[e] != nil || isPartner(p.enums, was) {
		return false
	}
	for _, v := range was.values {
		if !slices.ContainsFunc(e.values, func(w *value) bool { return w.number == v.number }) {
			return false
		}
	}
	p.addEnum(e, was)
	return true
}

// serviceOf pairs contracts that refs have. Their names are not sent; that of a
// function is made of its parameter's.
func (p *pairs) serviceOf(f, before *field) bool {
	s, was := find(p.next.services, ofService, f.contract), find(p.old.services, ofService, before.contract)
	if s == nil || was == nil || s.marked || p.services[s] != nil || isPartner(p.services, was) {
		return false
	}
	for _, m := range was.methods {
		if find(s.methods, ofMethod, m.name) == nil {
			return false
		}
	}
	p.services[s] = was
	p.addMethods(s, was)
	return true
}

func isPartner[T comparable](pairs map[T]T, old T) bool {
	for _, was := range pairs {
		if was == old {
			return true
		}
	}
	return false
}

// extends says whether m has all that was has, as a struct has that was only
// renamed.
func extends(m, was *message) bool {
	for _, f := range was.fields {
		now := find(m.fields, ofField, f.name)
		if now == nil || now.label != f.label || now.key != f.key {
			return false
		}
		if now.typ != f.typ && (isScalar(now.typ) || isScalar(f.typ)) {
			return false
		}
	}
	return true
}

func isScalar(typ string) bool {
	return typ != "" && strings.Contains(" bool int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64 float double string bytes ", " "+typ+" ")
}
