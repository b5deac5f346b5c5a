// Package anyvalue has values of any type.
package anyvalue

import "context"

//tenon:contract
type Store interface {
	Put(ctx context.Context, v any) error
	Get(ctx context.Context) (interface{}, error)
	List(ctx context.Context, v []any, m map[string]any) error
	Fields(ctx context.Context, v Value) error
	Key(ctx context.Context, m map[interface{}]int) error
	Keys(ctx context.Context, m map[error]int, n map[Namer]int) error
	Marker(ctx context.Context, m Marker) error
}

type Value struct {
	Name  string
	Inner struct{ Data any }
}

type Namer interface{ Name() string }

type Marker interface{}
