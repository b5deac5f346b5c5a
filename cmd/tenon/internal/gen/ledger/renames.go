package ledger

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A guess is what the types of fields that went and of fields that came in the
// same run leave open: whether some are the same under another name. All are of
// one type.
type guess struct{ lost, gained []*field }

// byType pairs what went with what came in messages of calls, as far as that is
// clear: a parameter that has another name is still the same argument. It reports
// whether there was a message to look at.
func (p *pairs) byType() bool {
	found := false
	for _, m := range p.next.messages {
		if was := p.messages[m]; was != nil && m.call && !p.looked[m] {
			p.looked[m], found = true, true
			p.byPlace(m, was)
			p.onlyOnes(m, was)
		}
	}
	return found
}

// generated are the names of parameters and results that have none in Go.
var generated = regexp.MustCompile(`^(result[0-9]*|arg[0-9]+)$`)

// byPlace pairs fields of the same type in the same place, where one of them has
// no name in Go.
func (p *pairs) byPlace(m, was *message) {
	lost := p.lost(m, was)
	for i, f := range m.fields {
		if i >= len(was.fields) || p.fields[f] != nil || len(f.was) > 0 || !slices.Contains(lost, was.fields[i]) {
			continue
		}
		before := was.fields[i]
		if (generated.MatchString(f.name) || generated.MatchString(before.name)) && p.sameKind(f, before) {
			p.fields[f] = before
		}
	}
}

// onlyOnes pairs a field that went and one that came if no others have the type.
func (p *pairs) onlyOnes(m, was *message) {
	for _, g := range p.guesses(m, was) {
		if len(g.lost) == 1 && len(g.gained) == 1 && len(g.gained[0].was) == 0 {
			p.fields[g.gained[0]] = g.lost[0]
		}
	}
}

// guesses groups by their type what went and what came. A field whose number a tag
// fixes is what the tag says.
func (p *pairs) guesses(m, was *message) (all []*guess) {
	lost := p.lost(m, was)
	for _, f := range m.fields {
		if p.fields[f] != nil || f.fixed {
			continue
		}
		at := slices.IndexFunc(all, func(g *guess) bool { return p.sameKind(f, g.lost[0]) })
		if at >= 0 {
			all[at].gained = append(all[at].gained, f)
			continue
		}
		same := slices.DeleteFunc(slices.Clone(lost), func(o *field) bool { return !p.sameKind(f, o) })
		if len(same) > 0 {
			all = append(all, &guess{lost: same, gained: []*field{f}})
		}
	}
	return all
}

// lost are the fields that m doesn't have any more.
func (p *pairs) lost(m, was *message) []*field {
	kept := map[*field]bool{}
	for _, f := range m.fields {
		kept[p.fields[f]] = true
	}
	return slices.DeleteFunc(slices.Clone(was.fields), func(o *field) bool { return kept[o] })
}

// sameKind says whether two fields have the same type: one of the same name, or
// one that is named after them, and has the same content.
func (p *pairs) sameKind(f, was *field) bool {
	return f.label == was.label && f.key == was.key && f.limits.Equal(was.limits) &&
		f.io == was.io && p.sameName(f.typ, was.typ) && p.sameRef(f.contract, was.contract)
}

func (p *pairs) sameName(typ, before string) bool {
	m, was := find(p.next.messages, ofMessage, typ), find(p.old.messages, ofMessage, before)
	if m == nil || was == nil {
		return typ == before
	}
	if p.messages[m] != nil || isPartner(p.messages, was) {
		return p.messages[m] == was
	}
	return len(m.fields) == len(was.fields) && extends(m, was)
}

// sameRef is the same of contracts: a function is called after its parameter.
func (p *pairs) sameRef(contract, before string) bool {
	s, was := find(p.next.services, ofService, contract), find(p.old.services, ofService, before)
	if s == nil || was == nil {
		return contract == before
	}
	if p.services[s] != nil || isPartner(p.services, was) {
		return p.services[s] == was
	}
	return !s.marked && slices.Equal(p.next.signatures(s), p.old.signatures(was))
}

// signatures are the methods of a service, without the names of what they carry.
func (s *schema) signatures(of *service) (all []string) {
	for _, m := range of.methods {
		text := m.name
		for _, name := range []string{m.in, m.out} {
			text += "|"
			if msg := find(s.messages, ofMessage, name); msg != nil {
				for _, f := range msg.fields {
					text += " " + cond(f.contract == "" && isScalar(f.typ), f.kind(), "")
				}
			}
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

// refuseGuesses asks the author what is meant: if a field that has another name
// now is taken for a new one, what peers built before send in it is lost.
func (p *pairs) refuseGuesses(problems *model.Problems) {
	for _, m := range p.next.messages {
		if was := p.messages[m]; was != nil && !m.made {
			for _, g := range p.guesses(m, was) {
				if !slices.ContainsFunc(g.gained, func(f *field) bool { return p.unknown[&f.named] }) {
					g.refuse(m, problems)
				}
			}
		}
	}
}

func (g *guess) refuse(m *message, problems *model.Problems) {
	gained, lost := titles(g.gained), names(g.lost)
	hint := "if it was renamed, tag it `tenon:\"was=" + lost[0] + "\"`; if it is another field, remove " + list(lost) + " and run tenon gen, then add it"
	if m.call {
		hint = "say what was renamed with //tenon:rename old new above the method; or make the changes one by one, and run tenon gen after each"
	}
	problems.Add(g.gained[0].pos, hint, "%s of %s %s new, and %s of the same type %s gone: if that is a new name, what peers built before send there would be lost",
		list(gained), m.name, cond(len(gained) == 1, "is", "are"), list(lost), cond(len(lost) == 1, "is", "are"))
}

func titles(fields []*field) (all []string) {
	for _, f := range fields {
		all = append(all, f.title())
	}
	return all
}

func names(fields []*field) (all []string) {
	for _, f := range fields {
		all = append(all, f.name)
	}
	return all
}

// list is "a", "a and b" or "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	end := len(words) - 1
	return strings.Join(words[:end], ", ") + " and " + words[end]
}
