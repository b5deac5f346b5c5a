// Package recursive has types that contain themselves.
package recursive

import "context"

// Recursive returns what it is given.
//
//tenon:contract
type Recursive interface {
	Self(ctx context.Context, a *List, b Tree) (*List, Tree, error)
	Mutual(ctx context.Context, a A) (A, error)
	Mapped(ctx context.Context, v Dir) (Dir, error)
	Deep(ctx context.Context, v Node) (Node, error)
	Instance(ctx context.Context, v *Linked[string]) (*Linked[string], error)
	Lists(ctx context.Context, a Lists, b Pointers, c Pairs, d []Lists, e *Lists) (Lists, Pointers, Pairs, []Lists, *Lists, error)
	Maps(ctx context.Context, a Maps, b Keyed, c ListOfMaps, d map[int]Maps) (Maps, Keyed, ListOfMaps, map[int]Maps, error)
	Knots(ctx context.Context, v Knots) (Knots, error)
}

// List is linked by pointers.
type List struct {
	Value int
	Next  *List
}

// Tree contains itself by a slice.
type Tree struct {
	Name     string
	Children []Tree
}

// A contains B, which contains A.
type A struct {
	Name string
	B    *B
}

// B contains A.
type B struct {
	As   []A
	Back *A
}

// Dir contains itself by a map.
type Dir struct {
	Files map[string]int64
	Dirs  map[string]Dir
	Links map[string]*Dir
}

// Node contains itself through slices of slices and maps of slices.
type Node struct {
	Rows   [][]Node
	ByName map[string][]Node
	Array  [1][]Node
}

// Linked is a generic list.
type Linked[T any] struct {
	Value T
	Next  *Linked[T]
}

// Lists, maps and pointers that contain nothing but themselves.
type (
	Lists        []Lists
	Pointers     []*Pointers
	Pairs        [2][]Pairs
	Maps         map[string]Maps
	Keyed        map[[2]string]*Keyed
	ListOfMaps   []map[string]ListOfMaps
	Rows         []Columns
	Columns      []Rows
	Chain[T any] []Chain[T]
)

// Knots has them as fields.
type Knots struct {
	Lists    Lists
	Pointer  *Pointers
	Pairs    [2]Pairs
	Maps     []Maps
	Keyed    Keyed
	Both     ListOfMaps
	Rows     Rows
	Columns  []Columns
	Chain    Chain[int]
	Anything []struct {
		Knots []*Knots
		Lists map[string]Lists
	}
}
