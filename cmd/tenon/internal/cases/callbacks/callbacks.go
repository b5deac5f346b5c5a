// Package callbacks has functions of all shapes as arguments, results and
// fields.
package callbacks

import (
	"context"
	"io"
	"iter"
)

// Callbacks calls back.
//
//tenon:contract
type Callbacks interface {
	Plain(ctx context.Context, f func()) error
	Full(ctx context.Context, f func(ctx context.Context, n int, s string) (string, int, error)) (string, int, error)
	NoCtx(ctx context.Context, f func(n int) (int, error)) (int, error)
	NoErr(ctx context.Context, f func(ctx context.Context, n int) int) (int, error)
	Named(ctx context.Context, f Visitor, n int) error
	Result(ctx context.Context, prefix string) (func(ctx context.Context, s string) (string, error), error)
	Struct(ctx context.Context, h Handlers) (string, error)
	List(ctx context.Context, all []func(ctx context.Context) (int, error), more map[string]Visitor) (int, error)
	Inner(ctx context.Context, f func(ctx context.Context, g func(ctx context.Context, s string) error) error) error
	Streams(ctx context.Context, f func(ctx context.Context, n int) iter.Seq2[int, error]) (int, error)
	Reader(ctx context.Context, f func(ctx context.Context, r io.Reader) (int64, error), s string) (int64, error)
	Shapes(ctx context.Context, f func(ctx context.Context, v ...Value) ([]Value, error), v Value) ([]Value, error)
	Nil(ctx context.Context, f func(), g Visitor, h Handlers) (bool, error)

	//tenon:keep f
	Keep(ctx context.Context, f func(ctx context.Context, s string) error) error
	// Kept calls what was kept, and forgets it.
	Kept(ctx context.Context, s string) error
}

// Visitor is a named function type.
type Visitor func(ctx context.Context, v Value) (bool, error)

// Handlers has functions as fields.
type Handlers struct {
	Name  string
	Start func(ctx context.Context, name string) error
	Stop  func()
	Visit Visitor
	List  []Visitor
	Inner *Handlers
	Named map[string]func(ctx context.Context) (string, error)
}

// Value is what is visited.
type Value struct {
	Name string
	N    int
}
