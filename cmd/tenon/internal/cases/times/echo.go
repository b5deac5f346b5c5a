package times

import (
	"context"
	"time"
)

// Echo returns what it is given.
type Echo struct{}

func (Echo) Plain(_ context.Context, a time.Time, b time.Duration) (time.Time, time.Duration, error) {
	return a, b, nil
}

func (Echo) Pointers(_ context.Context, a *time.Time, b *time.Duration) (*time.Time, *time.Duration, error) {
	return a, b, nil
}

func (Echo) Lists(_ context.Context, a []time.Time, b []time.Duration, c [2]time.Time, d map[string]time.Time) ([]time.Time, []time.Duration, [2]time.Time, map[string]time.Time, error) {
	return a, b, c, d, nil
}

func (Echo) Named(_ context.Context, a Timeout, v Fields) (Timeout, Fields, error) {
	return a, v, nil
}

func (Echo) Zone(_ context.Context, t time.Time) (zone string, err error) {
	return t.Location().String(), nil
}
