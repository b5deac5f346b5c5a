// Package packagename has another name in protobuf.
//
//tenon:package acme.kv.v1
package packagename

import (
	"context"
	"errors"
)

// Store returns what it is given.
//
//tenon:contract
type Store interface {
	Echo(ctx context.Context, v Value, k Kind) (Value, Kind, error)
	Call(ctx context.Context, f func(ctx context.Context, v Value) (Value, error), v Value) (Value, error)
	Fail(ctx context.Context) error
}

// Value is a message.
type Value struct {
	Text string
	Kind Kind
}

// Kind is an enum.
type Kind int

// KindGood is good.
const KindGood Kind = 1

// ErrBad is bad.
var ErrBad = errors.New("bad")
