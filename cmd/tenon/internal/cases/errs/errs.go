// Package errs has errors of every kind, returned and as values.
//
//tenon:errors github.com/tenon-go/tenon/cmd/tenon/internal/cases/errs/other
package errs

import (
	"context"
	"errors"
	"fmt"
	"time"

	_ "github.com/tenon-go/tenon/cmd/tenon/internal/cases/errs/other" // for its errors
)

// Errors passes errors on.
//
//tenon:contract
type Errors interface {
	// Return fails with err.
	Return(ctx context.Context, err error) error

	// Echo returns err as a value.
	Echo(ctx context.Context, err error) (same error, failed error)

	// List returns a list of them. It may not hold nil.
	List(ctx context.Context, errs []error, more ...error) ([]error, error)

	// Fields returns them in a struct.
	Fields(ctx context.Context, r Report) (Report, error)

	// Beside returns values beside an error, which don't cross.
	Beside(ctx context.Context, n int) (int, string, error)
}

// Report has errors as fields.
type Report struct {
	Name   string
	Err    error
	Errs   []error
	ByName map[string]error
	When   time.Time
}

// The sentinels.
var (
	ErrNew      = errors.New("made by errors.New")
	ErrFormat   = fmt.Errorf("made by %s", "fmt.Errorf")
	ErrWrapping = fmt.Errorf("outer: %w", ErrNew)

	// ErrTyped is a sentinel of a type of its own.
	ErrTyped error = &Pointer{Op: "sentinel"}

	errHidden = errors.New("not exported")
)

// Hidden returns an error that has no name on the wire.
func Hidden() error { return errHidden }

// Pointer is an error by pointer.
type Pointer struct {
	Op    string
	Count int
	When  time.Time
	Tags  []string
}

func (e *Pointer) Error() string { return fmt.Sprintf("%s %d", e.Op, e.Count) }

// Value is an error by value.
type Value struct {
	Code int
	Text string
}

func (e Value) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Text) }

// Wrapping has a cause.
type Wrapping struct {
	Path  string
	Cause error
}

func (e *Wrapping) Error() string { return e.Path + ": " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *Wrapping) Unwrap() error { return e.Cause }

// Errno is an error that is an integer.
type Errno int

func (e Errno) Error() string { return fmt.Sprintf("errno %d", int(e)) }

// Text is an error that is a string.
type Text string

func (e Text) Error() string { return string(e) }

// List is an error that is a list.
type List []string

func (e List) Error() string { return fmt.Sprint([]string(e)) }

// Is says that a Value is the same when its code is.
func (e Value) Is(target error) bool {
	v, ok := target.(Value)
	return ok && v.Code == e.Code
}

// Caused is an error by value with a cause.
type Caused struct {
	Step int
	Err  error
}

func (e Caused) Error() string { return fmt.Sprintf("step %d: %v", e.Step, e.Err) }

// Unwrap returns the cause.
func (e Caused) Unwrap() error { return e.Err }

// Nested has an error as a value, which it doesn't wrap.
type Nested struct {
	Why   string
	Other error
}

func (e *Nested) Error() string { return e.Why }
