package streams

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
)

// ErrStream is how streams fail.
var ErrStream = errors.New("the stream failed")

// MakeItem returns the i-th item.
func MakeItem(i int) Item { return Item{Name: "item " + strconv.Itoa(i), N: i} }

// Sources implements Results.
type Sources struct{}

func each[T any](n int, f func(int) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range n {
			if !yield(f(i)) {
				return
			}
		}
	}
}

func each2[T any](n int, f func(int) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v := range each(n, f) {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func same(i int) int { return i }

// Seq counts.
func (Sources) Seq(_ context.Context, n int) iter.Seq[int] { return each(n, same) }

// SeqErr yields n items and then fails, if fail is not empty.
func (Sources) SeqErr(_ context.Context, n int, fail string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for i := range n {
			if !yield(MakeItem(i), nil) {
				return
			}
		}
		if fail != "" {
			yield(Item{}, fmt.Errorf("%s: %w", fail, ErrStream))
		}
	}
}

// Pairs yields names and items.
func (Sources) Pairs(_ context.Context, n int) iter.Seq2[string, Item] {
	return func(yield func(string, Item) bool) {
		for i := range n {
			if !yield(strconv.Itoa(i), MakeItem(i)) {
				return
			}
		}
	}
}

// Chan sends n items.
func (Sources) Chan(ctx context.Context, n int) <-chan Item {
	c := make(chan Item)
	go func() {
		defer close(c)
		for i := range n {
			select {
			case c <- MakeItem(i):
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}

// ChanErr is Chan, and fails when n is negative.
func (s Sources) ChanErr(ctx context.Context, n int) (<-chan Item, error) {
	if n < 0 {
		return nil, ErrStream
	}
	return s.Chan(ctx, n), nil
}

// Head has results beside the stream.
func (s Sources) Head(ctx context.Context, n int) (int, string, iter.Seq2[Item, error], error) {
	if n < 0 {
		return 0, "", nil, ErrStream
	}
	return n, "head", s.SeqErr(ctx, n, "after the head"), nil
}

// HeadOnly has an error beside the stream.
func (s Sources) HeadOnly(ctx context.Context, n int) (iter.Seq[int], error) {
	if n < 0 {
		return nil, ErrStream
	}
	return s.Seq(ctx, n), nil
}

// HeadLater has results after the stream.
func (Sources) HeadLater(_ context.Context, n int) (iter.Seq[string], int, error) {
	return each(n, strconv.Itoa), n, nil
}

// Lists yields lists of growing length.
func (Sources) Lists(_ context.Context, n int) iter.Seq2[[]int, error] {
	return each2(n, func(i int) []int { return make([]int, min(i, 100)) })
}

// Maps yields maps.
func (Sources) Maps(_ context.Context, n int) iter.Seq[map[string]int] {
	return each(n, func(i int) map[string]int { return map[string]int{"i": i} })
}

// Pointers yields pointers, of which every other is nil.
func (Sources) Pointers(_ context.Context, n int) iter.Seq[*Item] {
	return each(n, func(i int) *Item {
		if i%2 == 1 {
			return nil
		}
		item := MakeItem(i)
		return &item
	})
}

// Bytes yields large pieces.
func (Sources) Bytes(_ context.Context, n, size int) iter.Seq2[[]byte, error] {
	return each2(n, func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, max(0, min(size, 1<<20))) })
}

// Readers yields readers.
func (Sources) Readers(_ context.Context, n int) iter.Seq2[io.ReadCloser, error] {
	return each2(n, func(i int) io.ReadCloser { return io.NopCloser(strings.NewReader(strconv.Itoa(i))) })
}

// Bare has no context.
func (Sources) Bare(n int) iter.Seq2[int, error] { return each2(n, same) }

// BareSeq has neither a context nor an error.
func (Sources) BareSeq(n int) iter.Seq[int] { return each(n, same) }

// Endless ends with its context.
func (Sources) Endless(ctx context.Context) iter.Seq2[time.Time, error] {
	return func(yield func(time.Time, error) bool) {
		for i := 0; ; i++ {
			if ctx.Err() != nil {
				yield(time.Time{}, ctx.Err())
				return
			}
			if !yield(time.Unix(int64(i), 0), nil) {
				return
			}
		}
	}
}

// Named yields items.
func (Sources) Named(_ context.Context, n int) ItemSeq { return ItemSeq(each(n, MakeItem)) }
