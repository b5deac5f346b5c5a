// Package structs has structs in structs, embedded, anonymous and pointed to.
package structs

import (
	"context"
	"time"
)

// Structs returns what it is given.
//
//tenon:contract
type Structs interface {
	Nested(ctx context.Context, a Outer, b *Outer) (Outer, *Outer, error)
	Embedded(ctx context.Context, v Embedding, p *Embedding) (Embedding, *Embedding, error)
	Anonymous(ctx context.Context, opts struct {
		Name  string
		Limit int
		Range struct{ From, To int }
	}) (struct{ Name string }, error)
	AnonymousFields(ctx context.Context, v WithAnonymous) (WithAnonymous, error)
	Presence(ctx context.Context, v Presence) (Presence, error)
	Empty(ctx context.Context, a Empty, b *Empty, c struct{}) (Empty, *Empty, struct{}, error)
	Nils(ctx context.Context, v Nils) (Nils, error)
	Unexported(ctx context.Context, v hidden) (hidden, error)
	Derived(ctx context.Context, a Derived, b []*Inner) (Derived, []*Inner, error)
}

// Inner is in others.
type Inner struct {
	A int
	B string
}

// Outer has it in it in every way.
type Outer struct {
	Inner   Inner
	Pointer *Inner
	List    []Inner
	Refs    []*Inner
	ByName  map[string]Inner
	RefsBy  map[int32]*Inner
	Array   [2]Inner
	When    time.Time
}

// Derived is another type with the same fields.
type Derived Inner

// Base is embedded.
type Base struct {
	ID   int64
	Name string
}

// Ptr is embedded by pointer.
type Ptr struct{ P int }

// meta is embedded though it is not exported: its fields are promoted.
type meta struct {
	Promoted string
	Count    uint
}

// Embedding embeds them. Name hides the one of Base.
type Embedding struct {
	Base
	*Ptr
	meta
	Name string
	Deep
}

// Deep embeds in turn.
type Deep struct{ Deeper }

// Deeper is embedded in what is embedded.
type Deeper struct{ Bottom bool }

// WithAnonymous has fields whose types have no names.
type WithAnonymous struct {
	Point  struct{ X, Y int }
	Points []struct{ X, Y int }
	Maybe  *struct{ Yes bool }
	ByName map[string]struct{ Weight float64 }
	Inside struct {
		Once struct{ More string }
	}
}

// Presence tells absent from zero.
type Presence struct {
	Bool   *bool
	Int    *int
	String *string
	Bytes  *[]byte
	Time   *time.Time
	Inner  *Inner
	Empty  *Empty
	Enum   *Enum
	Array  *[2]int
	List   *[]int
	Map    *map[string]int
}

// Enum is an enum.
type Enum int

// One is not zero.
const One Enum = 1

// Empty has nothing.
type Empty struct{}

// Nils has what nil and empty are the same of.
type Nils struct {
	Slice []int
	Map   map[string]int
	Bytes []byte
	Inner []Inner
}

type hidden struct{ Open string }
