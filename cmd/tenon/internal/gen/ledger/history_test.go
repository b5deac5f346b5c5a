package ledger

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// TestMain sets how often properties are tried, unless the command line says so.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", checks); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// A story is a message that is edited and generated again and again. A field has
// an identity that its renames share, and that a later field of its name doesn't.
type story struct {
	fields []*entry
	next   int      // the next identity
	known  []string // the names in the ledger
	owner  map[int32]int
	had    map[int]int32
	ledger []byte
}

type entry struct {
	id   int
	name string
	last string // its name in the ledger
	was  []string
}

func (s *story) model() *model.Package {
	m := &model.Message{Name: "M"}
	for _, e := range s.fields {
		m.Fields = append(m.Fields, &model.Field{Name: e.name, GoName: e.name, Was: slices.Clone(e.was), Type: &model.Type{Kind: model.String}})
	}
	return &model.Package{Proto: "kv", ProtoFile: "kv.proto", Messages: []*model.Message{m}}
}

var fieldNames = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"})

// unused returns a name that neither the source nor the ledger has: a field that
// goes and one that comes by its name are the same if nothing was generated
// between them.
func (s *story) unused(t *rapid.T) string {
	name := fieldNames.Draw(t, "name")
	for slices.ContainsFunc(s.fields, func(e *entry) bool { return e.name == name }) || slices.Contains(s.known, name) {
		name += "x"
	}
	return name
}

func (s *story) add(t *rapid.T) {
	s.next++
	at := rapid.IntRange(0, len(s.fields)).Draw(t, "at")
	s.fields = slices.Insert(s.fields, at, &entry{id: s.next, name: s.unused(t)})
}

func (s *story) remove(t *rapid.T) {
	if len(s.fields) > 0 {
		at := rapid.IntRange(0, len(s.fields)-1).Draw(t, "at")
		s.fields = slices.Delete(s.fields, at, at+1)
	}
}

// rename leaves former names in the source, as authors do.
func (s *story) rename(t *rapid.T) {
	if len(s.fields) > 0 {
		e := rapid.SampledFrom(s.fields).Draw(t, "field")
		e.was, e.name = append(e.was, e.name), s.unused(t)
	}
}

// assign takes away directives that are not needed any more if that is asked for,
// and says that what goes and what comes are different.
func (s *story) assign(t *rapid.T) *model.Package {
	p := s.model()
	_, err := Assign(p, s.ledger, Options{})
	if err != nil {
		for _, problem := range problems(err) {
			if !strings.Contains(problem.Text, "is said to have been") && !strings.Contains(problem.Text, "of the same type") {
				t.Fatal(err)
			}
		}
		for _, e := range s.fields {
			e.was = nil
			if e.last != "" && e.last != e.name {
				e.was = []string{e.last}
			}
		}
		p = s.model()
		if _, err := Assign(p, s.ledger, Options{Breaking: true}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// generate is a run of tenon gen: numbers belong to one identity for ever, and the
// next run changes nothing.
func (s *story) generate(t *rapid.T) {
	p := s.assign(t)
	s.known = nil
	for i, f := range p.Messages[0].Fields {
		e := s.fields[i]
		if had := s.had[e.id]; had != 0 && had != f.Number {
			t.Fatalf("%s had the number %d, and has %d", f.Name, had, f.Number)
		}
		if owner, ok := s.owner[f.Number]; ok && owner != e.id {
			t.Fatalf("%s has the number %d, which another field had\n%s", f.Name, f.Number, s.ledger)
		}
		s.had[e.id], s.owner[f.Number] = f.Number, e.id
		e.last = e.name
		s.known = append(s.known, e.name)
	}
	s.ledger = []byte(emit(t, p))
	again := s.model()
	report, err := Assign(again, s.ledger, Options{})
	if err != nil || len(report.Changes) > 0 {
		t.Fatalf("again: %v %v", report, err)
	}
	if text := emit(t, again); text != string(s.ledger) {
		t.Fatalf("not the same again:\n%s\n%s", s.ledger, text)
	}
}

func TestHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &story{owner: map[int32]int{}, had: map[int]int32{}}
		s.generate(t)
		t.Repeat(map[string]func(*rapid.T){
			"add": s.add, "remove": s.remove, "rename": s.rename, "generate": s.generate,
			"": func(*rapid.T) {},
		})
		s.generate(t)
	})
}

// The same with several messages, and methods whose requests they are, in an order
// that is another one each time: numbers depend on names alone.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &model.Package{Proto: "kv", ProtoFile: "kv.proto"}
		for n := range rapid.IntRange(1, 4).Draw(t, "messages") {
			m := &model.Message{Name: fmt.Sprintf("M%d", n)}
			for f := range rapid.IntRange(0, 5).Draw(t, "fields") {
				m.Fields = append(m.Fields, &model.Field{Name: fmt.Sprintf("f%d", f), Type: &model.Type{Kind: model.Bool}})
			}
			p.Messages = append(p.Messages, m)
		}
		if _, err := Assign(p, nil, Options{}); err != nil {
			t.Fatal(err)
		}
		old := emit(t, p)
		before := map[string]int32{}
		for _, m := range p.Messages {
			for _, f := range m.Fields {
				before[m.Name+f.Name], f.Number = f.Number, 0
			}
			m.Fields = rapid.Permutation(m.Fields).Draw(t, "fields")
		}
		p.Messages = rapid.Permutation(p.Messages).Draw(t, "messages")
		if _, err := Assign(p, []byte(old), Options{}); err != nil {
			t.Fatal(err)
		}
		for _, m := range p.Messages {
			for _, f := range m.Fields {
				if before[m.Name+f.Name] != f.Number {
					t.Fatalf("%s of %s had %d, and has %d", f.Name, m.Name, before[m.Name+f.Name], f.Number)
				}
			}
		}
	})
}
