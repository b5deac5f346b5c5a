package logs

import (
	"log/slog"
	"time"

	"github.com/tenon-go/tenon"
)

// Parse reads a record from m, whose fields are those of a Record. Whatever m
// holds, the result is a record that any handler can print; if the error is not
// nil, it is what could be read before the message turned out to be malformed.
// Strings are the record's own, so m's bytes can be used again.
//
// What it allocates is in proportion to the size of m, within a bound for what
// has a fixed size: of a field that is there once in a Record the last counts,
// and however often it comes, it is one; attributes are counted.
func Parse(m *tenon.Message) (slog.Record, error) {
	// The groups that a handler opened and the sign that a record was cut come
	// on top of what the sender counts.
	d := decoder{attrs: MaxAttrs + MaxDepth + 1}
	var at stamp
	var level slog.Level
	var text string
	var source *slog.Source
	var attrs []slog.Attr
	for m.Next() {
		switch m.Field() {
		case recordTime:
			at = readStamp(m)
		case recordLevel:
			level = slog.Level(m.ReadSint())
		case recordMessage:
			text = m.ReadString()
		case recordSource:
			if source == nil {
				source = new(slog.Source)
			}
			*source = readSource(m)
		case fieldAttrs:
			attrs = d.attr(m, attrs, 0)
		}
	}
	r := slog.NewRecord(at.time(), level, text, 0)
	if source != nil {
		r.AddAttrs(slog.Any(slog.SourceKey, source))
	}
	r.AddAttrs(attrs...)
	if d.cut {
		r.AddAttrs(slog.Bool(TruncatedKey, true))
	}
	return r, m.Err()
}

type decoder struct {
	attrs int // how many more there can be
	cut   bool
}

// admit counts an attribute, unless there are too many.
func (d *decoder) admit() bool {
	if d.attrs == 0 {
		d.cut = true
		return false
	}
	d.attrs--
	return true
}

// attr reads the current field, an Attr inside so many groups, and adds it to
// attrs.
func (d *decoder) attr(m *tenon.Message, attrs []slog.Attr, depth int) []slog.Attr {
	if !d.admit() {
		return attrs // without reading the field, so that it is skipped
	}
	var sub tenon.Message
	m.ReadMessage(&sub)
	var a slog.Attr
	values := 0
	for sub.Next() {
		switch f := sub.Field(); {
		case f == attrKey:
			a.Key = sub.ReadString()
		case f <= attrSource:
			// The last value counts. Each further one costs memory as an attribute
			// does, and so is counted as one.
			if values++; values == 1 || d.admit() {
				d.value(&sub, &a.Value, depth)
			}
		}
	}
	m.Check(&sub)
	// A group can be empty because of what was left out on either side.
	if a.Value.Kind() == slog.KindGroup && len(a.Value.Group()) == 0 {
		return attrs
	}
	return append(attrs, a)
}

// value reads the current field of an Attr into v, if it is one that this
// version knows.
func (d *decoder) value(m *tenon.Message, v *slog.Value, depth int) {
	switch m.Field() {
	case attrString, attrError:
		*v = slog.StringValue(m.ReadString())
	case attrInt:
		*v = slog.Int64Value(m.ReadSint())
	case attrUint:
		*v = slog.Uint64Value(m.ReadUint())
	case attrFloat:
		*v = slog.Float64Value(m.ReadDouble())
	case attrBool:
		*v = slog.BoolValue(m.ReadBool())
	case attrDuration:
		*v = slog.DurationValue(time.Duration(m.ReadSint()))
	case attrTime:
		*v = slog.TimeValue(readStamp(m).time())
	case attrGroup:
		*v = slog.GroupValue(d.group(m, depth+1)...)
	case attrBytes:
		*v = slog.AnyValue(m.ReadBytes())
	case attrJSON:
		*v = jsonValue(m.ReadView())
	case attrSource:
		src := readSource(m)
		*v = slog.AnyValue(&src)
	}
}

func (d *decoder) group(m *tenon.Message, depth int) (attrs []slog.Attr) {
	if depth > MaxDepth {
		d.cut = true
		return nil
	}
	var sub tenon.Message
	m.ReadMessage(&sub)
	for sub.Next() {
		if sub.Field() == fieldAttrs {
			attrs = d.attr(&sub, attrs, depth)
		}
	}
	m.Check(&sub)
	return attrs
}

// A stamp is a Time as it was sent. To make a time of it allocates its zone.
type stamp struct {
	seconds, offset int64
	nanos           uint64
	set             bool
}

func readStamp(m *tenon.Message) stamp {
	var sub tenon.Message
	m.ReadMessage(&sub)
	s := stamp{set: true}
	for sub.Next() {
		switch sub.Field() {
		case timeSeconds:
			s.seconds = sub.ReadSint()
		case timeNanos:
			s.nanos = sub.ReadUint()
		case timeOffset:
			s.offset = sub.ReadSint()
		}
	}
	m.Check(&sub)
	return s
}

func (s stamp) time() time.Time {
	if !s.set {
		return time.Time{}
	}
	return inZone(time.Unix(s.seconds, int64(s.nanos%1e9)), s.offset)
}

// inZone returns t in the time zone with the given offset: under its name if it
// is this process's own, which it usually is.
func inZone(t time.Time, offset int64) time.Time {
	const day = 24 * 60 * 60
	if offset == 0 || offset <= -day || offset >= day {
		return t.UTC()
	}
	if _, own := t.Zone(); int64(own) == offset {
		return t
	}
	return t.In(time.FixedZone("", int(offset)))
}

func readSource(m *tenon.Message) slog.Source {
	var sub tenon.Message
	m.ReadMessage(&sub)
	var src slog.Source
	for sub.Next() {
		switch sub.Field() {
		case sourceFunction:
			src.Function = sub.ReadString()
		case sourceFile:
			src.File = sub.ReadString()
		case sourceLine:
			src.Line = int(sub.ReadSint())
		}
	}
	m.Check(&sub)
	return src
}
