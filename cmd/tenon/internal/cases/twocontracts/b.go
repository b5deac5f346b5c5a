package twocontracts

import "context"

// Third is in a file of its own.
//
//tenon:contract
type Third interface {
	Echo(ctx context.Context, v Shared, e Elsewhere) (Shared, Elsewhere, error)
	Tell(ctx context.Context, first First, f func(ctx context.Context, v Shared) error, v Shared) error
}

// Elsewhere is a type in the other file.
type Elsewhere struct{ Note string }

// Kind is an enum of the other file.
type Kind int

// The kinds.
const (
	KindNone Kind = iota
	KindSome
)
