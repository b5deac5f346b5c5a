package model

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// A Problem is something in the source that can't cross, or a change that would
// break peers that are deployed.
type Problem struct {
	Pos  token.Position
	Text string // what is wrong, and why
	Hint string // what to do; may be empty

	// First says that others follow from it: it is told before them.
	First bool

	// Loud says of a warning that it is told without being asked for.
	Loud bool
}

// Error is the problem as compilers print them: where, what, what to do.
func (p *Problem) Error() string {
	text := p.Text
	if p.Pos.IsValid() {
		text = p.Pos.String() + ": " + text
	}
	if p.Hint != "" {
		text += "; " + p.Hint
	}
	return text
}

// Problems are all that was found, in the order of the source. The zero value
// is none.
type Problems struct{ All []*Problem }

// Add notes a problem.
func (p *Problems) Add(pos token.Position, hint, format string, args ...any) {
	p.All = append(p.All, &Problem{Pos: pos, Text: fmt.Sprintf(format, args...), Hint: hint})
}

// Err returns the problems as one error, nil if there are none.
func (p *Problems) Err() error {
	if len(p.All) == 0 {
		return nil
	}
	slices.SortStableFunc(p.All, func(a, b *Problem) int {
		if a.First != b.First {
			return cond(a.First, -1, 1)
		}
		return cmp.Or(strings.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return p
}

func cond(c bool, yes, no int) int {
	if c {
		return yes
	}
	return no
}

// Error is a line for each.
func (p *Problems) Error() string {
	lines := make([]string, len(p.All))
	for i, problem := range p.All {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}
