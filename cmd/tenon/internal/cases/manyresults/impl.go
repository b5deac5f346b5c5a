package manyresults

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
)

// Impl is a Many.
type Impl struct{}

// Nothing does nothing.
func (Impl) Nothing() {}

// OnlyError fails.
func (Impl) OnlyError() error { return io.ErrUnexpectedEOF }

// Named returns what it is given.
func (Impl) Named(_ context.Context, n int, s string) (int, string, bool, error) {
	return n, s, true, nil
}

// Unnamed returns what it is given.
func (Impl) Unnamed(_ context.Context, n int, s string) (int, string, bool, error) {
	return n, s, true, nil
}

// NoError returns what it is given.
func (Impl) NoError(n int, s string) (int, string) { return n, s }

// Values returns v four times.
func (Impl) Values(_ context.Context, v Value) (Value, *Value, []Value, map[string]Value, error) {
	return v, &v, []Value{v, v}, map[string]Value{v.Name: v}, nil
}

// Refs returns refs to s.
func (Impl) Refs(_ context.Context, s string) (io.ReadCloser, func(context.Context) (string, error), Handle, error) {
	if s == "" {
		return nil, nil, nil, errors.New("no string")
	}
	call := func(context.Context) (string, error) { return s, nil }
	return io.NopCloser(strings.NewReader(s)), call, handle(s), nil
}

type handle string

func (h handle) Name(context.Context) (string, error) { return string(h), nil }
func (h handle) Close() error                         { return nil }

// HeadAndStream counts to n.
func (Impl) HeadAndStream(_ context.Context, n int) (int, iter.Seq2[int, error], error) {
	if n < 0 {
		return 0, nil, errors.New("negative")
	}
	return n, func(yield func(int, error) bool) {
		for i := range min(n, 1000) {
			if !yield(i, nil) {
				return
			}
		}
	}, nil
}

// Ten returns ten numbers.
func (Impl) Ten(context.Context) (a, b, c, d, e, f, g, h, i, j int, err error) {
	return 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, nil
}
