// Package optional has contracts with parts that an implementation may lack.
package optional

import "context"

// Store has three optional parts.
//
//tenon:contract
type Store interface {
	Get(ctx context.Context, key string) (string, error)

	// Old is a method that older plugins lack.
	//
	//tenon:optional
	Old(ctx context.Context) (string, error)

	// Sub returns a value with an optional part.
	Sub(ctx context.Context, both bool) (Sub, error)
}

// Sizer tells the size.
//
//tenon:optional Store
type Sizer interface {
	Size(ctx context.Context) (int64, error)
}

// Locker locks and unlocks.
//
//tenon:optional Store
type Locker interface {
	Lock(ctx context.Context) error
	Unlock(ctx context.Context) error
}

// Resetter resets.
//
//tenon:optional Store
type Resetter interface {
	Reset(ctx context.Context) error
}

// Sub is a ref.
type Sub interface {
	Name(ctx context.Context) (string, error)
}

// One has a single part, and no other methods than a Close.
//
//tenon:contract
type One interface {
	Close() error
}

// Pinger is the part.
//
//tenon:optional One
type Pinger interface {
	Ping(ctx context.Context) error
}
