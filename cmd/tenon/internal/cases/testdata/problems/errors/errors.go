// Package errors has error types that can't cross.
package errors

import "context"

//tenon:contract
type Store interface {
	Get(ctx context.Context) error
}

// Hidden has a field that is not exported.
type Hidden struct{ why string }

func (e *Hidden) Error() string { return e.why }

// WithRef has a function.
type WithRef struct{ Retry func() error }

func (e *WithRef) Error() string { return "retry" }

// WithAny has anything.
type WithAny struct{ Value any }

func (e WithAny) Error() string { return "any" }
