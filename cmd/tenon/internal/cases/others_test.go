package cases_test

import (
	"context"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/alias"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/collide"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/directives"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/emptyiface"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/generic"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/lists"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/manyresults"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/noctx"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/noerror"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/packagename"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/promoted"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/promoted/base"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/recursive"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/shadowed"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/structs"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/tags"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/texts"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/times"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/twocontracts"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/unnamed"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/variadic"
)

func testAlias(t *testing.T, a alias.Aliases) {
	ctx := within(t)
	equal(t, must(a.Read(ctx, text("read")))(t), "read")
	entries := alias.Entries{{Name: "a"}, {Name: "b", Data: []byte("data")}}
	got, err := pairs(a.All(ctx, entries))
	ok(t, err)
	equal(t, got, entries)
	var seen alias.Entries
	visit := func(_ alias.Ctx, e alias.Entry) alias.Err { seen = append(seen, e); return nil }
	ok(t, a.Each(ctx, entries, visit))
	ok(t, a.Watch(ctx, entries[0], watching(visit)))
	equal(t, seen, append(entries, entries[0]))
}

type watching alias.Visitor

func (w watching) Seen(ctx alias.Ctx, e alias.Entry) alias.Err { return w(ctx, e) }

func testCollide(t *testing.T, c collide.Collide) {
	ctx := within(t)
	equal(t, must(c.Builder(ctx, text("12345")))(t), 5)
	got, err := pairs(c.All(ctx, 3))
	ok(t, err)
	equal(t, len(got), 3)
	equal(t, got[2].N, 2)
}

func testDirectives(t *testing.T, d directives.Store) {
	ctx := within(t)
	start := time.Now()
	is(t, d.Wait(ctx), context.DeadlineExceeded)
	if took := time.Since(start); took < 50*time.Millisecond || took > 5*time.Second {
		t.Errorf("a method with a timeout of 50 ms took %v", took)
	}
	equal(t, must(d.Get(ctx, "k"))(t), "k")
	ok(t, d.Put(ctx, "k", "v"))
	is(t, d.Fail(ctx, "why"), directives.ErrGone)

	var told string
	ok(t, d.Keep(ctx, text("kept"), func(_ context.Context, s string) error { told = s; return nil }, naming("lent")))
	equal(t, must(d.Use(ctx))(t), "lent")
	equal(t, told, "kept")
}

type naming string

func (n naming) Name(context.Context) (string, error) { return string(n), nil }

func testNothing(t *testing.T, n emptyiface.Nothing) {
	n.Nothing()
	n.Ctx(within(t))
	ok(t, n.Err())
	ok(t, n.Both(within(t)))
}

func testGeneric(t *testing.T, g generic.Generic) {
	ctx := within(t)
	list := generic.List[generic.Item]{{Name: "a", Size: 1}, {Name: "b", Size: 2}}
	var seen generic.List[generic.Item]
	ok(t, g.Each(ctx, list, func(_ context.Context, v generic.Item) error { seen = append(seen, v); return nil }))
	equal(t, seen, list)
	equal(t, must(g.From(ctx, sourceOf(list), 2))(t), list)
	got, err := pairs(g.All(ctx, generic.Page[generic.Item]{Items: list}))
	ok(t, err)
	equal(t, got, []generic.Pair[int, generic.Item]{{Key: 0, Value: list[0]}, {Key: 1, Value: list[1]}})
}

type sourceOf []generic.Item

func (s sourceOf) Get(_ context.Context, i int) (generic.Item, error) { return s[i], nil }

func testLists(t *testing.T, l lists.Lists) {
	ctx := within(t)
	_, _, _, _, err := l.Structs(ctx, nil, []*lists.Item{{}, nil}, nil, nil)
	hasCode(t, err, tenon.InvalidArgument)
	got, _, _, _, err := l.Slices(ctx, [][]int{nil, {}, {1}}, nil, nil, nil)
	ok(t, err)
	equal(t, len(got), 3)
	_, _, raw, _, err := l.Slices(ctx, nil, nil, [][]byte{nil, {}, {1}}, nil)
	ok(t, err)
	if len(raw) != 3 || raw[0] == nil || raw[1] == nil {
		t.Errorf("elements of [][]byte arrive as %#v: nil, in place of empty", raw)
	}
	_, _, _, named, err := l.Slices(ctx, nil, nil, nil, []lists.Names{{"\xff"}})
	if err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("a string that is not UTF-8 arrives as %q, %v", named, err)
	}
}

func testManyResults(t *testing.T, m manyresults.Many) {
	ctx := within(t)
	m.Nothing()
	is(t, m.OnlyError(), io.ErrUnexpectedEOF)
	n, s, yes, err := m.Named(ctx, 1, "one")
	ok(t, err)
	equal(t, []any{n, s, yes}, []any{1, "one", true})
	n, s, yes, err = m.Unnamed(ctx, 2, "two")
	ok(t, err)
	equal(t, []any{n, s, yes}, []any{2, "two", true})
	n, s = m.NoError(3, "three")
	equal(t, []any{n, s}, []any{3, "three"})
	v := manyresults.Value{Name: "v", N: 4}
	a, b, c, d, err := m.Values(ctx, v)
	ok(t, err)
	equal(t, []any{a, b, c, d}, []any{v, &v, []manyresults.Value{v, v}, map[string]manyresults.Value{"v": v}})
	ten := make([]int, 10)
	ten[0], ten[1], ten[2], ten[3], ten[4], ten[5], ten[6], ten[7], ten[8], ten[9], err = m.Ten(ctx)
	ok(t, err)
	equal(t, ten, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	count, all, err := m.HeadAndStream(ctx, 3)
	ok(t, err)
	equal(t, count, 3)
	equal(t, must(pairs(all))(t), []int{0, 1, 2})
	func() {
		r, f, h, err := m.Refs(ctx, "text")
		ok(t, err)
		equal(t, readAll(t, r), "text")
		equal(t, must(f(ctx))(t), "text")
		equal(t, must(h.Name(ctx))(t), "text")
		ok(t, h.Close())
	}()
	forget()
	if r, f, h, err := m.Refs(ctx, ""); r != nil || f != nil || h != nil || err == nil {
		t.Errorf("beside the error there are %v, %p and %v", r, f, h)
	}
}

func testNoCtx(t *testing.T, s noctx.Store) {
	ok(t, s.Put("a", "1"))
	ok(t, s.Put("b", "2"))
	equal(t, must(s.Get("a"))(t), "1")
	_, err := s.Get("c")
	is(t, err, fs.ErrNotExist)
	equal(t, must(pairs(s.Keys()))(t), []string{"a", "b"})
	var seen []string
	ok(t, s.Each(func(k, v string) error { seen = append(seen, k+v); return nil }))
	equal(t, seen, []string{"a1", "b2"})
	is(t, s.Each(func(string, string) error { return fs.SkipAll }), fs.SkipAll)

	f := must(s.Open("a"))(t)
	equal(t, f.Name(), "a")
	equal(t, must(f.Bytes())(t), []byte("1"))
	d := must(f.Parent())(t)
	equal(t, must(d.Path())(t), "/top")
	tenon.Release(d)
	equal(t, must(s.Lend(f))(t), "/top/a: 1")
	ok(t, f.Close())
	equal(t, f.Name(), "") // it can't say that it is closed
	_, err = s.Open("c")
	is(t, err, fs.ErrNotExist)
	equal(t, must(s.Lend(noctx.NewFile("mine", "text")))(t), "/top/mine: text")

	var b strings.Builder
	equal(t, must(s.Copy(&b, "b"))(t), 1)
	equal(t, b.String(), "2")
	r := must(s.Reader("b"))(t)
	equal(t, readAll(t, r), "2")
	tenon.Release(r)

	ok(t, s.Put("bad", ""))
	keys, err := pairs(s.Keys())
	equal(t, len(keys), 3)
	if err == nil || err.Error() != "there is a bad key" {
		t.Errorf("got %v", err)
	}
}

func testNoError(t *testing.T, c noerror.Counter) {
	ctx := within(t)
	equal(t, c.Last(ctx) == nil, true)
	c.Reset(ctx)
	equal(t, c.Add(ctx, 2), 2)
	equal(t, c.Add(ctx, 3), 5)
	equal(t, c.Get(), 5)
	equal(t, c.Last(ctx), &noerror.Step{N: 3})
	equal(t, slices.Collect(c.Up(ctx, 3)), []int{0, 1, 2})
	sum := 0
	c.Each(ctx, 4, func(n int) { sum += n })
	equal(t, sum, 6)
	equal(t, c.Ask(ctx, func(n int) bool { return n == 5 }), true)
	c.Stop()
	equal(t, c.Get(), -1)
	n, s := c.Panic(ctx)
	equal(t, []any{n, s}, []any{0, ""})
	equal(t, c.Add(canceled(ctx), 1), 0)
}

func testPackageName(t *testing.T, s packagename.Store) {
	v := packagename.Value{Text: "t", Kind: packagename.KindGood}
	got, err := s.Call(within(t), func(_ context.Context, v packagename.Value) (packagename.Value, error) { return v, nil }, v)
	ok(t, err)
	equal(t, got, v)
	is(t, s.Fail(within(t)), packagename.ErrBad)
}

func testPromoted(t *testing.T, s promoted.Store) {
	ctx := within(t)
	ok(t, s.Put(ctx, "a", base.Value{Text: "1"}))
	ok(t, s.Put(ctx, "b", base.Value{Text: "2"}))
	equal(t, must(s.Get(ctx, "a"))(t), base.Value{Text: "1"})
	ok(t, s.Delete(ctx, "a"))
	equal(t, must(s.Keys(ctx))(t), []string{"b"})
	equal(t, s.String(), "memory")
	own := must(s.Own(ctx))(t)
	equal(t, must(own.Get(ctx, "b"))(t), base.Value{Text: "2"})
	tenon.Release(own)
	ok(t, s.Close())
}

func testRecursive(t *testing.T, r recursive.Recursive) {
	ctx := within(t)
	list := func(n int) *recursive.List {
		var l *recursive.List
		for i := range n {
			l = &recursive.List{Value: i, Next: l}
		}
		return l
	}
	got, _, err := r.Self(ctx, list(90), recursive.Tree{})
	ok(t, err)
	equal(t, got, list(90))
	_, _, err = r.Self(ctx, list(200), recursive.Tree{})
	hasCode(t, err, tenon.InvalidArgument)
	ring := &recursive.List{Value: 1}
	ring.Next = ring
	_, _, err = r.Self(ctx, ring, recursive.Tree{})
	hasCode(t, err, tenon.InvalidArgument)
	testKnots(t, r)
}

// testKnots is about lists and maps that contain themselves without a struct
// between.
func testKnots(t *testing.T, r recursive.Recursive) {
	ctx := within(t)
	lists := recursive.Lists{nil, {}, {{nil}, {}}}
	pointers := recursive.Pointers{{}, {{}, {}}}
	a, b, c, d, e, err := r.Lists(ctx, lists, pointers, recursive.Pairs{nil, {{}, {nil, {{}}}}}, []recursive.Lists{lists, nil}, &recursive.Lists{})
	ok(t, err)
	if len(a) != 3 || a[0] != nil || a[1] != nil || len(a[2]) != 2 || len(a[2][0]) != 1 {
		t.Errorf("lists arrive as %#v", a)
	}
	if len(b) != 2 || *b[0] != nil || len(*b[1]) != 2 {
		t.Errorf("pointers to lists arrive as %#v", b)
	}
	if c[0] != nil || len(c[1]) != 2 || c[1][1][0] != nil || len(c[1][1][1]) != 1 {
		t.Errorf("arrays arrive as %#v", c)
	}
	if len(d) != 2 || d[1] != nil || e == nil || *e != nil {
		t.Errorf("a list of them and a pointer arrive as %#v, %#v", d, e)
	}
	maps, _, _, _, err := r.Maps(ctx, recursive.Maps{"nil": nil, "": {}, "a": {"b": {"c": nil}}}, nil, nil, nil)
	ok(t, err)
	if v, ok := maps["nil"]; len(maps) != 3 || !ok || v != nil || len(maps["a"]["b"]) != 1 {
		t.Errorf("maps arrive as %#v", maps)
	}

	_, _, _, _, _, err = r.Lists(ctx, nil, recursive.Pointers{{nil}}, recursive.Pairs{}, nil, nil)
	is(t, err, tenon.ErrNilElement)
	ring := recursive.Lists{nil, nil}
	ring[0], ring[1] = ring, ring
	_, _, _, _, _, err = r.Lists(ctx, ring, nil, recursive.Pairs{}, nil, nil)
	hasCode(t, err, tenon.InvalidArgument)
	knot := recursive.Maps{}
	knot["itself"] = knot
	_, _, _, _, err = r.Maps(ctx, knot, nil, nil, nil)
	hasCode(t, err, tenon.InvalidArgument)
	_, err = r.Knots(ctx, recursive.Knots{Maps: []recursive.Maps{knot}})
	hasCode(t, err, tenon.InvalidArgument)
}

func testShadowed(t *testing.T, s shadowed.Shadows) {
	ctx := within(t)
	equal(t, s.String(), "echo")
	var b strings.Builder
	equal(t, must(s.Reads(ctx, text("text"), &b))(t), 4)
	equal(t, b.String(), "text")
	got, err := s.Visit(ctx, func(_ context.Context, n int, m shadowed.Message) (shadowed.Message, error) {
		m.Mark += n
		return m, nil
	}, shadowed.Message{Mark: 1, Num: 2})
	ok(t, err)
	equal(t, got, shadowed.Message{Mark: 2, Num: 2})
	ok(t, s.Close())
	for _, s := range shadowed.Taken() {
		equal(t, s, "taken")
	}
}

func testStructs(t *testing.T, s structs.Structs) {
	ctx := within(t)
	var opts struct {
		Name  string
		Limit int
		Range struct{ From, To int }
	}
	opts.Name, opts.Limit, opts.Range.To = "n", 2, 3
	got, err := s.Anonymous(ctx, opts)
	ok(t, err)
	equal(t, got.Name, "{n 2 {0 3}}")

	var none []int
	p, err := s.Presence(ctx, structs.Presence{List: &none, Inner: &structs.Inner{}, Time: &time.Time{}})
	ok(t, err)
	if p.List == nil || *p.List != nil || p.Inner == nil || p.Time == nil || !p.Time.IsZero() || p.Map != nil || p.Empty != nil {
		t.Errorf("a pointer to nothing, and nil, arrive as %+v", p)
	}
	n, err := s.Nils(ctx, structs.Nils{Slice: []int{}, Map: map[string]int{}, Bytes: []byte{}, Inner: []structs.Inner{}})
	ok(t, err)
	if n.Slice != nil || n.Map != nil || n.Bytes != nil || n.Inner != nil {
		t.Errorf("empty arrives as %#v, not as nil", n)
	}
}

func testTags(t *testing.T, s tags.Tags) {
	got, err := s.Echo(within(t), tags.Tagged{First: "1", Any: 5, Skipped: func() {}})
	ok(t, err)
	equal(t, got.First, "1")
	if got.Any != nil || got.Skipped != nil || got.Private() != 0 {
		t.Errorf("what is skipped has crossed: %+v", got)
	}
}

func testTexts(t *testing.T, s texts.Texts) {
	_, _, _, _, _, _, err := s.Own(within(t), texts.Text{S: "refused"}, texts.PointerText{}, 0, texts.PointerBinary{}, texts.Both{}, texts.Appending{})
	if err == nil || !strings.Contains(err.Error(), "this text is refused") {
		t.Errorf("got %v", err)
	}
	_, _, _, _, _, _, err = s.Own(within(t), texts.Text{S: "\xff"}, texts.PointerText{}, 0, texts.PointerBinary{}, texts.Both{}, texts.Appending{})
	if err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("got %v", err)
	}
}

func testTimes(t *testing.T, s times.Times) {
	there := time.FixedZone("there", 3600)
	when := time.Date(2031, 5, 17, 12, 0, 0, 42, there)
	equal(t, must(s.Zone(within(t), when))(t), "UTC")
	got, _, err := s.Plain(within(t), when, 0)
	ok(t, err)
	if !got.Equal(when) || got.Location() != time.UTC {
		t.Errorf("%v arrives as %v", when, got)
	}
	_, _, err = s.Plain(within(t), time.Unix(1<<40, 0), 0)
	hasCode(t, err, tenon.InvalidArgument)
}

func testFirst(t *testing.T, f twocontracts.First) {
	second := must(f.Second(within(t)))(t)
	_, n, err := second.Echo(within(t), twocontracts.Shared{}, 3)
	ok(t, err)
	equal(t, n, 3)
	tenon.Release(second)
}

func testThird(t *testing.T, third twocontracts.Third) {
	var told twocontracts.Shared
	v := twocontracts.Shared{Name: "shared", Kind: twocontracts.KindSome}
	ok(t, third.Tell(within(t), twocontracts.Echo1{}, func(_ context.Context, v twocontracts.Shared) error { told = v; return nil }, v))
	equal(t, told, v)
}

func testUnnamed(t *testing.T, u unnamed.Unnamed) {
	ctx := within(t)
	ok(t, u.None(ctx))
	got, err := u.Function(ctx, func(_ context.Context, n int, s string) (string, error) { return s + "!", nil })
	ok(t, err)
	equal(t, got, "seven!")
	equal(t, must(u.Reader(ctx, text("read")))(t), "read")
}

func testVariadic(t *testing.T, v variadic.Variadic) {
	ctx := within(t)
	equal(t, must(v.Ints(ctx))(t), nil)
	equal(t, v.Bare("a", "b"), []string{"a", "b"})
	sum := func(all ...int) (sum int) {
		for _, n := range all {
			sum += n
		}
		return sum
	}
	equal(t, must(v.Call(ctx, sum, 1, 2, 3))(t), 6)
	equal(t, must(v.Call(ctx, sum))(t), 0)
	double := func(n int) int { return 2 * n }
	equal(t, must(v.CallAll(ctx, double, double, double))(t), 8)
	equal(t, must(v.Names(ctx, called("a"), called("b")))(t), "a b")
	_, err := v.Names(ctx, called("a"), nil)
	hasCode(t, err, tenon.InvalidArgument)
}

type called string

func (c called) Name() string { return string(c) }
