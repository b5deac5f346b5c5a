// Package optional has optional parts that can't be.
package optional

import "context"

//tenon:contract
type Store interface {
	Get(ctx context.Context) error
}

//tenon:optional Store
type A interface {
	A(ctx context.Context) error
}

//tenon:optional Store
type B interface {
	B(ctx context.Context) error
}

//tenon:optional Store
type C interface {
	C(ctx context.Context) error
}

//tenon:optional Store
type D interface {
	D(ctx context.Context) error
}

//tenon:optional Store
type E interface {
	E(ctx context.Context) error
}

//tenon:optional Store
type Same interface {
	Get(ctx context.Context) error
}
