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
