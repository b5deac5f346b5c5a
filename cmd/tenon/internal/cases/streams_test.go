package cases_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/streams"
)

func items(n int) []streams.Item {
	var all []streams.Item
	for i := range n {
		all = append(all, streams.MakeItem(i))
	}
	return all
}

func testResults(t *testing.T, r streams.Results) {
	t.Run("iterators", func(t *testing.T) { testIterators(t, r) })
	t.Run("elements", func(t *testing.T) { testElements(t, r) })
	t.Run("channels", func(t *testing.T) { testChannels(t, r) })
	t.Run("heads", func(t *testing.T) { testHeads(t, r) })
	t.Run("ends", func(t *testing.T) { testStreamEnds(t, r) })
}

func testIterators(t *testing.T, r streams.Results) {
	ctx := within(t)
	for _, n := range []int{0, 1, 1000} {
		equal(t, slices.Collect(r.Seq(ctx, n)), count(n))
		equal(t, slices.Collect(r.BareSeq(n)), count(n))
		equal(t, slices.Collect(iter.Seq[streams.Item](r.Named(ctx, n))), items(n))
		got, err := pairs(r.SeqErr(ctx, n, ""))
		ok(t, err)
		equal(t, got, items(n))
		got, err = pairs(r.SeqErr(ctx, n, "at the end"))
		equal(t, got, items(n))
		is(t, err, streams.ErrStream)
		if err != nil && err.Error() != "at the end: the stream failed" {
			t.Errorf("got %q", err)
		}
		numbers, err := pairs(r.Bare(n))
		ok(t, err)
		equal(t, numbers, count(n))
	}
	i := 0
	for name, item := range r.Pairs(ctx, 20) {
		equal(t, name, strconv.Itoa(i))
		equal(t, item, streams.MakeItem(i))
		i++
	}
	equal(t, i, 20)

	again := r.Seq(ctx, 3)
	equal(t, slices.Collect(again), slices.Collect(again))
}

func testElements(t *testing.T, r streams.Results) {
	ctx := within(t)
	lists, err := pairs(r.Lists(ctx, 4))
	ok(t, err)
	equal(t, lists, [][]int{nil, {0}, {0, 0}, {0, 0, 0}})
	equal(t, slices.Collect(r.Maps(ctx, 3)), []map[string]int{{"i": 0}, {"i": 1}, {"i": 2}})

	zero, two := streams.MakeItem(0), streams.MakeItem(2)
	equal(t, slices.Collect(r.Pointers(ctx, 4)), []*streams.Item{&zero, nil, &two, nil})

	large, err := pairs(r.Bytes(ctx, 20, 100_000))
	ok(t, err)
	for i, b := range large {
		if len(b) != 100_000 || b[0] != byte(i) || b[99_999] != byte(i) {
			t.Fatalf("element %d has %d bytes, from %d to %d", i, len(b), b[0], b[len(b)-1])
		}
	}
	equal(t, len(large), 20)

	var read []string
	for rc, err := range r.Readers(ctx, 3) {
		ok(t, err)
		read = append(read, readAll(t, rc))
	}
	equal(t, read, []string{"0", "1", "2"})
}

func testChannels(t *testing.T, r streams.Results) {
	ctx := within(t)
	for _, n := range []int{0, 1, 1000} {
		var got []streams.Item
		for item := range r.Chan(ctx, n) {
			got = append(got, item)
		}
		equal(t, got, items(n))
	}
	c, err := r.ChanErr(ctx, 2)
	ok(t, err)
	equal(t, <-c, streams.MakeItem(0))
	equal(t, <-c, streams.MakeItem(1))
	if _, more := <-c; more {
		t.Error("a channel of two has a third element")
	}
	if _, err := r.ChanErr(ctx, -1); !errors.Is(err, streams.ErrStream) {
		t.Errorf("got %v", err)
	}

	// Nobody receives: the call ends with its context.
	ctx, cancel := context.WithCancel(ctx)
	c = r.Chan(ctx, 1_000_000)
	<-c
	cancel()
	for range c {
	}
}

func testHeads(t *testing.T, r streams.Results) {
	ctx := within(t)
	n, name, all, err := r.Head(ctx, 3)
	ok(t, err)
	equal(t, n, 3)
	equal(t, name, "head")
	got, err := pairs(all)
	equal(t, got, items(3))
	is(t, err, streams.ErrStream)

	_, _, all, err = r.Head(ctx, -1)
	is(t, err, streams.ErrStream)
	if all != nil {
		t.Error("there is a stream beside the error")
	}
	numbers, err := r.HeadOnly(ctx, 4)
	ok(t, err)
	equal(t, slices.Collect(numbers), count(4))
	_, err = r.HeadOnly(ctx, -1)
	is(t, err, streams.ErrStream)

	strs, n, err := r.HeadLater(ctx, 2)
	ok(t, err)
	equal(t, n, 2)
	equal(t, slices.Collect(strs), []string{"0", "1"})

	// What nobody ranges over ends with the context.
	unused, cancel := context.WithCancel(ctx)
	_, _, _, err = r.Head(unused, 1_000_000)
	ok(t, err)
	cancel()
}

func testStreamEnds(t *testing.T, r streams.Results) {
	ctx := within(t)
	n := 0
	for _, err := range r.Endless(ctx) {
		ok(t, err)
		if n++; n == 100 {
			break
		}
	}
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	var last error
	for _, err := range r.Endless(soon) {
		last = err
	}
	is(t, last, context.DeadlineExceeded)
	for _, err := range r.Endless(canceled(ctx)) {
		last = err
	}
	is(t, last, context.Canceled)
}

func testArguments(t *testing.T, a streams.Arguments) {
	t.Run("iterators", func(t *testing.T) { testArgumentIterators(t, a) })
	t.Run("channels", func(t *testing.T) { testArgumentChannels(t, a) })
	t.Run("left", func(t *testing.T) { testLeftArguments(t, a) })
}

func testArgumentIterators(t *testing.T, a streams.Arguments) {
	ctx := within(t)
	for _, n := range []int{0, 1, 1000} {
		equal(t, must(a.Sum(ctx, slices.Values(count(n))))(t), n*(n-1)/2)
		equal(t, a.Bare(slices.Values(count(n))), n*(n-1)/2)
		equal(t, must(a.Structs(ctx, slices.Values(items(n))))(t), items(n))
	}
	parts := func(fail error, parts ...string) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for _, p := range parts {
				if !yield(p, nil) {
					return
				}
			}
			if fail != nil {
				yield("", fail)
			}
		}
	}
	equal(t, must(a.Join(ctx, "-", parts(nil, "a", "", "b")))(t), "a--b")
	equal(t, must(a.Join(ctx, "-", parts(nil)))(t), "")
	_, err := a.Join(ctx, "-", parts(fmt.Errorf("no more: %w", streams.ErrStream), "a", "b"))
	is(t, err, streams.ErrStream)
	if err != nil && err.Error() != "after 2: no more: the stream failed" {
		t.Errorf("got %q", err)
	}
	m, err := a.Collect(ctx, func(yield func(string, int) bool) {
		_ = yield("a", 1) && yield("", 0) && yield("b", 2)
	})
	ok(t, err)
	equal(t, m, map[string]int{"a": 1, "": 0, "b": 2})
}

func testArgumentChannels(t *testing.T, a streams.Arguments) {
	ctx := within(t)
	for _, n := range []int{0, 1, 1000} {
		c := make(chan streams.Item)
		go func() {
			defer close(c)
			for _, item := range items(n) {
				c <- item
			}
		}()
		equal(t, must(a.Drain(ctx, c))(t), items(n))
	}
	// Nobody ever sends: the call ends all the same.
	never := make(chan streams.Item)
	soon, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	ok(t, a.IgnoreChan(soon, never))
	soon, cancel = context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err := a.Drain(soon, never)
	is(t, err, context.DeadlineExceeded)
}

func testLeftArguments(t *testing.T, a streams.Arguments) {
	ctx := within(t)
	endless := func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	}
	equal(t, must(a.First(ctx, endless, 3))(t), []int{0, 1, 2})
	ok(t, a.Ignore(ctx, endless))
	is(t, a.Refuse(ctx, endless), streams.ErrStream)
	ok(t, a.Ignore(ctx, values[int]()))
	ok(t, a.Refuse(ctx, values[int]()))

	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err := a.Sum(soon, endless)
	is(t, err, context.DeadlineExceeded)
}

func testBoth(t *testing.T, b streams.Both) {
	ctx := within(t)
	for _, n := range []int{0, 1, 1000} {
		got, err := pairs(b.Double(ctx, slices.Values(count(n))))
		ok(t, err)
		want := count(n)
		for i := range want {
			want[i] *= 2
		}
		equal(t, got, want)
	}

	lines, err := pairs(b.Upper(ctx, "> ", func(yield func(string, error) bool) {
		_ = yield("one", nil) && yield("two", nil) && yield("", io.ErrNoProgress)
	}))
	equal(t, strings.Join(lines, ","), "> ONE,> TWO")
	is(t, err, io.ErrNoProgress)

	in := make(chan streams.Item)
	out := b.Chans(ctx, in)
	for i := range 10 { // in turns: neither waits for the other's end
		in <- streams.Item{N: i}
		equal(t, <-out, streams.Item{N: i + 1})
	}
	close(in)
	if item, more := <-out; more {
		t.Errorf("got %v", item)
	}
	testBothHeads(t, b)
}

func testBothHeads(t *testing.T, b streams.Both) {
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	numbers := make(chan int)
	go func() {
		defer close(numbers)
		for i := range 5 {
			numbers <- i + 10
		}
	}()
	first, rest, err := b.Head(ctx, numbers)
	ok(t, err)
	equal(t, first, 10)
	got, err := pairs(rest)
	ok(t, err)
	equal(t, got, []int{11, 12, 13, 14})

	none := make(chan int)
	close(none)
	_, _, err = b.Head(ctx, none)
	is(t, err, streams.ErrStream)

	// The caller leaves the loop: the other direction ends, too.
	endless := func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	}
	for n, err := range b.Double(ctx, endless) {
		ok(t, err)
		if n == 20 {
			break
		}
	}
}
