package cases_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/across"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/across/base"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/refs"
)

// A node is a refs.Node of this side.
type node struct {
	name   string
	closed int
}

func (n *node) Name(context.Context) (string, error) { return n.name, nil }

func (n *node) Child(_ context.Context, name string) (refs.Node, error) {
	return &node{name: n.name + "." + name}, nil
}

func (n *node) Visit(ctx context.Context, v refs.Visitor) error { return v.Visit(ctx, n) }

func (n *node) Close() error {
	n.closed++
	return nil
}

// A visitor collects names.
type visitor struct{ names []string }

func (v *visitor) Visit(ctx context.Context, n refs.Node) error {
	name, err := n.Name(ctx)
	v.names = append(v.names, name)
	return err
}

func testRefs(t *testing.T, r refs.Refs) {
	t.Run("theirs", func(t *testing.T) { testTheirNodes(t, r) })
	t.Run("ours", func(t *testing.T) { testOurNodes(t, r) })
	t.Run("nil", func(t *testing.T) { testNilRefs(t, r) })
	t.Run("lists", func(t *testing.T) { testRefLists(t, r) })
	t.Run("keep", func(t *testing.T) { testKeptRefs(t, r) })
	t.Run("contracts", func(t *testing.T) { testRefsOfContracts(t, r) })
	t.Run("readers", func(t *testing.T) { testRefReaders(t, r) })
}

func testTheirNodes(t *testing.T, r refs.Refs) {
	ctx := within(t)
	n := must(r.Make(ctx, "root"))(t)
	equal(t, must(n.Name(ctx))(t), "root")
	child := must(n.Child(ctx, "a"))(t)
	equal(t, must(child.Name(ctx))(t), "root/a")
	if _, err := n.Child(ctx, ""); err == nil || err.Error() != "no name" {
		t.Errorf("got %v", err)
	}
	var v visitor
	ok(t, child.Visit(ctx, &v))
	equal(t, v.names, []string{"root/a"})

	// Theirs comes home to them, and what they pass back is theirs still.
	equal(t, must(r.Home(ctx, n))(t), true)
	again := must(r.Same(ctx, n))(t)
	equal(t, must(again.Name(ctx))(t), "root")
	for _, n := range []refs.Node{again, child, n} {
		ok(t, n.Close())
	}
	if _, err := child.Name(ctx); tenon.CodeOf(err) != tenon.FailedPrecondition {
		t.Errorf("after Close: %v", err)
	}
}

func testOurNodes(t *testing.T, r refs.Refs) {
	ctx := within(t)
	mine := &node{name: "mine"}
	equal(t, must(r.Name(ctx, mine))(t), "mine")
	equal(t, must(r.Home(ctx, mine))(t), false)
	if got := must(r.Same(ctx, mine))(t); got != refs.Node(mine) {
		t.Errorf("what came home is %#v", got)
	}
	double := must(r.Inline(ctx, doubler{}, 21))(t)
	equal(t, double, 42)
	if _, err := r.Inline(ctx, doubler{}, -1); err == nil || err.Error() != "negative" {
		t.Errorf("got %v", err)
	}
}

type doubler struct{}

func (doubler) Double(_ context.Context, n int) (int, error) {
	if n < 0 {
		return 0, errors.New("negative")
	}
	return 2 * n, nil
}

func testNilRefs(t *testing.T, r refs.Refs) {
	ctx := within(t)
	equal(t, must(r.IsNil(ctx, nil, nil, refs.Struct{}))(t), true)
	equal(t, must(r.IsNil(ctx, &node{}, nil, refs.Struct{}))(t), false)
	equal(t, must(r.IsNil(ctx, nil, nil, refs.Struct{Inner: &refs.Struct{}}))(t), false)
	if n, err := r.Nothing(ctx); n != nil || tenon.CodeOf(err) != tenon.Internal {
		t.Errorf("a nil result is %v, %v", n, err)
	}
	_, err := r.List(ctx, []refs.Node{&node{}, nil}, nil)
	hasCode(t, err, tenon.InvalidArgument)
	_, err = r.List(ctx, nil, map[string]refs.Node{"nil": nil})
	hasCode(t, err, tenon.InvalidArgument)
}

func testRefLists(t *testing.T, r refs.Refs) {
	ctx := within(t)
	a, b, c := &node{name: "a"}, &node{name: "b"}, &node{name: "c"}
	theirs := must(r.Make(ctx, "theirs"))(t)
	got := must(r.List(ctx, []refs.Node{a, theirs, b}, map[string]refs.Node{"c": c}))(t)
	if len(got) != 4 || got[0] != refs.Node(a) || got[2] != refs.Node(b) || got[3] != refs.Node(c) {
		t.Fatalf("got %v", got)
	}
	equal(t, must(got[1].Name(ctx))(t), "theirs")
	ok(t, got[1].Close())

	s := must(r.Struct(ctx, refs.Struct{
		Name: "s:", Node: a, Nodes: []refs.Node{b, theirs}, R: text("read"),
		By: map[string]refs.Node{"c": c}, Inner: &refs.Struct{Node: c},
	}))(t)
	if s.Node != refs.Node(a) || s.Nodes[0] != refs.Node(b) || s.By["c"] != refs.Node(c) || s.Inner.Node != refs.Node(c) || s.R != nil {
		t.Errorf("got %+v", s)
	}
	equal(t, s.Name, "s:read")
	ok(t, s.Nodes[1].Close())
	ok(t, theirs.Close())

	var names []string
	for n, err := range r.Stream(ctx, 5) {
		ok(t, err)
		names = append(names, must(n.Name(ctx))(t))
		ok(t, n.Close())
	}
	equal(t, strings.Join(names, " "), "0 1 2 3 4")
	equal(t, must(r.Each(ctx, values[refs.Node](a, b, c)))(t), "a b c")
}

func testKeptRefs(t *testing.T, r refs.Refs) {
	ctx := within(t)
	a, b, c := &node{name: "a"}, &node{name: "b"}, &node{name: "c"}
	ok(t, r.Keep(ctx, a, refs.Struct{Node: b, Nodes: []refs.Node{c}}))
	equal(t, must(r.Kept(ctx))(t), "a b c")
	if a.closed != 1 || b.closed != 1 || c.closed != 1 {
		t.Errorf("closed %d, %d and %d times", a.closed, b.closed, c.closed)
	}
	ok(t, r.Keep(ctx, nil, refs.Struct{}))
	equal(t, must(r.Kept(ctx))(t), "")
}

func testRefsOfContracts(t *testing.T, r refs.Refs) {
	ctx := within(t)
	self := must(r.Self(ctx))(t)
	equal(t, must(self.Other(ctx, &refs.Impl{}, "x"))(t), "x")
	equal(t, must(r.Other(ctx, self, "x"))(t), "myself")
	refs.Release(self)
}

func testRefReaders(t *testing.T, r refs.Refs) {
	ctx := within(t)
	var b strings.Builder
	ok(t, r.Writer(ctx, &b, "written"))
	equal(t, b.String(), "written")
	equal(t, readAll(t, must(r.Reader(ctx, "read"))(t)), "read")
}

// A listener counts events.
type listener struct {
	events []base.Event
	err    error
}

func (l *listener) Told(_ context.Context, e base.Event) error {
	l.events = append(l.events, e)
	return l.err
}

type plain struct{}

func (plain) Plain(_ context.Context, e base.Event) (base.Event, error) {
	e.Name += "!"
	return e, nil
}

func testAcross(t *testing.T, a across.Across) {
	ctx := within(t)
	event := base.Event{Name: "e", Kind: base.KindSecond, Sub: []base.Sub{{N: 1}, {N: 2}}}
	l := new(listener)
	ok(t, a.Tell(ctx, l, event))
	equal(t, l.events, []base.Event{event})

	failing := &listener{err: fmt.Errorf("told: %w", base.ErrBase)}
	is(t, a.Tell(ctx, failing, event), base.ErrBase)

	theirs := must(a.Make(ctx))(t)
	before := must(a.Told(ctx))(t)
	ok(t, theirs.Told(ctx, event))
	equal(t, must(a.Told(ctx))(t), before+1)
	equal(t, must(a.Home(ctx, theirs))(t), true)
	equal(t, must(a.Home(ctx, l))(t), false)

	ok(t, a.Subscribe(ctx, l))
	ok(t, a.Publish(ctx, event))
	equal(t, len(l.events), 2)

	got := must(a.Plain(ctx, plain{}, event))(t)
	equal(t, got.Name, "e!!")

	ok(t, a.Struct(ctx, across.WithListener{Listener: l, Listeners: []base.Listener{l, theirs}, Event: event}))
	equal(t, len(l.events), 4)
	equal(t, must(a.Told(ctx))(t), before+2)
	tenon.Release(theirs)
}
