package ledger

import (
	"go/token"
	"path/filepath"
	"slices"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/near"
)

// checkFormer finds former names that nothing ever had, on what is new: a name
// that is misspelled there would be a loss of data. What directives say of what is
// known already has done its work. Other packages' declarations are left out: they
// may say what happened in a ledger of their own.
func (p *pairs) checkFormer(dir string, problems *model.Problems) {
	c := former{problems, filepath.Clean(dir), p.unknown}
	for _, m := range p.next.messages {
		was := p.messages[m]
		if was == nil {
			if m.said {
				c.check("the message "+m.name, &m.named, allNames(p.old.messages, ofMessage), nil)
			}
			continue
		}
		for _, f := range m.fields {
			if p.fields[f] == nil {
				c.check(f.title()+" of "+m.name, &f.named, append(names(p.lost(m, was)), allNames(was.fields, ofField)...), was.reserved.names)
			}
		}
	}
	for _, e := range p.next.enums {
		if p.enums[e] == nil {
			c.check("the enum "+e.name, &e.named, allNames(p.old.enums, ofEnum), nil)
		}
	}
	for _, s := range p.next.services {
		switch was := p.services[s]; {
		case was != nil:
			p.checkMethods(c, s, was)
		case s.said:
			c.check("the contract "+s.title(), &s.named, allNames(p.old.services, ofService), nil)
		}
	}
	p.checkErrors(c)
}

func (p *pairs) checkMethods(c former, s, was *service) {
	for _, m := range s.methods {
		if p.methods[m] == nil {
			c.check("the method "+s.title()+"."+m.title(), &m.named, allNames(was.methods, ofMethod), was.gone)
		}
	}
}

// checkErrors compares names without their package, which may have another now.
func (p *pairs) checkErrors(c former) {
	var known []string
	for _, e := range p.old.errors {
		known = append(known, short(e.name))
	}
	for _, e := range p.next.errors {
		if find(p.old.errors, ofError, e.name) == nil {
			bare := &named{pos: e.pos}
			for _, was := range e.was {
				bare.was = append(bare.was, short(was))
			}
			c.check("the error "+e.name, bare, known, nil)
		}
	}
}

func allNames[T any](list []T, name func(T) *named) (all []string) {
	for _, e := range list {
		all = append(all, name(e).name)
	}
	return all
}

// A former notes former names that are not known.
type former struct {
	problems *model.Problems
	dir      string
	refused  map[*named]bool
}

func (c former) check(what string, n *named, known, reserved []string) {
	if filepath.Dir(n.pos.Filename) != c.dir {
		return
	}
	for _, was := range n.was {
		if !slices.Contains(known, was) && !slices.Contains(reserved, was) {
			c.refused[n] = true
			c.refuse(n.pos, what, was, append(slices.Clone(known), reserved...))
		}
	}
}

func (c former) refuse(pos token.Position, what, was string, known []string) {
	hint := "take that away if it is not a new name"
	if best := near.Nearest(was, known, max(2, len(was)/2)); best != "" {
		hint = "did you mean " + best + "? Or " + hint
	}
	c.problems.Add(pos, hint, "%s is said to have been %s, but the .proto never had that name there", what, was)
}
