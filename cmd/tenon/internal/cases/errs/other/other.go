// Package other has errors that another package's contract names.
package other

import "errors"

// ErrOther is a sentinel of this package.
var ErrOther = errors.New("of the other package")

// Failure is an error type of this package.
type Failure struct{ What string }

func (e *Failure) Error() string { return "other: " + e.What }
