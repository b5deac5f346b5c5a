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
}

// Listener has a fake, too.
//
//tenon:contract
//tenon:fake
type Listener interface {
	Told(ctx context.Context, what string)
}
