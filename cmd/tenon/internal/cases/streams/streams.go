// Package streams has streams of every kind, in every direction.
package streams

import (
	"context"
	"io"
	"iter"
	"time"
)

// Results has streams as results.
//
//tenon:contract
type Results interface {
	Seq(ctx context.Context, n int) iter.Seq[int]
	SeqErr(ctx context.Context, n int, fail string) iter.Seq2[Item, error]
	Pairs(ctx context.Context, n int) iter.Seq2[string, Item]
	Chan(ctx context.Context, n int) <-chan Item
	ChanErr(ctx context.Context, n int) (<-chan Item, error)
	Head(ctx context.Context, n int) (count int, name string, all iter.Seq2[Item, error], err error)
	HeadOnly(ctx context.Context, n int) (iter.Seq[int], error)
	HeadLater(ctx context.Context, n int) (all iter.Seq[string], count int, err error)
	Lists(ctx context.Context, n int) iter.Seq2[[]int, error]
	Maps(ctx context.Context, n int) iter.Seq[map[string]int]
	Pointers(ctx context.Context, n int) iter.Seq[*Item]
	Bytes(ctx context.Context, n, size int) iter.Seq2[[]byte, error]
	Readers(ctx context.Context, n int) iter.Seq2[io.ReadCloser, error]
	Bare(n int) iter.Seq2[int, error]
	BareSeq(n int) iter.Seq[int]
	Endless(ctx context.Context) iter.Seq2[time.Time, error]
	Named(ctx context.Context, n int) ItemSeq
}

// ItemSeq is a named function type that is a stream.
type ItemSeq iter.Seq[Item]

// Arguments has streams as arguments.
//
//tenon:contract
type Arguments interface {
	Sum(ctx context.Context, numbers iter.Seq[int]) (int, error)
	Join(ctx context.Context, sep string, parts iter.Seq2[string, error]) (string, error)
	Collect(ctx context.Context, pairs iter.Seq2[string, int]) (map[string]int, error)
	Drain(ctx context.Context, items <-chan Item) ([]Item, error)
	First(ctx context.Context, numbers iter.Seq[int], n int) ([]int, error)
	Ignore(ctx context.Context, numbers iter.Seq[int]) error
	IgnoreChan(ctx context.Context, items <-chan Item) error
	Refuse(ctx context.Context, numbers iter.Seq[int]) error
	Bare(numbers iter.Seq[int]) int
	Structs(ctx context.Context, items iter.Seq[Item]) ([]Item, error)
}

// Both has streams in both directions.
//
//tenon:contract
type Both interface {
	Double(ctx context.Context, numbers iter.Seq[int]) iter.Seq2[int, error]
	Upper(ctx context.Context, prefix string, lines iter.Seq2[string, error]) iter.Seq2[string, error]
	Chans(ctx context.Context, in <-chan Item) <-chan Item
	Head(ctx context.Context, in <-chan int) (first int, rest iter.Seq2[int, error], err error)
}

// Item is an element.
type Item struct {
	Name string
	N    int
}
