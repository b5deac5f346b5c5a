package directives

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/tenon-go/tenon"
)

// Impl is a Store.
type Impl struct {
	mu   sync.Mutex
	r    io.Reader
	f    func(context.Context, string) error
	name string
}

// Get returns key.
func (*Impl) Get(_ context.Context, key string) (string, error) { return key, nil }

// Wait waits for the context's end.
func (*Impl) Wait(ctx context.Context) error {
	if _, ok := ctx.Deadline(); !ok {
		return errors.New("the handler was given no deadline")
	}
	<-ctx.Done()
	return ctx.Err()
}

// Put does nothing.
func (*Impl) Put(context.Context, string, string) error { return nil }

// Keep keeps r and f.
func (s *Impl) Keep(ctx context.Context, r io.Reader, f func(context.Context, string) error, lent Named) error {
	name, err := lent.Name(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.r, s.f, s.name = r, f, name
	return nil
}

// Use tells f what r has, and releases both.
func (s *Impl) Use(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.r == nil || s.f == nil {
		return "", errors.New("nothing was kept")
	}
	b, err := io.ReadAll(s.r)
	if err != nil {
		return "", err
	}
	err = s.f(ctx, string(b))
	tenon.Release(s.r)
	s.r, s.f = nil, nil
	runtime.GC() // nothing else releases a function
	return s.name, err
}

// Types returns its arguments.
func (*Impl) Types(_ context.Context, v Value, k Kind) (Value, Kind, error) { return v, k, nil }

// Fail fails with ErrGone.
func (*Impl) Fail(_ context.Context, reason string) error {
	return fmt.Errorf("%s: %w", reason, ErrGone)
}
