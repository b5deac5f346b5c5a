// Package directives has directives that are wrong.
//
//tenon:packag acme.v1
//tenon:version two
package directives

import (
	"context"
	"io"
)

// Store has them on methods.
//
//tenon:contracts
//tenon:contract
//tenon:keep r
type Store interface {
	//tenon:idempotant
	Get(ctx context.Context, key string) error

	//tenon:timeout soon
	Slow(ctx context.Context) error

	//tenon:timeout -5s
	Past(ctx context.Context) error

	//tenon:timeout
	Empty(ctx context.Context) error

	//tenon:keep key
	Put(ctx context.Context, key string) error

	//tenon:keep q
	Read(ctx context.Context, r io.Reader) error

	//tenon:keep
	Nothing(ctx context.Context, r io.Reader) error

	//tenon:name not-a-name
	Named(ctx context.Context) error

	//tenon:name Get
	Again(ctx context.Context) error

	//tenon:rename old
	Rename(ctx context.Context, new string) error

	//tenon:rename old newer
	Rename2(ctx context.Context, new string) error

	// tenon:idempotent
	Spaced(ctx context.Context) error
}

//tenon:optional Stor
type Part interface {
	Part(ctx context.Context) error
}

//tenon:optional
type Part2 interface {
	Part2(ctx context.Context) error
}

//tenon:fake
type Value struct{ A int }

//tenon:name Good
func f() {}

//tenon:contract
var x = 1
