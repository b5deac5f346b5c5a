package load

import "github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"

// setFlags says of each message what is known only when all types are.
func (l *loader) setFlags() {
	messages := append([]*model.Message(nil), l.out.Messages...)
	for _, e := range l.out.Errors {
		if e.Message != nil {
			messages = append(messages, e.Message)
		}
	}
	for _, it := range l.out.Interfaces {
		for _, m := range it.Methods {
			messages = append(messages, m.Request, m.Response)
		}
	}
	for _, m := range messages {
		seen := map[*model.Message]bool{}
		for _, f := range m.Fields {
			visit(f.Type, seen, func(t *model.Type) {
				switch {
				case t.Kind == model.Invalid && len(l.problems.All) == 0:
					l.problem(f.Pos, "please report it", "field %s of %s is of type %s, which can't cross", f.Name, m.Name, l.text(t.Go))
				case t.Kind == model.IO:
					m.Refs, m.Ctx = true, true
				case t.Kind == model.Ref:
					m.Refs = true
					m.Ctx = m.Ctx || t.Interface.Bound || t.Interface.Foreign
				}
			})
		}
		m.Recursive = seen[m]
	}
}

// visit calls f for t and all that is in it.
func visit(t *model.Type, seen map[*model.Message]bool, f func(*model.Type)) {
	if t == nil {
		return
	}
	f(t)
	if t.Message == nil {
		visit(t.Key, seen, f)
		visit(t.Elem, seen, f)
		return
	}
	if seen[t.Message] {
		return
	}
	seen[t.Message] = true
	for _, field := range t.Message.Fields {
		visit(field.Type, seen, f)
	}
}

// holdsRef reports whether t is or holds something that is called, not copied.
func holdsRef(t *model.Type) bool {
	found := false
	visit(t, map[*model.Message]bool{}, func(t *model.Type) {
		found = found || t.Kind == model.IO || t.Kind == model.Ref
	})
	return found
}
