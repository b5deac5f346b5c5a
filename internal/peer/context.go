package peer

import (
	"context"
	"sync"
	"time"

	"github.com/tenon-go/tenon"
)

// A callContext is the context of a call that came in. It is a type of its own
// because most handlers never ask for Done: then neither a channel nor a timer
// is made. It lives as long as the handler keeps it.
type callContext struct {
	deadline time.Time // zero: none
	incoming tenon.Incoming

	mu    sync.Mutex
	err   error
	done  chan struct{}
	timer *time.Timer
	after map[*afterFunc]struct{}
}

type afterFunc struct{ f func() }

var _ context.Context = (*callContext)(nil)

func (c *callContext) Deadline() (time.Time, bool) { return c.deadline, !c.deadline.IsZero() }

func (c *callContext) Value(key any) any {
	if key == tenon.IncomingKey() {
		return &c.incoming
	}
	return nil
}

func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && c.done == nil && !c.deadline.IsZero() && time.Until(c.deadline) <= 0 {
		// Nobody has a channel that would have to be closed first.
		c.err = context.DeadlineExceeded
	}
	return c.err
}

func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.channel()
}

func (c *callContext) channel() <-chan struct{} {
	if c.done == nil {
		c.done = make(chan struct{})
		switch {
		case c.err != nil:
			close(c.done)
		case !c.deadline.IsZero():
			c.timer = time.AfterFunc(time.Until(c.deadline), func() { c.cancel(context.DeadlineExceeded) })
		}
	}
	return c.done
}

// AfterFunc is what package context looks for, so that a context derived from
// this one needs no goroutine that waits for it.
func (c *callContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	c.channel()
	a := &afterFunc{f}
	if c.after == nil {
		c.after = make(map[*afterFunc]struct{})
	}
	c.after[a] = struct{}{}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, waiting := c.after[a]
		delete(c.after, a)
		return waiting
	}
}

// cancel ends the context with err. Only the first end counts.
func (c *callContext) cancel(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
		if c.done != nil {
			close(c.done)
		}
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	after := c.after
	c.after = nil
	c.mu.Unlock()
	for a := range after {
		go a.f()
	}
}
