package shadowed

import (
	"context"
	"errors"
	"io"
)

// Results returns its arguments.
func (Echo) Results(_ context.Context, r0 int, ref string) (int, string, error) { return r0, ref, nil }

// ErrIsNotLast returns its arguments.
func (Echo) ErrIsNotLast(_ context.Context, a string, b int) (string, int, error) { return a, b, nil }

// Receiver returns its arguments.
func (Echo) Receiver(_ context.Context, a *Message, b []Message) (*Message, []Message, error) {
	return a, b, nil
}

// Reads copies.
func (Echo) Reads(_ context.Context, r io.Reader, w io.Writer) (int64, error) {
	if r == nil || w == nil {
		return 0, errors.New("nil")
	}
	return io.Copy(w, r)
}

// Visit calls f.
func (Echo) Visit(ctx context.Context, f func(context.Context, int, Message) (Message, error), v Message) (Message, error) {
	return f(ctx, 1, v)
}

// String returns a string.
func (Echo) String() string { return "echo" }

// Close does nothing.
func (Echo) Close() error { return nil }
