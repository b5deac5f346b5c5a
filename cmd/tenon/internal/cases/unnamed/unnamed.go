// Package unnamed has parameters and results without names, or with the blank
// one.
package unnamed

import (
	"context"
	"io"
)

// Unnamed returns what it is given.
//
//tenon:contract
type Unnamed interface {
	None(context.Context) error
	One(context.Context, string) (string, error)
	Many(context.Context, int, string, []byte) (int, string, []byte, error)
	Blank(_ context.Context, _ int, _ string) (_ int, _ string, _ error)
	Mixed(ctx context.Context, _ int, name string, _ int) (first int, _ string, last int, err error)
	Function(context.Context, func(context.Context, int, string) (string, error)) (string, error)
	Reader(context.Context, io.Reader) (string, error)
	Variadic(context.Context, ...int) ([]int, error)
	// Clash has a name that an unnamed one would be given.
	Clash(_ context.Context, _ int, arg1 int) (_ int, result1 int, _ error)
}
