// Package base has a contract and types for another package's contract.
package base

import (
	"context"
	"errors"
)

// Listener is told.
//
//tenon:contract
type Listener interface {
	Told(ctx context.Context, e Event) error
}

// Plain is an interface without a contract of its own.
type Plain interface {
	Plain(ctx context.Context, e Event) (Event, error)
}

// Event is what it is told.
type Event struct {
	Name string
	Kind Kind
	Sub  []Sub
}

// Sub is part of an Event.
type Sub struct{ N int }

// Kind is an enum.
type Kind int

// The kinds.
const (
	KindFirst Kind = iota + 1
	KindSecond
)

// ErrBase is a sentinel.
var ErrBase = errors.New("of the base")
