// Package directives has every directive.
//
//tenon:version 3
package directives

import (
	"context"
	"errors"
	"io"
)

// Store is called Keeper on the wire.
//
//tenon:contract
//tenon:name Keeper
type Store interface {
	// Get may be repeated.
	//
	//tenon:idempotent
	Get(ctx context.Context, key string) (string, error)

	// Wait waits for longer than it is allowed to.
	//
	//tenon:timeout 50ms
	Wait(ctx context.Context) error

	// Put is called Set on the wire.
	//
	//tenon:name Set
	//tenon:idempotent
	//tenon:timeout 5s
	Put(ctx context.Context, key, value string) error

	// Keep keeps both.
	//
	//tenon:keep r f
	Keep(ctx context.Context, r io.Reader, f func(ctx context.Context, s string) error, lent Named) error

	// Use uses what was kept, and gives it up.
	Use(ctx context.Context) (string, error)

	// Types has types with other names.
	Types(ctx context.Context, v Value, k Kind) (Value, Kind, error)

	// Fail fails with ErrGone, and has an argument that was renamed.
	//
	//tenon:rename whence reason
	Fail(ctx context.Context, reason string) error
}

// Named has a name.
type Named interface {
	Name(ctx context.Context) (string, error)
}

// Value is called Thing.
//
//tenon:name Thing
type Value struct{ Text string }

// Kind is called Sort.
//
//tenon:name Sort
type Kind int

// The kinds.
const (
	KindOne Kind = iota + 1
	KindTwo
)

// ErrGone is called ErrLost.
//
//tenon:name ErrLost
var ErrGone = errors.New("gone")
