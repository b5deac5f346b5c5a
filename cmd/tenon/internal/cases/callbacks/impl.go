package callbacks

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// ErrNil says that a function is nil.
var ErrNil = errors.New("a function is nil")

// Impl is a Callbacks.
type Impl struct {
	mu   sync.Mutex
	kept func(ctx context.Context, s string) error
}

// Plain calls f twice.
func (*Impl) Plain(_ context.Context, f func()) error {
	f()
	f()
	return nil
}

// Full calls f.
func (*Impl) Full(ctx context.Context, f func(context.Context, int, string) (string, int, error)) (string, int, error) {
	return f(ctx, 7, "seven")
}

// NoCtx calls f.
func (*Impl) NoCtx(_ context.Context, f func(int) (int, error)) (int, error) { return f(7) }

// NoErr calls f.
func (*Impl) NoErr(ctx context.Context, f func(context.Context, int) int) (int, error) {
	return f(ctx, 7), nil
}

// Named visits until f says that it has had enough.
func (*Impl) Named(ctx context.Context, f Visitor, n int) error {
	for i := range min(n, 1000) {
		more, err := f(ctx, Value{N: i})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// Result returns a function.
func (*Impl) Result(_ context.Context, prefix string) (func(context.Context, string) (string, error), error) {
	if prefix == "nil" {
		return nil, nil
	}
	return func(_ context.Context, s string) (string, error) { return prefix + s, nil }, nil
}

// Struct calls all that are in h.
func (c *Impl) Struct(ctx context.Context, h Handlers) (string, error) {
	if h.Start == nil || h.Stop == nil || h.Visit == nil {
		return "", ErrNil
	}
	if err := h.Start(ctx, h.Name); err != nil {
		return "", err
	}
	defer h.Stop()
	for i, v := range append(h.List, h.Visit) {
		if _, err := v(ctx, Value{h.Name, i}); err != nil {
			return "", err
		}
	}
	said := []string{h.Name}
	for _, name := range slices.Sorted(maps.Keys(h.Named)) {
		s, err := h.Named[name](ctx)
		if err != nil {
			return "", err
		}
		said = append(said, name+"="+s)
	}
	if h.Inner != nil {
		s, err := c.Struct(ctx, *h.Inner)
		if err != nil {
			return "", err
		}
		said = append(said, s)
	}
	return strings.Join(said, " "), nil
}

// List adds what they return.
func (*Impl) List(ctx context.Context, all []func(context.Context) (int, error), more map[string]Visitor) (int, error) {
	sum := 0
	for _, f := range all {
		n, err := f(ctx)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	for name, f := range more {
		if _, err := f(ctx, Value{Name: name}); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// Inner gives f a function.
func (*Impl) Inner(ctx context.Context, f func(context.Context, func(context.Context, string) error) error) error {
	var said []string
	err := f(ctx, func(_ context.Context, s string) error {
		said = append(said, s)
		return nil
	})
	if err != nil {
		return err
	}
	if len(said) != 2 {
		return errors.New("said " + strings.Join(said, ","))
	}
	return nil
}

// Streams adds what f yields.
func (*Impl) Streams(ctx context.Context, f func(context.Context, int) iter.Seq2[int, error]) (int, error) {
	sum := 0
	for n, err := range f(ctx, 10) {
		if err != nil {
			return sum, err
		}
		sum += n
	}
	return sum, nil
}

// Reader gives f a reader of s.
func (*Impl) Reader(ctx context.Context, f func(context.Context, io.Reader) (int64, error), s string) (int64, error) {
	return f(ctx, strings.NewReader(s))
}

// Shapes gives f v, thrice.
func (*Impl) Shapes(ctx context.Context, f func(context.Context, ...Value) ([]Value, error), v Value) ([]Value, error) {
	return f(ctx, v, v, v)
}

// Nil says whether all are nil.
func (*Impl) Nil(_ context.Context, f func(), g Visitor, h Handlers) (bool, error) {
	return f == nil && g == nil && h.Start == nil && h.Stop == nil && h.Visit == nil && h.List == nil && h.Inner == nil, nil
}

// Keep keeps f.
func (c *Impl) Keep(_ context.Context, f func(context.Context, string) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = f
	return nil
}

// Kept calls what was kept.
func (c *Impl) Kept(ctx context.Context, s string) error {
	c.mu.Lock()
	f := c.kept
	c.kept = nil
	c.mu.Unlock()
	if f == nil {
		return ErrNil
	}
	err := f(ctx, s)
	f = nil
	runtime.GC() // nothing else releases a function
	return err
}
