package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/tenon-go/tenon"
)

// link is a handler together with what the other side of it received.
type link struct {
	t    *testing.T
	got  []slog.Record
	size int
}

func (l *link) emit(b []byte) error {
	var m tenon.Message
	m.Load(bytes.Clone(b), nil)
	r, err := Parse(&m)
	if err != nil {
		l.t.Errorf("Parse: %v", err)
	}
	l.size = len(b)
	l.got = append(l.got, r)
	return nil
}

func (l *link) last() slog.Record { return l.got[len(l.got)-1] }

func attrsOf(r slog.Record) (attrs []slog.Attr) {
	r.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	return attrs
}

func roundTrip(t *testing.T, r slog.Record) slog.Record {
	t.Helper()
	var m tenon.Message
	Append(&m, r)
	if m.Err() != nil {
		t.Fatalf("Append: %v", m.Err())
	}
	var in tenon.Message
	in.Load(m.Raw(), nil)
	got, err := Parse(&in)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return got
}

func TestSlogtest(t *testing.T) {
	var out bytes.Buffer
	host := slog.NewJSONHandler(&out, nil)
	h := NewHandler(func(b []byte) error {
		var m tenon.Message
		m.Load(b, nil)
		r, err := Parse(&m)
		if err != nil {
			return err
		}
		return host.Handle(t.Context(), r)
	}, HandlerOptions{})
	err := slogtest.TestHandler(h, func() (all []map[string]any) {
		for line := range bytes.Lines(out.Bytes()) {
			var m map[string]any
			if err := json.Unmarshal(line, &m); err != nil {
				t.Fatal(err)
			}
			all = append(all, m)
		}
		return all
	})
	if err != nil {
		t.Error(err)
	}
}

// What slog's own handler prints must not depend on whether a process boundary
// is between.
func TestPrintsTheSame(t *testing.T) {
	log := func(h slog.Handler) {
		l := slog.New(h)
		l.Info("plain")
		l.Debug("all kinds", "s", "x", "i", -5, "u", uint64(math.MaxUint64), "f", 1.5, "b", true,
			"d", time.Second, "t", time.Unix(1, 500).UTC(), "nil", nil, "err", errors.New("bad"))
		l.Warn("others", "map", map[string]int{"a": 1}, "ip", big.NewInt(7), "name", named("n"),
			"slice", []string{"<a>", "b"}, "tm", time.UTC, "raw", json.RawMessage(`{"k": 1}`))
		l.Error("broken", "chan", make(chan int), "nan", math.NaN(), "panics", panics{}, "nilptr", (*textNil)(nil), "nilerr", (*errNil)(nil))
		l = l.With("a", 1).WithGroup("g").With("b", 2, slog.Group("", "inl", 1)).WithGroup("h")
		l.Info("nested", "c", 3, slog.Group("i", "d", 4, slog.Group("empty")))
		l.Info("nothing in h")
	}
	strip := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	opts := &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: strip}
	var want, got bytes.Buffer
	log(slog.NewJSONHandler(&want, opts))
	host := slog.NewJSONHandler(&got, opts)
	level := new(slog.LevelVar)
	level.Set(slog.LevelDebug)
	log(NewHandler(func(b []byte) error {
		var m tenon.Message
		m.Load(b, nil)
		r, err := Parse(&m)
		if err != nil {
			t.Error(err)
		}
		return host.Handle(t.Context(), r)
	}, HandlerOptions{Level: level}))
	wants, gots := strings.Split(want.String(), "\n"), strings.Split(got.String(), "\n")
	if len(wants) != len(gots) {
		t.Fatalf("%d lines, want %d", len(gots), len(wants))
	}
	for i := range wants {
		if wants[i] != gots[i] {
			t.Errorf("line %d:\n got %s\nwant %s", i, gots[i], wants[i])
		}
	}
}

type named string

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("oh") }

type errNil struct{ s string }

func (e *errNil) Error() string { return e.s }

type textNil struct{ s string }

func (t *textNil) MarshalText() ([]byte, error) { return []byte(t.s), nil }

func TestValues(t *testing.T) {
	src := &slog.Source{Function: "f", File: "x.go", Line: 3}
	for _, tt := range []struct {
		in   any
		want slog.Value
	}{
		{nil, slog.AnyValue(nil)},
		{errors.New("bad"), slog.StringValue("bad")},
		{fmt.Errorf("a: %w", context.Canceled), slog.StringValue("a: context canceled")},
		{[]byte{0xff, 0}, slog.AnyValue([]byte{0xff, 0})},
		{named("n"), slog.StringValue("n")},
		{time.March, slog.Int64Value(3)},
		{big.NewFloat(1.5), slog.StringValue("1.5")},
		{[]int{1}, slog.AnyValue(json.RawMessage("[1]"))},
		{struct{ A int }{1}, slog.AnyValue(json.RawMessage(`{"A":1}`))},
		{func() {}, slog.StringValue("!ERROR:json: unsupported type: func()")},
		{panics{}, slog.StringValue("!PANIC: oh")},
		{(*textNil)(nil), slog.AnyValue(nil)},
		{(*errNil)(nil), slog.StringValue("<nil>")},
		{src, slog.AnyValue(src)},
		{(*slog.Source)(nil), slog.AnyValue(nil)},
		{"a\xffb", slog.StringValue("a\uFFFDb")},
	} {
		r := slog.NewRecord(time.Time{}, 0, "m", 0)
		r.AddAttrs(slog.Any("k", tt.in))
		got := attrsOf(roundTrip(t, r))
		if len(got) != 1 || !reflect.DeepEqual(got[0].Value.Any(), tt.want.Any()) {
			t.Errorf("%#v became %#v, want %#v", tt.in, got, tt.want)
		}
	}
}

func TestCyclicValue(t *testing.T) {
	m := map[string]any{}
	m["m"] = m
	r := slog.NewRecord(time.Time{}, 0, "m", 0)
	r.AddAttrs(slog.Any("k", m))
	if s := attrsOf(roundTrip(t, r))[0].Value.String(); !strings.HasPrefix(s, "!ERROR:json") {
		t.Error(s)
	}
}

func TestInvalidUTF8(t *testing.T) {
	l := &link{t: t}
	lg := slog.New(NewHandler(l.emit, HandlerOptions{})).WithGroup("g\xff").With("k\xff", "v\xff")
	lg.Info("m\xff", slog.Group("h\xff", "x", errors.New("e\xff")))
	if len(l.got) != 1 || l.last().Message != "m\uFFFD" {
		t.Error(l.got)
	}
}

func TestTimes(t *testing.T) {
	for _, want := range []time.Time{
		{}, time.Unix(0, 0).UTC(), time.Unix(-1, 5), time.Now().Round(0),
		time.Date(2024, 2, 29, 1, 2, 3, 4, time.FixedZone("X", 19800)),
		time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		r := slog.NewRecord(want, 0, "m", 0)
		r.AddAttrs(slog.Time("t", want))
		got := roundTrip(t, r)
		at := attrsOf(got)[0].Value.Time()
		_, offset := want.Zone()
		_, gotOffset := at.Zone()
		if !got.Time.Equal(want) || !at.Equal(want) || offset != gotOffset || got.Time.IsZero() != want.IsZero() {
			t.Errorf("%v became %v, %v", want, got.Time, at)
		}
	}
}

// randomAttrs makes attributes of the kinds that cross unchanged.
func randomAttrs(rnd *rand.Rand, n, depth int) (attrs []slog.Attr) {
	for i := range n {
		attrs = append(attrs, slog.Attr{Key: fmt.Sprint("k", i), Value: randomValue(rnd, depth)})
	}
	return attrs
}

func randomValue(rnd *rand.Rand, depth int) slog.Value {
	switch rnd.IntN(12) {
	case 0:
		return slog.Int64Value(int64(rnd.Uint64()))
	case 1:
		return slog.Uint64Value(rnd.Uint64())
	case 2:
		return slog.Float64Value(rnd.NormFloat64())
	case 3:
		return slog.BoolValue(rnd.IntN(2) == 0)
	case 4:
		return slog.DurationValue(time.Duration(rnd.Uint64()))
	case 5:
		return slog.TimeValue(time.Unix(rnd.Int64N(1e10)-5e9, rnd.Int64N(1e9)).UTC())
	case 6:
		return slog.AnyValue(nil)
	case 7:
		return slog.AnyValue([]byte(strings.Repeat("\xfe", rnd.IntN(9))))
	case 8:
		return slog.AnyValue(json.RawMessage(fmt.Sprintf(`{"x":%d}`, rnd.IntN(99))))
	case 9, 10:
		if depth < 5 {
			return slog.GroupValue(randomAttrs(rnd, 1+rnd.IntN(3), depth+1)...)
		}
	}
	return slog.StringValue(strings.Repeat("é", rnd.IntN(200)))
}

func TestRoundTripProperty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		l := &link{t: t}
		level := new(slog.LevelVar)
		level.Set(math.MinInt)
		var h slog.Handler = NewHandler(l.emit, HandlerOptions{Level: level})
		// want is built from the inside: what each scope holds, then the next.
		var scopes [][]slog.Attr
		scopes = append(scopes, nil)
		for range rnd.IntN(4) {
			if rnd.IntN(2) == 0 {
				h = h.WithGroup(fmt.Sprint("g", len(scopes)))
				scopes = append(scopes, nil)
				continue
			}
			as := randomAttrs(rnd, 1+rnd.IntN(3), 0)
			h = h.WithAttrs(as)
			scopes[len(scopes)-1] = append(scopes[len(scopes)-1], as...)
		}
		own := randomAttrs(rnd, 1+rnd.IntN(4), 0)
		last := len(scopes) - 1
		scopes[last] = append(scopes[last], own...)
		for i := last; i > 0; i-- {
			g := slog.Attr{Key: fmt.Sprint("g", i), Value: slog.GroupValue(scopes[i]...)}
			scopes[i-1] = append(scopes[i-1], g)
		}
		in := slog.NewRecord(time.Unix(rnd.Int64N(1e9), 7).UTC(), slog.Level(rnd.IntN(40)-20), "msg", 0)
		in.AddAttrs(own...)
		if err := h.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		got := l.last()
		if !got.Time.Equal(in.Time) || got.Level != in.Level || got.Message != in.Message {
			t.Fatalf("got %v, want %v", got, in)
		}
		if want := scopes[0]; !reflect.DeepEqual(plainAttrs(attrsOf(got)), plainAttrs(want)) {
			t.Fatalf("\n got %v\nwant %v", attrsOf(got), want)
		}
	}
}

// plainAttrs is a form that can be compared: slog keeps strings and times by
// pointers.
func plainAttrs(attrs []slog.Attr) (plain []any) {
	for _, a := range attrs {
		var v any = a.Value.Any()
		if a.Value.Kind() == slog.KindGroup {
			v = plainAttrs(a.Value.Group())
		}
		plain = append(plain, a.Key, a.Value.Kind(), v)
	}
	return plain
}

func TestBounds(t *testing.T) {
	long := strings.Repeat("é", 100<<10)
	deep := slog.Int("x", 1)
	for range 40 {
		deep = slog.Group("g", deep)
	}
	many := make([]any, 0, 4000)
	for i := range 2000 {
		many = append(many, fmt.Sprint(i), i)
	}
	for _, max := range []int{0, 1 << 10, 4 << 10} {
		limit := max
		if max == 0 {
			limit = MaxSize
		}
		for name, log := range map[string]func(*slog.Logger){
			"message": func(l *slog.Logger) { l.Info(long, "k", "v") },
			"string":  func(l *slog.Logger) { l.Info("m", "k", long, "k2", long) },
			"key":     func(l *slog.Logger) { l.Info("m", long, "v") },
			"bytes":   func(l *slog.Logger) { l.Info("m", "k", []byte(long)) },
			"json":    func(l *slog.Logger) { l.Info("m", "k", []string{long}) },
			"deep":    func(l *slog.Logger) { l.Info("m", deep) },
			"many":    func(l *slog.Logger) { l.Info("m", many...) },
			"with":    func(l *slog.Logger) { l.With("k", long).With("k", long).Info(long, "k", "v", "l", long) },
			"manywith": func(l *slog.Logger) {
				l.With(many...).With(many...).Info("m", many...)
			},
			"groups": func(l *slog.Logger) {
				for range 100 {
					l = l.WithGroup("g").With("k", strings.Repeat("v", 100))
				}
				l.Info("m", "k", long)
			},
			"longgroup": func(l *slog.Logger) { l.WithGroup(long).Info("m", "k", long) },
		} {
			l := &link{t: t}
			log(slog.New(NewHandler(l.emit, HandlerOptions{MaxSize: max})))
			if len(l.got) != 1 {
				t.Fatalf("%s/%d: %d records", name, max, len(l.got))
			}
			if l.size > limit {
				t.Errorf("%s/%d: %d bytes", name, max, l.size)
			}
			as := attrsOf(l.last())
			if len(as) == 0 || !as[len(as)-1].Equal(slog.Bool(TruncatedKey, true)) {
				t.Errorf("%s/%d: not marked: %.200v", name, max, as)
			}
			if l.last().Message == "" {
				t.Errorf("%s/%d: no message", name, max)
			}
		}
	}
}

// A sender that does not keep to the bounds is held to them.
func TestParseBounds(t *testing.T) {
	var m tenon.Message
	for range 100000 {
		m.End(m.Begin(fieldAttrs))
	}
	var in tenon.Message
	in.Load(m.Raw(), nil)
	r, err := Parse(&in)
	if err != nil || r.NumAttrs() > MaxAttrs+MaxDepth+2 {
		t.Error(r.NumAttrs(), err)
	}
	m.Reset(nil, nil)
	var marks []int
	for range 45 { // as deep as the message itself may be
		marks = append(marks, m.Begin(fieldAttrs), m.Begin(attrGroup))
	}
	m.WriteString(attrKey, "x")
	for i := len(marks) - 1; i >= 0; i-- {
		m.End(marks[i])
	}
	in.Load(m.Raw(), nil)
	r, err = Parse(&in)
	if as := attrsOf(r); err != nil || len(as) != 1 || as[0].Key != TruncatedKey {
		t.Error(as, err)
	}
}

func TestParseIgnoresUnknown(t *testing.T) {
	var m tenon.Message
	m.WriteString(99, "new")
	mark := m.Begin(fieldAttrs)
	m.WriteString(attrKey, "k")
	m.WriteString(77, "a kind of value that is not known yet")
	m.End(mark)
	m.WriteString(recordMessage, "hello")
	var in tenon.Message
	in.Load(m.Raw(), nil)
	r, err := Parse(&in)
	if err != nil || r.Message != "hello" || !attrsOf(r)[0].Equal(slog.Any("k", nil)) {
		t.Error(r, err)
	}
}

func FuzzParse(f *testing.F) {
	var m tenon.Message
	r := slog.NewRecord(time.Unix(1, 2), slog.LevelWarn, "message", 0)
	r.AddAttrs(slog.Int("i", 1), slog.Group("g", "s", "x", "e", errors.New("bad"), "j", []int{1}),
		slog.Time("t", time.Unix(3, 4)), slog.Any("src", &slog.Source{File: "a.go", Line: 1}))
	Append(&m, r)
	f.Add(m.Raw())
	host := slog.NewJSONHandler(discard{}, nil)
	text := slog.NewTextHandler(discard{}, nil)
	for _, b := range greedy() {
		f.Add(b[:min(len(b), 4<<10)])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseBounded(t, b)
		// Whatever came can be printed, and sent on.
		if host.Handle(t.Context(), r) != nil || text.Handle(t.Context(), r) != nil {
			t.Error("unprintable")
		}
		if err != nil {
			return
		}
		again := roundTrip(t, r)
		if len(b) > MaxSize/4 || r.NumAttrs() > MaxAttrs/4 {
			return
		}
		if again.Message != r.Message || again.Level != r.Level || !again.Time.Equal(r.Time) {
			t.Errorf("%v became %v", r, again)
		}
	})
}

// greedy are messages that repeat what costs more memory than it has bytes.
func greedy() map[string][]byte {
	inAttr := func(field int32, text string) func(*tenon.Message) {
		return func(m *tenon.Message) {
			mark := m.Begin(fieldAttrs)
			m.WriteString(field, text)
			m.End(mark)
		}
	}
	zone := func(field int32) func(*tenon.Message) {
		return func(m *tenon.Message) {
			mark := m.Begin(field)
			m.WriteSint(timeOffset, 61)
			m.End(mark)
		}
	}
	all := map[string][]byte{
		"sources":     repeat(func(m *tenon.Message) { m.WriteString(recordSource, "") }),
		"times":       repeat(zone(recordTime)),
		"messages":    repeat(func(m *tenon.Message) { m.WriteString(recordMessage, "ab") }),
		"attrs":       repeat(inAttr(attrKey, "")),
		"sourceattrs": repeat(inAttr(attrSource, "")),
		"groups":      repeat(inAttr(attrGroup, "")),
		"strings":     repeat(inAttr(attrJSON, `""`)),
		"deep JSON":   repeat(inAttr(attrJSON, strings.Repeat("[", 9000)+strings.Repeat("]", 9000))),
	}
	for name, b := range map[string][]byte{
		"values: sources": repeat(func(m *tenon.Message) { m.WriteString(attrSource, "") }),
		"values: times":   repeat(zone(attrTime)),
		"values: groups":  repeat(func(m *tenon.Message) { m.WriteString(attrGroup, "\x0a\x00") }),
		"values: JSON":    repeat(func(m *tenon.Message) { m.WriteString(attrJSON, "[]") }),
		"values: bytes":   repeat(func(m *tenon.Message) { m.WriteString(attrBytes, "") }),
	} {
		var m tenon.Message
		m.WriteBytes(fieldAttrs, b)
		all[name] = m.Raw()
	}
	return all
}

// repeat returns a message of 64 KiB that consists of what write writes.
func repeat(write func(*tenon.Message)) []byte {
	var m tenon.Message
	for m.Len() < MaxSize {
		write(&m)
	}
	return m.Raw()
}

// parseBounded parses b, and checks what that allocated. There is a bound for
// what is counted, and a factor for what is not.
func parseBounded(t *testing.T, b []byte) (slog.Record, error) {
	t.Helper()
	bound := 8<<10 + min(160*len(b), 512<<10) + 24*len(b)
	var r slog.Record
	var err error
	var used uint64
	for range 5 { // something else may allocate at the same time
		var in tenon.Message
		in.Load(bytes.Clone(b), nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err = Parse(&in)
		runtime.ReadMemStats(&after)
		if used = after.TotalAlloc - before.TotalAlloc; used <= uint64(bound) {
			return r, err
		}
	}
	t.Errorf("a message of %d bytes costs %d, more than %d: %.100q", len(b), used, bound, b)
	return r, err
}

// What a message costs is in proportion to its size, whatever is repeated in it.
func TestParseAllocates(t *testing.T) {
	for name, b := range greedy() {
		t.Run(name, func(t *testing.T) {
			if r, _ := parseBounded(t, b); r.NumAttrs() > MaxAttrs+MaxDepth+3 {
				t.Errorf("%d attributes", r.NumAttrs())
			}
		})
	}
}

// No amount of sources is more than one, and the last counts.
func TestOneSource(t *testing.T) {
	var m tenon.Message
	for i := range 1000 {
		mark := m.Begin(recordSource)
		m.WriteSint(sourceLine, int64(i))
		m.End(mark)
	}
	var in tenon.Message
	in.Load(m.Raw(), nil)
	r, err := Parse(&in)
	as := attrsOf(r)
	if err != nil || len(as) != 1 || as[0].Value.Any().(*slog.Source).Line != 999 {
		t.Error(err, as)
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
