// Package pointers has pointers that can't cross.
package pointers

import (
	"context"
	"unsafe"
)

//tenon:contract
type Store interface {
	Twice(ctx context.Context, v **int) error
	Field(ctx context.Context, v Value) error
	Unsafe(ctx context.Context, p unsafe.Pointer, q uintptr) error
	Interface(ctx context.Context, p *Named) error
	Function(ctx context.Context, p *func()) error
	Context(ctx context.Context, other context.Context, p *context.Context) error
	Late(n int, ctx context.Context) error
	Early(ctx context.Context) (error, int)
}

type Value struct{ P **Value }

type Named interface{ Name() string }
