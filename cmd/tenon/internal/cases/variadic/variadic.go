// Package variadic has variadic methods.
package variadic

import "context"

// Variadic returns what it is given.
//
//tenon:contract
type Variadic interface {
	Ints(ctx context.Context, v ...int) ([]int, error)
	Bytes(ctx context.Context, first string, v ...byte) (string, []byte, error)
	Structs(ctx context.Context, v ...Item) ([]Item, error)
	Slices(ctx context.Context, v ...[]string) ([][]string, error)
	Pointers(ctx context.Context, v ...*Item) ([]*Item, error)
	Bare(v ...string) []string
	Call(ctx context.Context, f func(v ...int) int, v ...int) (int, error)
	CallAll(ctx context.Context, f ...func(n int) int) (int, error)
	Names(ctx context.Context, v ...Named) (string, error)
}

// Item is a struct.
type Item struct{ Name string }

// Named has a name.
type Named interface{ Name() string }
