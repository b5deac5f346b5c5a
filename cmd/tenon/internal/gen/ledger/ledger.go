// Package ledger keeps what peers that are deployed rely on: it reads the .proto
// of the last generation, gives the fields of a model the numbers that they had,
// and finds changes that would break those peers.
package ledger

import (
	"bytes"
	"cmp"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// Options say how Assign treats changes.
type Options struct {
	// Breaking allows what breaks peers that were built before: nothing that
	// matters is deployed.
	Breaking bool

	// File is the name of the .proto of the last generation, if it is not that of
	// the next one.
	File string

	// Command is what to run to have Breaking.
	Command string
}

func (o Options) command() string { return cmp.Or(o.Command, "tenon gen --breaking") }

// A Report says what has changed since the last generation.
type Report struct{ Changes []Change }

// A Change is one difference, in the order of the source.
type Change struct {
	Pos      token.Position
	Text     string
	Breaking bool // it is only allowed because of a new version, or Options.Breaking
}

// String is where, and what.
func (c Change) String() string {
	text := c.Text
	if c.Breaking {
		text = "breaking: " + text
	}
	if c.Pos.IsValid() {
		text = c.Pos.String() + ": " + text
	}
	return text
}

// Assign gives all fields of p their numbers, those that they have in old, the
// .proto of the last generation, and new ones above them, and says in p what must
// not be used again. Old is nil if there is none.
//
// The error is a [*model.Problems]: old can't be read, numbers clash, or a change
// breaks peers that were built before, while neither the version has been raised
// nor opts allows it. P is as it was then.
func Assign(p *model.Package, old []byte, opts Options) (*Report, error) {
	var problems model.Problems
	next := fromModel(p)
	was := &schema{pkg: next.pkg, version: next.version}
	if old != nil {
		name := filepath.Join(p.Dir, cmp.Or(opts.File, p.ProtoFile))
		if len(bytes.TrimSpace(old)) == 0 {
			return nil, damaged(token.Position{Filename: name}, nil, "it is empty")
		}
		var err error
		if was, err = parse(name, old); err != nil {
			return nil, err
		}
		if len(was.services)+len(was.messages)+len(was.enums) == 0 {
			return nil, damaged(token.Position{Filename: name}, old, "it declares nothing, and so describes no contract")
		}
	}
	pairs := match(was, next)
	pairs.number(&problems)
	var found findings
	free := opts.Breaking || p.Draft
	allowed := free || raised(was, next)
	if old != nil {
		found = pairs.compare()
		pairs.checkFormer(p.Dir, &problems)
		if !allowed {
			pairs.refuseGuesses(&problems)
		}
	}
	if !free {
		checkVersion(was, next, p.VersionPos, opts, &problems)
		checkVersions(was, p, found, opts, &problems)
	}
	report := found.report(allowed, raiseHint(was, next, opts), &problems)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if p.Version == 0 {
		// The App is where it can't be seen; the version was known, and what
		// follows is still compared with it.
		p.Version = was.version
	}
	next.store()
	return report, nil
}

// findings are the differences between two schemas.
type findings []finding

type finding struct {
	pos      token.Position
	text     string
	hint     string // what to do but allow it; may be empty
	breaking bool
	first    bool // others follow from it
}

// report returns the findings as changes; breaking ones that are not allowed
// become problems.
func (all findings) report(allowed bool, hint string, problems *model.Problems) *Report {
	r := &Report{}
	for _, f := range all {
		if f.breaking && !allowed {
			problems.Add(f.pos, cond(f.hint != "", f.hint+"; or "+hint, hint), "%s", f.text)
			problems.All[len(problems.All)-1].First = f.first
			continue
		}
		r.Changes = append(r.Changes, Change{f.pos, f.text, f.breaking})
	}
	slices.SortStableFunc(r.Changes, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return r
}

func cond[T any](c bool, yes, no T) T {
	if c {
		return yes
	}
	return no
}
