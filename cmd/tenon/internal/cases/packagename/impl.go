package packagename

import "context"

// Call calls f.
func (Echo) Call(ctx context.Context, f func(context.Context, Value) (Value, error), v Value) (Value, error) {
	return f(ctx, v)
}

// Fail fails.
func (Echo) Fail(context.Context) error { return ErrBad }
