package ledger

import (
	"slices"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/protobuf"
)

// Numbers that protobuf keeps for itself.
const firstKept, lastKept = 19000, 19999

// number gives the fields of the new schema their numbers, and says what must not
// be used again. Of messages and enums that are gone nothing is kept: all fields
// that had them are gone too, and their numbers reserved, so one that comes back
// is never taken for what it was.
func (p *pairs) number(problems *model.Problems) {
	for _, m := range p.next.messages {
		was := p.messages[m]
		if was == nil {
			was = &message{}
		}
		p.ambiguous(m, was, problems)
		p.fixed(m, problems)
		p.carry(m, problems)
		fill(m, was, problems)
		m.reserved = p.reserve(m, was)
	}
	for _, e := range p.next.enums {
		if was := p.enums[e]; was != nil {
			e.reserved = reserveValues(e, was)
		}
	}
	for _, s := range p.next.services {
		if was := p.services[s]; was != nil {
			p.remember(s, was)
		}
	}
}

// remember keeps the names of optional methods that are gone. Peers built before
// may offer them, and are asked by name.
func (p *pairs) remember(s, was *service) {
	s.gone = slices.Clone(was.gone)
	for _, m := range gone(was.methods, p.methods) {
		if m.optional {
			s.gone = append(s.gone, m.name)
		}
	}
	s.gone = slices.DeleteFunc(s.gone, func(name string) bool { return find(s.methods, ofMethod, name) != nil })
	slices.Sort(s.gone)
	s.gone = slices.Compact(s.gone)
}

// ambiguous finds directives that may be left from a rename long ago, or say what
// has just been done: numbers would be mixed up if that were guessed wrong.
func (p *pairs) ambiguous(m, was *message, problems *model.Problems) {
	partner := map[*field]*field{}
	for _, f := range m.fields {
		if before := p.fields[f]; before != nil {
			partner[before] = f
		}
	}
	for _, f := range m.fields {
		for _, name := range f.was {
			former := find(was.fields, ofField, name)
			if former == nil || p.fields[f] == former {
				continue
			}
			now := p.fields[f]
			switch other := partner[former]; {
			case now == nil && other != nil:
				problems.Add(f.pos, "take that directive away if it is new; if it was renamed, run tenon gen before "+other.title()+" comes",
					"%s of %s is said to have been %s, which %s was", f.title(), m.name, name, other.title())
			case now != nil && other == nil:
				problems.Add(f.pos, "take that directive away if it was long ago; else take "+now.name+" away, and run tenon gen before it comes back",
					"%s of %s is said to have been %s, but the .proto has a %s too", f.title(), m.name, name, now.name)
			}
		}
	}
}

// fixed checks the numbers that tags say.
func (p *pairs) fixed(m *message, problems *model.Problems) {
	const hint = "choose another"
	seen := map[int32]*field{}
	for _, f := range m.fields {
		if !f.fixed {
			continue
		}
		switch other := seen[f.number]; {
		case f.number < 1 || f.number > protobuf.MaxNumber:
			problems.Add(f.pos, hint, "%s of %s can't have the number %d: those of protobuf are 1 to %d", f.title(), m.name, f.number, protobuf.MaxNumber)
		case f.number >= firstKept && f.number <= lastKept:
			problems.Add(f.pos, hint, "%s of %s can't have the number %d: protobuf keeps %d to %d for itself", f.title(), m.name, f.number, firstKept, lastKept)
		case other != nil:
			problems.Add(f.pos, hint, "%s and %s of %s have the same number %d", other.title(), f.title(), m.name, f.number)
		}
		seen[f.number] = f
	}
}

// carry gives fields the numbers that they had.
func (p *pairs) carry(m *message, problems *model.Problems) {
	for _, f := range m.fields {
		was := p.fields[f]
		if f.fixed || was == nil {
			continue
		}
		at := slices.IndexFunc(m.fields, func(o *field) bool { return o.fixed && o.number == was.number })
		if at >= 0 {
			problems.Add(m.fields[at].pos, "choose another, or take the tag away",
				"%s of %s can't have the number %d, which is that of %s", m.fields[at].title(), m.name, was.number, f.title())
		}
		f.number = was.number
	}
}

// fill gives the other fields the numbers above all that were ever used.
func fill(m, was *message, problems *model.Problems) {
	taken := slices.Clone(was.reserved.ranges)
	for _, f := range append(slices.Clone(m.fields), was.fields...) {
		if f.number > 0 {
			taken = append(taken, [2]int32{f.number, f.number})
		}
	}
	taken = append(taken, [2]int32{firstKept, lastKept})
	for _, f := range m.fields {
		if f.number == 0 {
			f.number = nextFree(taken)
			if f.number > protobuf.MaxNumber {
				problems.Add(was.pos, "let it leave some", "no number is left for %s of %s: the .proto reserves all", f.title(), m.name)
				return
			}
			taken = append(taken, [2]int32{f.number, f.number})
		}
	}
}

// nextFree returns the number above all that are taken, but for those that
// protobuf keeps. Where the last is taken too, because somebody reserved all from
// one number on, it returns the lowest that is free: all that were ever used are
// in use, or reserved.
func nextFree(taken [][2]int32) int32 {
	var top int32
	for _, g := range taken {
		if g[0] != firstKept || g[1] != lastKept {
			top = max(top, g[1])
		}
	}
	if top < protobuf.MaxNumber {
		return skip(taken, top+1)
	}
	return skip(taken, 1)
}

// skip returns the first number from n on that is in none of the ranges.
func skip(taken [][2]int32, n int32) int32 {
	slices.SortFunc(taken, func(a, b [2]int32) int { return int(a[0]) - int(b[0]) })
	for _, g := range taken {
		if g[0] <= n && n <= g[1] {
			n = g[1] + 1
		}
	}
	return n
}

// reserve returns what was reserved and what fields had that are gone, but for
// what a field has now.
func (p *pairs) reserve(m, was *message) reserved {
	r := reserved{ranges: slices.Clone(was.reserved.ranges), names: slices.Clone(was.reserved.names)}
	partner := map[*field]bool{}
	for _, f := range m.fields {
		if before := p.fields[f]; before != nil {
			partner[before] = true
		}
	}
	for _, f := range was.fields {
		r.ranges = append(r.ranges, [2]int32{f.number, f.number})
		if !partner[f] {
			r.names = append(r.names, f.name)
		}
	}
	for _, f := range m.fields {
		r.drop(f.number, f.name)
	}
	return r.sorted()
}

func reserveValues(e, was *enum) reserved {
	r := reserved{ranges: slices.Clone(was.reserved.ranges), names: slices.Clone(was.reserved.names)}
	for _, v := range was.values {
		r.ranges = append(r.ranges, [2]int32{v.number, v.number})
		renamed := slices.ContainsFunc(e.values, func(w *value) bool { return w.number == v.number })
		if !renamed {
			r.names = append(r.names, v.name)
		}
	}
	for _, v := range e.values {
		r.drop(v.number, v.name)
	}
	return r.sorted()
}

// drop takes a number and a name out, as they are in use.
func (r *reserved) drop(number int32, name string) {
	r.names = slices.DeleteFunc(r.names, func(s string) bool { return s == name })
	var left [][2]int32
	for _, g := range r.ranges {
		if number < g[0] || number > g[1] {
			left = append(left, g)
			continue
		}
		if g[0] < number {
			left = append(left, [2]int32{g[0], number - 1})
		}
		if number < g[1] {
			left = append(left, [2]int32{number + 1, g[1]})
		}
	}
	r.ranges = left
}

// sorted returns r in the order in which it is written.
func (r reserved) sorted() reserved {
	r.ranges = protobuf.Merge(r.ranges)
	slices.Sort(r.names)
	r.names = slices.Compact(r.names)
	return r
}

// store writes numbers and reservations into the model.
func (s *schema) store() {
	for _, sv := range s.services {
		sv.model.Gone = sv.gone
	}
	for _, m := range s.messages {
		for _, f := range m.fields {
			f.model.Number = f.number
		}
		m.model.ReservedNumbers, m.model.ReservedRanges = m.reserved.split()
		m.model.ReservedNames = m.reserved.names
	}
	for _, e := range s.enums {
		e.model.ReservedNumbers, e.model.ReservedRanges = e.reserved.split()
		e.model.ReservedNames = e.reserved.names
	}
}

// split returns single numbers and longer ranges.
func (r *reserved) split() (numbers []int32, ranges [][2]int32) {
	for _, g := range r.ranges {
		if g[0] == g[1] {
			numbers = append(numbers, g[0])
		} else {
			ranges = append(ranges, g)
		}
	}
	return numbers, ranges
}
