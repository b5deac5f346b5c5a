package across

import (
	"context"
	"errors"
	"sync"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/across/base"
)

// Impl is an Across.
type Impl struct {
	mu   sync.Mutex
	told int
	kept base.Listener
}

// Types returns its arguments.
func (*Impl) Types(_ context.Context, e base.Event, k base.Kind) (base.Event, base.Kind, error) {
	return e, k, nil
}

// Fields returns its argument.
func (*Impl) Fields(_ context.Context, v Fields) (Fields, error) { return v, nil }

// Tell tells l.
func (*Impl) Tell(ctx context.Context, l base.Listener, e base.Event) error { return l.Told(ctx, e) }

type counting struct{ *Impl }

func (c counting) Told(context.Context, base.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told++
	return nil
}

// Make returns a listener that counts.
func (a *Impl) Make(context.Context) (base.Listener, error) { return counting{a}, nil }

// Told returns the count.
func (a *Impl) Told(context.Context) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.told, nil
}

// Subscribe keeps l.
func (a *Impl) Subscribe(_ context.Context, l base.Listener) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept = l
	return nil
}

// Publish tells what Subscribe kept.
func (a *Impl) Publish(ctx context.Context, e base.Event) error {
	a.mu.Lock()
	l := a.kept
	a.kept = nil
	a.mu.Unlock()
	if l == nil {
		return errors.New("nobody has subscribed")
	}
	defer tenon.Release(l)
	return l.Told(ctx, e)
}

// Home says whether l is from Make.
func (*Impl) Home(_ context.Context, l base.Listener) (bool, error) {
	_, ok := l.(counting)
	return ok, nil
}

// Plain calls p twice.
func (*Impl) Plain(ctx context.Context, p base.Plain, e base.Event) (base.Event, error) {
	e, err := p.Plain(ctx, e)
	if err != nil {
		return e, err
	}
	return p.Plain(ctx, e)
}

// Struct tells those in s.
func (*Impl) Struct(ctx context.Context, s WithListener) error {
	if s.Listener != nil {
		if err := s.Listener.Told(ctx, s.Event); err != nil {
			return err
		}
	}
	for _, l := range s.Listeners {
		if err := l.Told(ctx, s.Event); err != nil {
			return err
		}
	}
	return nil
}
