// Package fakes has contracts of which fakes are made.
package fakes

import (
	"context"
	"iter"
)

// Store has a fake.
//
//tenon:contract
//tenon:fake
type Store interface {
	Get(ctx context.Context, key string) (string, error)
	Put(ctx context.Context, key string, value ...string) error
	All(ctx context.Context) iter.Seq2[string, error]
	Bare(n int) int
	Unnamed(context.Context, int, string) (int, error)
	Sub(ctx context.Context) (Listener, error)
	Cursor(ctx context.Context) (Cursor, error)
	Changes(ctx context.Context) (<-chan string, error)
	Ticks(ctx context.Context) <-chan int
}

// Listener has a fake, too.
//
//tenon:contract
//tenon:fake
type Listener interface {
	Told(ctx context.Context, what string)
}

// Sizer is an optional part that has one.
//
//tenon:optional Store
//tenon:fake
type Sizer interface {
	Size(ctx context.Context) (int64, error)
}

// GetSizer is a part that has methods of another part.
//
//tenon:optional Store
//tenon:fake
type GetSizer interface {
	Sizer
	GetSize(ctx context.Context, key string) (int64, error)
}

// Cursor is reached from Store, and no contract of its own.
//
//tenon:fake
type Cursor interface {
	Next(ctx context.Context) (string, error)
	Close() error
}
