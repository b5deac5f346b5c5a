package load

import (
	"go/token"
	"go/types"
	"strings"
)

// checkTypes notes what the type checker says against the declarations that a
// contract needs, where nothing else was said on the line. What is not defined is
// left out: it may be in code that is yet to be generated, and is refused where it
// would have to cross.
func (l *loader) checkTypes() {
	known := map[lineKey]bool{}
	for _, p := range l.problems.All {
		known[lineKey{file: p.Pos.Filename, line: p.Pos.Line}] = true
	}
	ranges := l.needed()
	for _, src := range l.all.main {
		for _, err := range src.errs {
			pos := l.all.position(err.Pos)
			key := lineKey{file: pos.Filename, line: pos.Line}
			if !known[key] && !isUndefined(err.Msg) && !isContinued(err.Msg) && within(ranges, err.Pos) {
				known[key] = true
				l.problem(pos, mendFirst, "the contract needs what is not valid Go: %s", strings.Join(strings.Fields(err.Msg), " "))
			}
		}
	}
}

func isUndefined(msg string) bool {
	return strings.Contains(msg, "undefined") || strings.Contains(msg, "could not import") || strings.Contains(msg, "not exported by package")
}

// isContinued reports whether an error belongs to another, as types.Config says.
func isContinued(msg string) bool { return strings.HasPrefix(msg, "\t") }

const mendFirst = "mend it first; go build says more"

// unresolved refuses a type that the type checker doesn't know, with its reason.
func (l *loader) unresolved(t types.Type, pl *place) {
	var imports string
	for _, src := range l.all.main {
		for _, err := range src.errs {
			pos := l.all.position(err.Pos)
			switch {
			case pos.Filename == pl.pos.Filename && pos.Line == pl.pos.Line, l.declares(t, err.Pos) && !isUndefined(err.Msg):
				hint := mendFirst
				if isUndefined(err.Msg) {
					hint = "declare it outside of generated code, or import it"
				}
				l.refuse(pl, hint, "has a type that can't be resolved: %s", strings.Join(strings.Fields(err.Msg), " "))
				return
			case pos.Filename == pl.pos.Filename && strings.HasPrefix(err.Msg, "could not import"):
				imports = err.Msg
			}
		}
	}
	if imports != "" {
		l.refuse(pl, "make the import work; go build says more", "has a type that can't be resolved: %s", imports)
		return
	}
	l.refuse(pl, "go build says more; types of cgo can't cross", "has a type that can't be resolved")
}

// declares reports whether pos is in the declaration of t.
func (l *loader) declares(t types.Type, pos token.Pos) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return false
	}
	d := l.all.find(named.Obj())
	return d.typ != nil && d.pos <= pos && pos < d.typ.End()
}

type interval struct{ from, to token.Pos }

func within(ranges []interval, pos token.Pos) bool {
	for _, r := range ranges {
		if r.from <= pos && pos < r.to {
			return true
		}
	}
	return false
}

// needed is where the types are declared that cross, and the interfaces.
func (l *loader) needed() (ranges []interval) {
	add := func(t types.Type, _ any) {
		named, ok := t.(*types.Named)
		if !ok {
			return
		}
		if d := l.all.find(named.Obj()); d.typ != nil {
			ranges = append(ranges, interval{d.pos, d.typ.End()})
		}
	}
	l.types.Iterate(add)
	l.ifaces.Iterate(add)
	for _, it := range l.out.Interfaces {
		for _, part := range it.Parts {
			add(part.Go, nil)
		}
	}
	for _, e := range l.out.Errors {
		if e.Message != nil {
			add(e.Message.Go, nil)
		}
	}
	return ranges
}
