// Package emptyiface has a contract without methods, methods without arguments,
// and structs without fields.
package emptyiface

import "context"

// Empty has no methods.
//
//tenon:contract
type Empty interface{}

// Nothing has methods that say nothing.
//
//tenon:contract
type Nothing interface {
	Nothing()
	Ctx(ctx context.Context)
	Err() error
	Both(ctx context.Context) error
	Struct(ctx context.Context, v Zero) (Zero, error)
	Structs(ctx context.Context, v []Zero, p []*Zero, m map[string]Zero) ([]Zero, []*Zero, map[string]Zero, error)
}

// Zero has no fields.
type Zero struct{}
