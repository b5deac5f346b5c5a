// Package reach has what can't cross far away from the contract.
package reach

import "context"

//tenon:contract
type Store interface {
	Put(ctx context.Context, v A) error
	Ref(ctx context.Context, r Ref) error
	Func(ctx context.Context, f func(ctx context.Context, bad chan<- int) error) error
	Fields(ctx context.Context, f Handlers) error
}

type A struct{ Bs []B }

type B struct{ ByName map[string]*C }

type C struct{ Bad func(any) }

type Ref interface {
	Good(ctx context.Context) error
	Bad(ctx context.Context, v struct{ hidden int }) error
}

type Handlers struct {
	Good func(ctx context.Context) error
	Bad  func(ctx context.Context, v any)
}
