package cases_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/callbacks"
)

func testCallbacks(t *testing.T, c callbacks.Callbacks) {
	t.Run("shapes", func(t *testing.T) { testCallbackShapes(t, c) })
	t.Run("streams", func(t *testing.T) { testCallbackStreams(t, c) })
	t.Run("named", func(t *testing.T) { testNamedCallbacks(t, c) })
	t.Run("fields", func(t *testing.T) { testCallbackFields(t, c) })
	t.Run("results", func(t *testing.T) { testFunctionResults(t, c) })
	t.Run("keep", func(t *testing.T) { testKeptCallback(t, c) })
}

func testCallbackShapes(t *testing.T, c callbacks.Callbacks) {
	ctx := within(t)
	n := 0
	ok(t, c.Plain(ctx, func() { n++ }))
	equal(t, n, 2)

	s, i, err := c.Full(ctx, func(_ context.Context, n int, s string) (string, int, error) { return s + "!", n + 1, nil })
	ok(t, err)
	equal(t, s, "seven!")
	equal(t, i, 8)
	_, _, err = c.Full(ctx, func(context.Context, int, string) (string, int, error) { return "", 0, io.ErrNoProgress })
	is(t, err, io.ErrNoProgress)

	equal(t, must(c.NoCtx(ctx, func(n int) (int, error) { return -n, nil }))(t), -7)
	equal(t, must(c.NoErr(ctx, func(_ context.Context, n int) int { return 2 * n }))(t), 14)
	v := callbacks.Value{Name: "v", N: 3}
	got, err := c.Shapes(ctx, func(_ context.Context, v ...callbacks.Value) ([]callbacks.Value, error) { return v[1:], nil }, v)
	ok(t, err)
	equal(t, got, []callbacks.Value{v, v})
}

func testCallbackStreams(t *testing.T, c callbacks.Callbacks) {
	ctx := within(t)
	sum, err := c.Streams(ctx, func(_ context.Context, n int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}
	})
	ok(t, err)
	equal(t, sum, 45)
	n, err := c.Reader(ctx, func(_ context.Context, r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }, strings.Repeat("x", 100_000))
	ok(t, err)
	equal(t, n, 100_000)
	ok(t, c.Inner(ctx, func(ctx context.Context, g func(context.Context, string) error) error {
		return errors.Join(g(ctx, "one"), g(ctx, "two"))
	}))
}

func testNamedCallbacks(t *testing.T, c callbacks.Callbacks) {
	ctx := within(t)
	seen := 0
	ok(t, c.Named(ctx, func(_ context.Context, v callbacks.Value) (bool, error) {
		seen++
		return v.N < 4, nil
	}, 10))
	equal(t, seen, 5)

	sum, err := c.List(ctx, []func(context.Context) (int, error){
		func(context.Context) (int, error) { return 1, nil },
		func(context.Context) (int, error) { return 2, nil },
	}, map[string]callbacks.Visitor{"v": func(_ context.Context, v callbacks.Value) (bool, error) { seen++; return v.Name == "v", nil }})
	ok(t, err)
	equal(t, sum, 3)
	equal(t, seen, 6)
	_, err = c.List(ctx, []func(context.Context) (int, error){nil}, nil)
	hasCode(t, err, tenon.InvalidArgument)
}

func testCallbackFields(t *testing.T, c callbacks.Callbacks) {
	ctx := within(t)
	var said []string
	say := func(s string) { said = append(said, s) }
	visit := func(_ context.Context, v callbacks.Value) (bool, error) { say("visit " + v.Name); return true, nil }
	handlers := func(name string) callbacks.Handlers {
		return callbacks.Handlers{
			Name:  name,
			Start: func(_ context.Context, name string) error { say("start " + name); return nil },
			Stop:  func() { say("stop " + name) },
			Visit: visit,
			List:  []callbacks.Visitor{visit},
			Named: map[string]func(context.Context) (string, error){"who": func(context.Context) (string, error) { return name, nil }},
		}
	}
	outer, inner := handlers("outer"), handlers("inner")
	outer.Inner = &inner
	got, err := c.Struct(ctx, outer)
	ok(t, err)
	equal(t, got, "outer who=outer inner who=inner")
	equal(t, strings.Join(said, ", "), "start outer, visit outer, visit outer, start inner, visit inner, visit inner, stop inner, stop outer")

	_, err = c.Struct(ctx, callbacks.Handlers{})
	is(t, err, callbacks.ErrNil)
	equal(t, must(c.Nil(ctx, nil, nil, callbacks.Handlers{}))(t), true)
	equal(t, must(c.Nil(ctx, nil, nil, callbacks.Handlers{Stop: func() {}}))(t), false)
}

func testFunctionResults(t *testing.T, c callbacks.Callbacks) {
	ctx := within(t)
	_, err := c.Result(ctx, "nil")
	hasCode(t, err, tenon.Internal)
	func() { // so that the function is forgotten at the end
		f, err := c.Result(ctx, "prefix ")
		ok(t, err)
		equal(t, must(f(ctx, "text"))(t), "prefix text")
	}()
	forget()
}

func testKeptCallback(t *testing.T, c callbacks.Callbacks) {
	ctx := within(t)
	var said string
	ok(t, c.Keep(ctx, func(_ context.Context, s string) error { said = s; return nil }))
	ok(t, c.Kept(ctx, "kept"))
	equal(t, said, "kept")
	is(t, c.Kept(ctx, ""), callbacks.ErrNil)
}
