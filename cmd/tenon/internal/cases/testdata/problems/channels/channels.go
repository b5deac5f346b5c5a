// Package channels has channels and iterators where they can't be.
package channels

import (
	"context"
	"iter"
)

//tenon:contract
type Store interface {
	Both(ctx context.Context, c chan int) error
	Send(ctx context.Context, c chan<- int) error
	Result(ctx context.Context) (chan string, error)
	List(ctx context.Context, c []<-chan int) error
	Field(ctx context.Context, v Value) error
	Two(ctx context.Context, a, b iter.Seq[int]) error
	TwoResults(ctx context.Context) (iter.Seq[int], <-chan string)
	Iterators(ctx context.Context, v []iter.Seq[int]) error
	Nested(ctx context.Context, v iter.Seq[iter.Seq[int]]) error
	OfAny(ctx context.Context) iter.Seq[any]
}

type Value struct {
	C   chan int
	All iter.Seq2[string, error]
}
