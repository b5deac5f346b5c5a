package logs

import (
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tenon-go/tenon"
)

const (
	// MaxSize is the size in bytes of the largest record that is sent, unless
	// [HandlerOptions] says otherwise.
	MaxSize = 64 << 10

	// MaxAttrs is how many attributes a record can have, those in groups
	// included.
	MaxAttrs = 512

	// MaxDepth is how many groups can be nested.
	MaxDepth = 16

	// TruncatedKey is the attribute, with the value true, of a record that was
	// cut to keep to these bounds.
	TruncatedKey = "tenon.truncated"
)

// Field numbers of the messages that the package's documentation shows.
const (
	fieldAttrs = 1 // in a record and in a group alike

	recordTime    = 2
	recordLevel   = 3
	recordMessage = 4
	recordSource  = 5

	attrKey      = 1
	attrString   = 2
	attrInt      = 3
	attrUint     = 4
	attrFloat    = 5
	attrBool     = 6
	attrDuration = 7
	attrTime     = 8
	attrGroup    = 9
	attrError    = 10
	attrBytes    = 11
	attrJSON     = 12
	attrSource   = 13

	timeSeconds = 1
	timeNanos   = 2
	timeOffset  = 3

	sourceFunction = 1
	sourceFile     = 2
	sourceLine     = 3
)

const (
	// minSize leaves room for a message and the reserve.
	minSize = 1 << 10

	// reserve is kept free for what is written after the attributes: the
	// lengths of the groups that are open, at most 6 bytes for each, and the
	// attribute that says that the record was cut.
	reserve = 6*MaxDepth + 64

	// attrRoom is what an attribute takes at most beside its key and its text.
	attrRoom = 48

	maxSourceText = 1 << 10
)

// Append writes r to m, as the fields of a Record, within the default bounds.
func Append(m *tenon.Message, r slog.Record) {
	e := encoder{m: m, end: m.Len() + MaxSize - reserve, attrs: MaxAttrs}
	e.record(r, true, nil)
}

// A scope is the attributes that were added in one group before the record is
// known, encoded.
type scope struct {
	key   string // of the group; the first scope is the record itself
	attrs []byte
}

type encoder struct {
	m     *tenon.Message
	end   int  // where the message must not pass
	later int  // bytes that will be written whatever there is room for
	attrs int  // how many more there can be
	cut   bool // something was left out
}

func (e *encoder) room() int { return max(e.end-e.later-e.m.Len(), 0) }

func (e *encoder) record(r slog.Record, source bool, scopes []scope) {
	if !r.Time.IsZero() {
		e.time(recordTime, r.Time)
	}
	e.m.WriteSint(recordLevel, int64(r.Level))
	e.text(recordMessage, r.Message, e.room()/2)
	if source {
		if src := r.Source(); src != nil {
			e.source(recordSource, src)
		}
	}
	e.scopes(r, scopes)
	if e.cut {
		mark := e.m.Begin(fieldAttrs)
		e.m.WriteString(attrKey, TruncatedKey)
		e.m.WriteBool(attrBool, true)
		e.m.End(mark)
	}
}

// scopes writes what was encoded before, then r's own attributes inside the
// groups that are open.
func (e *encoder) scopes(r slog.Record, scopes []scope) {
	var open [2 * MaxDepth]int
	marks := open[:0]
	for i, s := range scopes {
		if i > 0 {
			if r.NumAttrs() == 0 && allEmpty(scopes[i:]) {
				break // a group without attributes is not shown
			}
			marks = append(marks, e.m.Begin(fieldAttrs))
			e.m.WriteString(attrKey, s.key)
			marks = append(marks, e.m.Begin(attrGroup))
		}
		e.m.WriteRaw(s.attrs)
	}
	e.later = 0
	depth := len(marks) / 2
	r.Attrs(func(a slog.Attr) bool { return e.attr(a, depth) })
	for i := len(marks) - 1; i >= 0; i-- {
		e.m.End(marks[i])
	}
}

func allEmpty(scopes []scope) bool {
	for _, s := range scopes {
		if len(s.attrs) > 0 {
			return false
		}
	}
	return true
}

// attr writes a, which is inside so many groups, and reports whether there is
// room for more.
func (e *encoder) attr(a slog.Attr, depth int) bool {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		return e.group(a.Key, v.Group(), depth)
	}
	if a.Key == "" && v.Equal(slog.Value{}) {
		return true // slog's rule: an empty attribute is ignored
	}
	key := strings.ToValidUTF8(a.Key, "\uFFFD")
	if !e.admit(key) {
		return false
	}
	mark := e.m.Begin(fieldAttrs)
	e.m.WriteString(attrKey, key)
	e.value(v)
	e.m.End(mark)
	return true
}

// admit counts an attribute, unless there is no room for it.
func (e *encoder) admit(key string) bool {
	if e.attrs == 0 || e.room() < len(key)+attrRoom {
		e.cut = true
		return false
	}
	e.attrs--
	return true
}

func (e *encoder) group(key string, attrs []slog.Attr, depth int) bool {
	if len(attrs) == 0 {
		return true
	}
	if depth == MaxDepth {
		e.cut = true
		return true
	}
	if key == "" { // slog's rule: the attributes belong to the group outside
		return e.each(attrs, depth+1)
	}
	key = strings.ToValidUTF8(key, "\uFFFD")
	if !e.admit(key) {
		return false
	}
	outer := e.m.Begin(fieldAttrs)
	e.m.WriteString(attrKey, key)
	inner := e.m.Begin(attrGroup)
	more := e.each(attrs, depth+1)
	e.m.End(inner)
	e.m.End(outer)
	return more
}

func (e *encoder) each(attrs []slog.Attr, depth int) bool {
	for _, a := range attrs {
		if !e.attr(a, depth) {
			return false
		}
	}
	return true
}

func (e *encoder) value(v slog.Value) {
	switch v.Kind() {
	case slog.KindString:
		e.text(attrString, v.String(), e.room())
	case slog.KindInt64:
		e.m.WriteSint(attrInt, v.Int64())
	case slog.KindUint64:
		e.m.WriteUint(attrUint, v.Uint64())
	case slog.KindFloat64:
		e.m.WriteDouble(attrFloat, v.Float64())
	case slog.KindBool:
		e.m.WriteBool(attrBool, v.Bool())
	case slog.KindDuration:
		e.m.WriteSint(attrDuration, int64(v.Duration()))
	case slog.KindTime:
		e.time(attrTime, v.Time())
	default:
		e.any(v.Any())
	}
}

func (e *encoder) any(x any) {
	if src, ok := x.(*slog.Source); ok && src != nil {
		e.source(attrSource, src)
		return
	}
	field, text := render(x)
	switch {
	case field == 0: // null
	case field == attrBytes:
		e.bytes(text)
	case field == attrJSON && len(text)+attrRoom > e.room():
		e.text(attrString, text, e.room()) // half an object is not JSON any more
	default:
		e.text(field, text, e.room())
	}
}

func (e *encoder) bytes(b string) {
	if n := max(e.room()-attrRoom/2, 0); len(b) > n {
		b, e.cut = b[:n], true
	}
	e.m.WriteBytes(attrBytes, []byte(b))
}

// text writes s, or as much of it as fits into room bytes with what surrounds
// it.
func (e *encoder) text(field int32, s string, room int) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if n := max(room-attrRoom/2, 0); len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s, e.cut = s[:n], true
	}
	e.m.WriteString(field, s)
}

func (e *encoder) time(field int32, t time.Time) {
	mark := e.m.Begin(field)
	e.m.WriteSint(timeSeconds, t.Unix())
	e.m.WriteUint(timeNanos, uint64(t.Nanosecond()))
	if _, offset := t.Zone(); offset != 0 {
		e.m.WriteSint(timeOffset, int64(offset))
	}
	e.m.End(mark)
}

// source writes src. A path is of more use by its end than by its beginning,
// but neither is near the bound in a program that was not made to be.
func (e *encoder) source(field int32, src *slog.Source) {
	mark := e.m.Begin(field)
	e.text(sourceFunction, src.Function, min(maxSourceText, e.room()))
	e.text(sourceFile, src.File, min(maxSourceText, e.room()))
	e.m.WriteSint(sourceLine, int64(src.Line))
	e.m.End(mark)
}
