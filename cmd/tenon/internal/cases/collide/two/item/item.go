// Package item has the name of another package.
package item

// Item is the one of package two.
type Item struct {
	Two string
	N   int
}

// Kind is an enum of package two.
type Kind int

// Kinds.
const (
	KindA Kind = iota
	KindTwo
)
