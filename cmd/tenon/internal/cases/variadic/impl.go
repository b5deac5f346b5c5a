package variadic

import (
	"context"
	"strings"
)

// Echo returns what it is given.
type Echo struct{}

// Ints returns v.
func (Echo) Ints(_ context.Context, v ...int) ([]int, error) { return v, nil }

// Bytes returns v.
func (Echo) Bytes(_ context.Context, first string, v ...byte) (string, []byte, error) {
	return first, v, nil
}

// Structs returns v.
func (Echo) Structs(_ context.Context, v ...Item) ([]Item, error) { return v, nil }

// Slices returns v.
func (Echo) Slices(_ context.Context, v ...[]string) ([][]string, error) { return v, nil }

// Pointers returns v.
func (Echo) Pointers(_ context.Context, v ...*Item) ([]*Item, error) { return v, nil }

// Bare returns v.
func (Echo) Bare(v ...string) []string { return v }

// Call calls f.
func (Echo) Call(_ context.Context, f func(v ...int) int, v ...int) (int, error) { return f(v...), nil }

// CallAll calls each with what the one before has returned.
func (Echo) CallAll(_ context.Context, f ...func(n int) int) (int, error) {
	n := 1
	for _, f := range f {
		n = f(n)
	}
	return n, nil
}

// Names joins the names.
func (Echo) Names(_ context.Context, v ...Named) (string, error) {
	var names []string
	for _, v := range v {
		names = append(names, v.Name())
	}
	return strings.Join(names, " "), nil
}
