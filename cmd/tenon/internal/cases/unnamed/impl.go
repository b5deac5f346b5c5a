package unnamed

import (
	"context"
	"io"
)

// Echo returns what it is given.
type Echo struct{}

// None does nothing.
func (Echo) None(context.Context) error { return nil }

// One returns its argument.
func (Echo) One(_ context.Context, s string) (string, error) { return s, nil }

// Many returns its arguments.
func (Echo) Many(_ context.Context, n int, s string, b []byte) (int, string, []byte, error) {
	return n, s, b, nil
}

// Blank returns its arguments.
func (Echo) Blank(_ context.Context, n int, s string) (int, string, error) { return n, s, nil }

// Mixed returns its arguments.
func (Echo) Mixed(_ context.Context, a int, name string, b int) (int, string, int, error) {
	return a, name, b, nil
}

// Function calls f.
func (Echo) Function(ctx context.Context, f func(context.Context, int, string) (string, error)) (string, error) {
	return f(ctx, 7, "seven")
}

// Reader reads all.
func (Echo) Reader(_ context.Context, r io.Reader) (string, error) {
	b, err := io.ReadAll(r)
	return string(b), err
}

// Variadic returns its arguments.
func (Echo) Variadic(_ context.Context, v ...int) ([]int, error) { return v, nil }

// Clash returns its arguments.
func (Echo) Clash(_ context.Context, a, b int) (int, int, error) { return a, b, nil }
