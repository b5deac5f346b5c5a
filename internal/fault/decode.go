package fault

import (
	"math"
	"strconv"

	"github.com/tenon-go/tenon"
)

// Decode rebuilds the error that the other side answered with, never nil. The
// errors of the contract that the call belongs to get back their identity as
// defs say. Service and Method are the caller's to fill in.
//
// Nothing in the result refers to m's bytes, unless a def's Decode does.
func Decode(m *tenon.Message, defs []tenon.ErrorDef) *tenon.Error {
	b := budget{left: maxTotal}
	return b.decode(m, defs)
}

func (b *budget) decode(m *tenon.Message, defs []tenon.ErrorDef) *tenon.Error {
	out := &tenon.Error{Code: tenon.Unknown}
	var cause []byte
	for m.Next() {
		switch m.Field() {
		case faultCode:
			if c := m.ReadUint(); c != 0 && c <= math.MaxUint32 {
				out.Code = tenon.Code(c)
			}
		case faultMessage:
			out.Message = b.text(m.ReadView())
		case faultStack:
			out.Stack = b.text(m.ReadView())
		case faultCause:
			cause = m.ReadView()
		}
	}
	d := decoder{defs: defs, budget: b, err: m.Err()}
	if cause != nil && d.err == nil && b.enter() {
		out.Err = d.cause(cause, out.Message, 0)
		b.leave()
	}
	if d.err != nil {
		return unreadable(out.Message, d.err)
	}
	return out
}

func unreadable(message string, err error) *tenon.Error {
	out := &tenon.Error{
		Code:    tenon.Internal,
		Message: "the call failed, but the other side's error cannot be read: " + textOf(err),
	}
	if message != "" {
		out.Message += "; its text is " + strconv.Quote(clip(message, maxText/8))
	}
	return out
}

// text copies text out of a message. It is cut and mended where it came from a
// sender that does not keep to the rules: an error that can be shown is worth
// more than a complaint about it.
func text(view []byte) string {
	return clip(string(view[:min(len(view), maxText+1)]), maxText)
}

// text is text that counts. A field that comes more than once counts each time.
func (b *budget) text(view []byte) string {
	s := clip(text(view), max(b.left, 0))
	b.left -= len(s)
	return s
}

type decoder struct {
	defs []tenon.ErrorDef
	err  error // what is malformed
	*budget
}

// A record is one Cause as it was received. Its slices are parts of the message.
type record struct {
	text        string
	hasText     bool
	name, known []byte
	value       []byte // nil if absent
	many        bool
	is          [][]byte
	causes      [][]byte
}

func (d *decoder) cause(raw []byte, above string, depth int) error {
	var r record
	if !d.read(raw, &r, depth) {
		return nil
	}
	if !r.hasText {
		r.text = above
	}
	var kids []error
	for _, c := range r.causes {
		kid := d.cause(c, r.text, depth+1)
		if d.err != nil {
			return nil
		}
		kids = append(kids, kid)
	}
	return d.build(&r, kids)
}

func (d *decoder) read(raw []byte, r *record, depth int) bool {
	var m tenon.Message
	m.Load(raw, nil)
	for m.Next() {
		switch m.Field() {
		case causeText:
			r.text, r.hasText = text(d.take(m.ReadView())), true
		case causeName:
			r.name = m.ReadView()
		case causeKnown:
			r.known = m.ReadView()
		case causeValue:
			r.value = d.take(m.ReadView())
		case causeMany:
			r.many = m.ReadBool()
		case causeIs:
			if name := m.ReadView(); len(r.is) < maxIs {
				r.is = append(r.is, name)
			}
		case causeCauses:
			if c := m.ReadView(); depth+1 < maxDepth && d.nodes+1 < maxNodes {
				d.nodes++
				r.causes = append(r.causes, c)
			}
		}
	}
	d.err = m.Err()
	return d.err == nil
}

// take returns view if there is room for it, else nil: a value that prints
// everything beneath it would otherwise be a lever for the other side.
func (d *decoder) take(view []byte) []byte {
	if len(view) > d.left {
		return nil
	}
	d.left -= len(view)
	return view
}

// build makes the error that r describes: the value itself if that says it all.
func (d *decoder) build(r *record, kids []error) error {
	value, whole := d.value(r, kids)
	n := node{text: r.text, value: value, also: d.also(r, value, kids), kids: kids}
	switch {
	case whole && n.also == nil && clip(textOf(value), maxText) == r.text:
		return value
	case len(kids) == 0:
		return &n
	case len(kids) == 1 && !r.many:
		return &single{n}
	}
	return &several{n}
}

// value finds or makes the sentinel or typed value that r names, and reports
// whether it wraps by itself what it is to wrap.
func (d *decoder) value(r *record, kids []error) (value error, whole bool) {
	if def := d.def(r.name); def != nil {
		if def.Value != nil {
			return def.Value, true
		}
		if value = d.decodeAs(def, r.value, sole(r, kids)); value != nil {
			return value, wraps(value, kids)
		}
	}
	if s := known(r.known); s != nil {
		return s, true
	}
	value = decodeKnown(r, kids)
	return value, value != nil
}

func (d *decoder) def(name []byte) *tenon.ErrorDef {
	if len(name) == 0 {
		return nil
	}
	for i := range d.defs {
		if d.defs[i].Name == string(name) {
			return &d.defs[i]
		}
	}
	return nil
}

func known(name []byte) error {
	for i := range sentinels {
		if sentinels[i].name == string(name) {
			return sentinels[i].err
		}
	}
	return nil
}

// sole returns the one error that r wraps, nil if there is none or a list.
func sole(r *record, kids []error) error {
	if len(kids) == 1 && !r.many {
		return kids[0]
	}
	return nil
}

// wraps reports whether value wraps just kids by itself. One that can't be
// compared is said not to, unless it is a leaf: if it became the kid of another
// value, it couldn't be told that that wraps it.
func wraps(value error, kids []error) bool {
	list, one := unwrap(value)
	switch {
	case list != nil || len(kids) > 1:
		return false
	case len(kids) == 1:
		return same(one, kids[0]) && same(value, value)
	}
	return one == nil
}

// decodeAs makes a value of one of the contract's types. It is nil if the
// fields can't be read: text and causes are left then.
func (d *decoder) decodeAs(def *tenon.ErrorDef, body []byte, cause error) (value error) {
	if def.Decode == nil || body == nil {
		return nil
	}
	defer func() {
		if recover() != nil {
			value = nil
		}
	}()
	var m tenon.Message
	m.Load(body, fields{d.budget})
	value, err := def.Decode(&m, cause)
	if err != nil || m.Err() != nil {
		return nil
	}
	return value
}

func decodeKnown(r *record, kids []error) error {
	if r.value == nil {
		return nil
	}
	var cause error
	if len(kids) > 0 {
		cause = kids[0]
	}
	for i := range knownTypes {
		if t := &knownTypes[i]; t.name == string(r.known) {
			var m tenon.Message
			m.Load(r.value, nil)
			value := t.decode(&m, r.text, cause)
			if m.Err() != nil {
				return nil
			}
			return value
		}
	}
	return nil
}

// also returns the sentinels that r is, according to the sender, and that do
// not follow from its value. What follows from the kids is not left out: to ask
// them for each name on each level would take too long.
func (d *decoder) also(r *record, value error, kids []error) []error {
	var list []error
	add := func(s error) {
		if s != nil && !contains(list, s) && !follows(value, s, kids) {
			list = append(list, s)
		}
	}
	add(known(r.known))
	for _, name := range r.is {
		if def := d.def(name); def != nil {
			add(def.Value)
		} else {
			add(known(name))
		}
	}
	return list
}
