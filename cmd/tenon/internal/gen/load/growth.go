package load

import "go/types"

// What bounds types: a generic type may contain ever larger instances of itself,
// and a few lines of aliases stand for a type of millions of parts.
const (
	maxArgDepth = 10   // how deeply type arguments are nested
	maxTypeSize = 2000 // the parts of a type, what is in named ones apart
)

// An extent is how large a type is. It is not measured beyond maxTypeSize.
type extent struct{ depth, size int }

func extentOf(t types.Type) extent {
	var e extent
	e.add(t, 0)
	return e
}

func (e *extent) tooLarge() bool { return e.size > maxTypeSize }

// add measures t, which is nested that deeply. Of a named type its type arguments
// count.
func (e *extent) add(t types.Type, depth int) {
	e.size++
	e.depth = max(e.depth, depth)
	if e.tooLarge() {
		return
	}
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			e.add(arg, depth+1)
		}
	case *types.Struct:
		for field := range t.Fields() {
			e.add(field.Type(), depth+1)
		}
	case *types.Signature:
		e.addTuple(t.Params(), depth+1)
		e.addTuple(t.Results(), depth+1)
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			e.add(m.Type(), depth+1)
		}
		for embedded := range t.EmbeddedTypes() {
			e.add(embedded, depth+1)
		}
	case *types.Map:
		e.add(t.Key(), depth+1)
		e.add(t.Elem(), depth+1)
	case interface{ Elem() types.Type }:
		e.add(t.Elem(), depth+1)
	}
}

func (e *extent) addTuple(t *types.Tuple, depth int) {
	for v := range t.Variables() {
		e.add(v.Type(), depth)
	}
}

// grows refuses an instance of a generic type with arguments that are too large.
// That is said once of a generic type: its other instances would grow as well.
func (l *loader) grows(t *types.Named, pl *place) bool {
	if t.TypeArgs().Len() == 0 {
		return false
	}
	generic := t.Origin().Obj()
	if l.grown[generic] {
		return true
	}
	if e := extentOf(t); e.depth <= maxArgDepth && !e.tooLarge() {
		return false
	}
	l.grown[generic] = true
	l.refuse(pl, "let it contain itself with the same type arguments", "is of type %s, whose type arguments grow without end, or are nested too deeply", l.text(t.Origin()))
	return true
}

// tooLarge refuses a type without a name that has too many parts, before anything
// is made of them.
func (l *loader) tooLarge(t types.Type, pl *place) bool {
	if e := extentOf(t); !e.tooLarge() {
		return false
	}
	l.refuse(pl, "declare the types that it consists of with names of their own, without = behind the name", "is of a type without a name of its own that has more than %d parts", maxTypeSize)
	return true
}
