// Package generics has type parameters where types have to be known.
package generics

import "context"

//tenon:contract
type Store[T any] interface {
	Get(ctx context.Context) (T, error)
}

//tenon:contract
type Union interface {
	~int | ~string
}

//tenon:contract
type Private interface {
	Get(ctx context.Context) error
	hidden()
}

//tenon:contract
type NotAnInterface struct{ A int }

//tenon:contract
type Function func(ctx context.Context) error

//tenon:contract
type Good interface {
	Expanding(ctx context.Context, v Expanding[int]) error
}

type Expanding[T any] struct{ Next *Expanding[[]T] }
