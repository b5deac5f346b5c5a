// Package collisions has names that are the same in the .proto.
package collisions

import "context"

//tenon:contract
type Store interface {
	Get(ctx context.Context, v StoreGetRequest) error
	Put(ctx context.Context, v Store_, k Kind) error
}

// StoreGetRequest is called as what Get is sent.
type StoreGetRequest struct{ A int }

//tenon:name Thing
type Store_ struct{ A Other }

//tenon:name Thing
type Other struct{ A int }

type Kind int

const (
	KindA Kind = iota
	KindA_
	KIND_A
	A
)
