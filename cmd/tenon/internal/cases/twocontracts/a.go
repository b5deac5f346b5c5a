// Package twocontracts has two contracts in one file and a third in another,
// which share types.
package twocontracts

import (
	"context"
	"time"
)

// First is a contract.
//
//tenon:contract
type First interface {
	Echo(ctx context.Context, v Shared) (Shared, error)
	Only(ctx context.Context, v OnlyFirst) (OnlyFirst, error)
	Second(ctx context.Context) (Second, error)
}

// Second is another one in the same file. It has a method of the same name.
//
//tenon:contract
type Second interface {
	Echo(ctx context.Context, v Shared, n int) (Shared, int, error)
}

// Shared is used by all.
type Shared struct {
	Name string
	Kind Kind
	More *Elsewhere
	When time.Time
}

// OnlyFirst is used by one.
type OnlyFirst struct{ List []Shared }
