// Package noerror has methods without an error.
package noerror

import (
	"context"
	"iter"
)

// Counter counts.
//
//tenon:contract
type Counter interface {
	Add(ctx context.Context, n int) int
	Reset(ctx context.Context)
	Get() int
	Stop()
	Echo(ctx context.Context, s string, v []int) (string, []int)
	Last(ctx context.Context) *Step
	Up(ctx context.Context, to int) iter.Seq[int]
	Each(ctx context.Context, to int, f func(n int))
	Ask(ctx context.Context, f func(n int) bool) bool
	Panic(ctx context.Context) (n int, s string)
}

// Step is what was added.
type Step struct{ N int }
