// Package item has the name of another package.
package item

// Item is the one of package one.
type Item struct {
	One string
	N   int
}

// Kind is an enum of package one.
type Kind int

// Kinds.
const (
	KindA Kind = iota
	KindOne
)
