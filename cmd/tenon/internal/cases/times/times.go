// Package times has times and durations, and types on them.
package times

import (
	"context"
	"time"
)

// Times returns what it is given.
//
//tenon:contract
type Times interface {
	Plain(ctx context.Context, a time.Time, b time.Duration) (time.Time, time.Duration, error)
	Pointers(ctx context.Context, a *time.Time, b *time.Duration) (*time.Time, *time.Duration, error)
	Lists(ctx context.Context, a []time.Time, b []time.Duration, c [2]time.Time, d map[string]time.Time) ([]time.Time, []time.Duration, [2]time.Time, map[string]time.Time, error)
	Named(ctx context.Context, a Timeout, v Fields) (Timeout, Fields, error)
	Zone(ctx context.Context, t time.Time) (zone string, err error)
}

// Timeout is a type on time.Duration: an integer, for it is not a Duration.
type Timeout time.Duration

// Stamp embeds a time, whose methods it is given.
type Stamp struct{ time.Time }

// Fields has them as fields.
type Fields struct {
	Created  time.Time
	Modified *time.Time
	Every    time.Duration
	Timeout  *Timeout
	Stamp    Stamp
}
