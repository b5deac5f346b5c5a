package collide

import (
	"context"
	"errors"
	"io"
	"iter"

	one "github.com/tenon-go/tenon/cmd/tenon/internal/cases/collide/one/item"
	two "github.com/tenon-go/tenon/cmd/tenon/internal/cases/collide/two/item"
)

// Echo returns what it is given.
type Echo struct{}

// Items returns its arguments.
func (Echo) Items(_ context.Context, a one.Item, b two.Item) (one.Item, two.Item, error) {
	return a, b, nil
}

// Kinds returns its arguments.
func (Echo) Kinds(_ context.Context, a one.Kind, b two.Kind) (one.Kind, two.Kind, error) {
	return a, b, nil
}

// Named returns its arguments.
func (Echo) Named(_ context.Context, a two.Item, b []one.Item) (two.Item, []one.Item, error) {
	return a, b, nil
}

// Builder counts what r has.
func (Echo) Builder(_ context.Context, r io.Reader) (int64, error) {
	if r == nil {
		return 0, errors.New("nil")
	}
	return io.Copy(io.Discard, r)
}

// All returns n items.
func (Echo) All(_ context.Context, n int) iter.Seq2[one.Item, error] {
	return func(yield func(one.Item, error) bool) {
		for i := range n {
			if !yield(one.Item{N: i}, nil) {
				return
			}
		}
	}
}

// Fields returns its argument.
func (Echo) Fields(_ context.Context, v Fields) (Fields, error) { return v, nil }

// Count returns its argument.
func (Echo) Count(_ context.Context, v Builder) (Builder, error) { return v, nil }
