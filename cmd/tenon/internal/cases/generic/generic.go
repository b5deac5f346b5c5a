// Package generic has instances of generic types.
package generic

import (
	"context"
	"iter"

	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/generic/box"
)

// Generic returns what it is given.
//
//tenon:contract
type Generic interface {
	Pages(ctx context.Context, a Page[Item], b Page[int], c Page[[]string]) (Page[Item], Page[int], Page[[]string], error)
	Pairs(ctx context.Context, a Pair[string, Item], b Pair[int, Page[Item]], c []Pair[Item, Item]) (Pair[string, Item], Pair[int, Page[Item]], []Pair[Item, Item], error)
	Aliases(ctx context.Context, a Items, b Strings) (Items, Strings, error)
	Optional(ctx context.Context, a Opt[int], b Opt[Item]) (Opt[int], Opt[Item], error)
	Boxed(ctx context.Context, a box.Box[Item], b box.Box[box.Box[bool]]) (box.Box[Item], box.Box[box.Box[bool]], error)
	Lists(ctx context.Context, a List[int], b Set[string]) (List[int], Set[string], error)
	Derived(ctx context.Context, a ItemPage) (ItemPage, error)

	Each(ctx context.Context, items List[Item], visit Visit[Item]) error
	From(ctx context.Context, source Source[Item], n int) ([]Item, error)
	All(ctx context.Context, page Page[Item]) iter.Seq2[Pair[int, Item], error]
}

// Page is some of many.
type Page[T any] struct {
	Items []T
	First *T
	Next  string
}

// Pair is two.
type Pair[K comparable, V any] struct {
	Key   K
	Value V
}

// Opt is one or none.
type Opt[T any] struct{ Value *T }

// List and Set are generic, and no structs.
type (
	List[T any]       []T
	Set[T comparable] map[T]struct{}
)

// Item is what there are pages of.
type Item struct {
	Name string
	Size int64
}

// Items and Strings are instances under other names.
type (
	Items   = Page[Item]
	Strings = Page[string]
)

// ItemPage is a type of its own on an instance.
type ItemPage Page[Item]

// Visit is a generic function.
type Visit[T any] func(ctx context.Context, v T) error

// Source is a generic interface.
type Source[T any] interface {
	Get(ctx context.Context, i int) (T, error)
}
