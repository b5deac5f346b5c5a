package fault

import (
	"github.com/tenon-go/tenon"
)

const (
	maxDepth = 64       // protobuf's implementations stop at 100, and a fault may be nested
	maxNodes = 256      // a join of a few hundred errors is told by its text
	maxText  = 64 << 10 // bytes of one text
	maxTotal = 96 << 10 // bytes of all texts and values: an error has to fit in a frame
	maxIs    = 256      // names that one node says it is, as far as the receiver reads them
)

// Field numbers of Fault.
const (
	faultCode    = 1
	faultMessage = 2
	faultStack   = 3
	faultCause   = 4
)

// Field numbers of Cause.
const (
	causeText   = 1
	causeName   = 2
	causeKnown  = 3
	causeValue  = 4
	causeCauses = 5
	causeMany   = 6
	causeIs     = 7
)

// Encode writes err, which is not nil, into m. The errors of the contract that
// the call belongs to keep their identity as defs say. Whatever err's methods
// do short of never returning, m is a complete message afterwards.
func Encode(err error, defs []tenon.ErrorDef, m *tenon.Message) {
	b := budget{left: maxTotal}
	b.encode(err, defs, m)
}

// encode writes err as far as b allows: of one in a field of an error type, in
// a field of an error type, and so on, no more than its text.
func (b *budget) encode(err error, defs []tenon.ErrorDef, m *tenon.Message) {
	e := encoder{m: m, defs: defs, budget: b}
	text := clip(textOf(err), min(maxText, max(e.left, 0)))
	e.left -= len(text)
	m.WriteString(faultMessage, text)
	if e.enter() {
		e.root(err, text)
		e.leave()
	}
	m.WriteUint(faultCode, uint64(e.verdict.code()))
}

type encoder struct {
	m       *tenon.Message
	defs    []tenon.ErrorDef
	scratch *tenon.Message // made when the first type is tried
	path    [maxDepth]error
	verdict verdict
	*budget
}

// A subject is an error with all that is to be said of it.
type subject struct {
	err   error
	name  string
	known string
	value []byte // in the encoder's scratch message; nil if it is a sentinel
	also  []string
	one   error
	list  []error
}

func (s *subject) plain() bool {
	return s.name == "" && s.known == "" && len(s.also) == 0 && s.list == nil
}

// root writes what err is, or wraps. The *[tenon.Error] that the other side
// makes has err's text, so it stands for err itself if that is a mere wrapper
// or an Error that the implementation has just made. One that came from another
// call has the service and method of that, and stays beneath.
func (e *encoder) root(err error, text string) {
	s := e.inspect(err)
	own, ok := as[*tenon.Error](err)
	if ok && own.Service == "" && own.Method == "" && s.value != nil && s.known != "" {
		if own.Stack != "" {
			stack := clip(own.Stack, maxText)
			e.left -= len(stack)
			e.m.WriteString(faultStack, stack)
		}
		s.known, s.value = "", nil
	}
	switch {
	case !s.plain():
		e.write(faultCause, &s, text, 0)
	case s.one != nil:
		e.path[0] = err
		e.cause(faultCause, s.one, text, 1)
	}
}

func (e *encoder) cause(field int32, err error, above string, depth int) {
	if err == nil || depth >= maxDepth || e.nodes >= maxNodes || e.cyclic(err, depth) {
		return
	}
	s := e.inspect(err)
	e.write(field, &s, above, depth)
}

// cyclic reports whether err wraps itself.
func (e *encoder) cyclic(err error, depth int) bool {
	for _, outer := range e.path[:depth] {
		if same(outer, err) {
			return true
		}
	}
	return false
}

func (e *encoder) write(field int32, s *subject, above string, depth int) {
	e.nodes++
	e.path[depth] = s.err
	mark := e.m.Begin(field)
	text := e.text(s.err, above)
	e.string(causeName, s.name)
	e.string(causeKnown, s.known)
	if s.value != nil {
		e.m.WriteBytes(causeValue, s.value)
	}
	for _, name := range s.also {
		e.string(causeIs, name)
	}
	if s.list != nil {
		e.m.WriteBool(causeMany, true)
	}
	e.cause(causeCauses, s.one, text, depth+1)
	for _, kid := range s.list {
		e.cause(causeCauses, kid, text, depth+1)
	}
	e.m.End(mark)
}

func (e *encoder) text(err error, above string) string {
	text := clip(textOf(err), maxText)
	if text == above {
		return text
	}
	text = clip(text, max(e.left, 0))
	e.left -= len(text)
	e.m.WriteString(causeText, text)
	return text
}

func (e *encoder) string(field int32, s string) {
	if s != "" {
		e.m.WriteString(field, clip(s, maxText))
	}
}

// inspect finds out all that is to be said of err, its causes excepted.
func (e *encoder) inspect(err error) subject {
	s := subject{err: err}
	value := err
	if n, ok := err.(interface{ identity() error }); ok && n.identity() != nil {
		value = n.identity()
	}
	e.matchSentinel(&s, value)
	if s.name == "" && s.known == "" {
		e.matchType(&s, value)
	}
	e.ask(&s)
	s.list, s.one = unwrap(err)
	e.verdict.take(value)
	return s
}

// matchSentinel looks for the names of err in both lists: an older peer may
// not know that one of the contract's is io.EOF by another name.
func (e *encoder) matchSentinel(s *subject, err error) {
	for i := range e.defs {
		if v := e.defs[i].Value; v != nil && same(err, v) {
			s.name = e.defs[i].Name
			break
		}
	}
	for i := range sentinels {
		if same(err, sentinels[i].err) {
			s.known = sentinels[i].name
			e.verdict.note(sentinels[i].code)
			break
		}
	}
}

func (e *encoder) matchType(s *subject, err error) {
	for i := range e.defs {
		if d := &e.defs[i]; d.Encode != nil && e.encodeAs(err, d.Encode) && e.fits() {
			s.name, s.value = d.Name, e.value()
			return
		}
	}
	for i := range knownTypes {
		if t := &knownTypes[i]; e.encodeAs(err, t.encode) && e.fits() {
			s.known, s.value = t.name, e.value()
			return
		}
	}
}

// encodeAs writes err's fields into the scratch message, out of which they are
// taken only if that went well to the end.
func (e *encoder) encodeAs(err error, encode func(error, *tenon.Message) bool) (ok bool) {
	if e.scratch == nil {
		e.scratch = new(tenon.Message)
	}
	e.scratch.Reset(e.scratch.Raw()[:0], fields{e.budget})
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return encode(err, e.scratch)
}

// fits reports whether what encodeAs wrote can be sent, and accounts for it.
func (e *encoder) fits() bool {
	if e.scratch.Err() != nil || e.scratch.Len() > e.left {
		return false
	}
	e.left -= e.scratch.Len()
	return true
}

// value returns what encodeAs wrote, never nil.
func (e *encoder) value() []byte {
	if e.scratch.Len() == 0 {
		return []byte{}
	}
	return e.scratch.Raw()
}

// ask finds the sentinels that an Is method answers for: it does not cross, but
// its answers do. Those of an Error follow from its code.
func (e *encoder) ask(s *subject) {
	err, ok := s.err.(interface{ Is(error) bool })
	if _, own := s.err.(*tenon.Error); !ok || own {
		return
	}
	for i := range e.defs {
		if d := &e.defs[i]; d.Value != nil && d.Name != s.name && len(s.also) < maxIs && says(err, d.Value) {
			s.also = append(s.also, d.Name)
		}
	}
	for i := range sentinels {
		if k := &sentinels[i]; k.name != s.known && len(s.also) < maxIs && says(err, k.err) {
			s.also = append(s.also, k.name)
			e.verdict.note(k.code)
		}
	}
}

// A verdict gathers what [tenon.CodeOf] would say. That function can't be
// called here: it follows a chain that has no end for ever.
type verdict struct {
	given tenon.Code // of the outermost Error that has one
	lost  bool       // there is a TransportError
	seen  uint32     // the codes that sentinels stand for, as bits
}

func (v *verdict) take(err error) {
	if e, ok := as[*tenon.Error](err); ok && v.given == tenon.OK {
		v.given = e.Code
	}
	if _, ok := err.(*tenon.TransportError); ok {
		v.lost = true
	}
}

func (v *verdict) note(c tenon.Code) { v.seen |= 1 << c }

func (v *verdict) code() tenon.Code {
	switch {
	case v.given != tenon.OK:
		return v.given
	case v.lost:
		return tenon.Unavailable
	}
	for i := range sentinels { // in CodeOf's order
		if c := sentinels[i].code; c != tenon.OK && v.seen&(1<<c) != 0 {
			return c
		}
	}
	return tenon.Unknown
}
