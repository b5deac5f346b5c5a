package noerror

import (
	"context"
	"iter"
	"sync/atomic"
)

// Count is a Counter.
type Count struct {
	n    atomic.Int64
	last atomic.Pointer[Step]
}

// Add adds.
func (c *Count) Add(_ context.Context, n int) int {
	c.last.Store(&Step{n})
	return int(c.n.Add(int64(n)))
}

// Reset makes it 0.
func (c *Count) Reset(context.Context) { c.n.Store(0) }

// Get returns it.
func (c *Count) Get() int { return int(c.n.Load()) }

// Stop makes it negative.
func (c *Count) Stop() { c.n.Store(-1) }

// Echo returns what it is given.
func (c *Count) Echo(_ context.Context, s string, v []int) (string, []int) { return s, v }

// Last returns the last step.
func (c *Count) Last(context.Context) *Step { return c.last.Load() }

// Up counts up.
func (c *Count) Up(_ context.Context, to int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range min(to, 1000) {
			if !yield(i) {
				return
			}
		}
	}
}

// Each calls f for each.
func (c *Count) Each(_ context.Context, to int, f func(int)) {
	for i := range min(to, 1000) {
		f(i)
	}
}

// Ask asks.
func (c *Count) Ask(_ context.Context, f func(int) bool) bool { return f(c.Get()) }

// Panic panics, which is the only way to fail.
func (c *Count) Panic(context.Context) (int, string) { panic("no error to return") }
