// Package box has a generic type for other packages.
package box

// Box holds one.
type Box[T any] struct {
	Label string
	Value T
}
