// Package manyresults has methods with many results, and with none.
package manyresults

import (
	"context"
	"io"
	"iter"
)

// Many returns what it is given, and more.
//
//tenon:contract
type Many interface {
	Nothing()
	OnlyError() error
	Named(ctx context.Context, n int, s string) (number int, text string, ok bool, err error)
	Unnamed(ctx context.Context, n int, s string) (int, string, bool, error)
	NoError(n int, s string) (int, string)
	Values(ctx context.Context, v Value) (Value, *Value, []Value, map[string]Value, error)
	Refs(ctx context.Context, s string) (io.ReadCloser, func(ctx context.Context) (string, error), Handle, error)
	HeadAndStream(ctx context.Context, n int) (count int, all iter.Seq2[int, error], err error)
	Ten(ctx context.Context) (a, b, c, d, e, f, g, h, i, j int, err error)
}

// Value is a struct.
type Value struct {
	Name string
	N    int
}

// Handle is a ref.
type Handle interface {
	Name(ctx context.Context) (string, error)
	Close() error
}
