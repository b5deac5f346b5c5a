package kv_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

// A fake is a store of which each test says the methods that it needs.
type fake struct {
	kv.Store
	get      func(ctx context.Context, key string) ([]byte, error)
	snapshot kv.Snapshot
	restored kv.Snapshot
}

func (f *fake) Get(ctx context.Context, key string) ([]byte, error)  { return f.get(ctx, key) }
func (f *fake) Snapshot(context.Context) (kv.Snapshot, error)        { return f.snapshot, nil }
func (f *fake) Restore(_ context.Context, s kv.Snapshot) (err error) { f.restored = s; return nil }

type emptySnapshot struct {
	kv.Snapshot
	closed int
}

func (s *emptySnapshot) Close() error {
	s.closed++
	return nil
}

func serve(t *testing.T, impl kv.Store, services ...tenon.Service) (*host.Plugin, kv.Store) {
	t.Helper()
	p := tenontest.Pair(t, host.Config{Services: services}, plugin.Config{App: kv.App, Services: []tenon.Service{kv.ServeStore(impl)}})
	store, err := kv.OpenStore(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return p, store
}

// TestComesHome: a snapshot that is given back arrives as the value that it is,
// not as a proxy of a proxy.
func TestComesHome(t *testing.T) {
	own := new(emptySnapshot)
	impl := &fake{snapshot: own}
	p, store := serve(t, impl)
	s, err := store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if held := p.Stats().Held; held != 1 {
		t.Errorf("%d refs are held", held)
	}
	if err := store.Restore(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if impl.restored != own {
		t.Errorf("a %T came home", impl.restored)
	}
	if err := s.Close(); err != nil || own.closed != 1 {
		t.Error(err, own.closed)
	}
	var e *tenon.Error
	if err := s.Close(); !errors.As(err, &e) || e.Code != tenon.FailedPrecondition {
		t.Errorf("closed twice: %v", err)
	}
}

// TestLentEndsWithTheCall: a snapshot of the host's, kept by a plugin against the
// contract, can't be used after the call.
func TestLentEndsWithTheCall(t *testing.T) {
	impl := new(fake)
	_, store := serve(t, impl)
	if err := store.Restore(t.Context(), new(emptySnapshot)); err != nil {
		t.Fatal(err)
	}
	var e *tenon.Error
	if err := impl.restored.Close(); !errors.As(err, &e) || e.Code != tenon.FailedPrecondition {
		t.Errorf("got %v", err)
	}
}

// TestNil: a nil argument crosses as nil. A result that is nil, without an error
// that says why, is an error of the side that answered: the caller would use it.
func TestNil(t *testing.T) {
	impl := &fake{restored: new(emptySnapshot)}
	_, store := serve(t, impl)
	var e *tenon.Error
	if s, err := store.Snapshot(t.Context()); s != nil || !errors.As(err, &e) || e.Code != tenon.Internal {
		t.Error(s, err)
	}
	if err := store.Restore(t.Context(), nil); impl.restored != nil || err != nil {
		t.Error(impl.restored, err)
	}
}

// TestErrors: what errors.Is and errors.As say, they say on the other side too.
func TestErrors(t *testing.T) {
	var answer error
	_, store := serve(t, &fake{get: func(context.Context, string) ([]byte, error) { return nil, answer }})
	for _, want := range []error{
		kv.ErrNotFound,
		fmt.Errorf("outer: %w", kv.ErrBusy),
		&kv.KeyError{Op: "get", Key: "a", Err: kv.ErrNotFound},
		&kv.KeyError{Op: "get", Key: "a", Err: &kv.SizeError{Size: 2, Limit: 1}},
		&kv.KeyError{Op: "get"},
		errors.Join(kv.ErrBusy, &kv.KeyError{Key: "b", Err: context.Canceled}),
	} {
		answer = want
		_, got := store.Get(t.Context(), "")
		if got == nil || got.Error() != want.Error() {
			t.Errorf("%v became %v", want, got)
			continue
		}
		for _, sentinel := range []error{kv.ErrNotFound, kv.ErrBusy, context.Canceled} {
			if errors.Is(got, sentinel) != errors.Is(want, sentinel) {
				t.Errorf("%v: errors.Is %v: %v", want, sentinel, errors.Is(got, sentinel))
			}
		}
		sameAs[*kv.KeyError](t, got, want, func(a, b *kv.KeyError) bool {
			return a.Op == b.Op && a.Key == b.Key && (a.Err == nil) == (b.Err == nil)
		})
		sameAs[*kv.SizeError](t, got, want, func(a, b *kv.SizeError) bool { return *a == *b })
	}
}

func sameAs[T error](t *testing.T, got, want error, equal func(a, b T) bool) {
	t.Helper()
	var a, b T
	if found := errors.As(got, &a); found != errors.As(want, &b) || found && !equal(a, b) {
		t.Errorf("%v: errors.As %T: %v, %+v, not %+v", want, a, found, a, b)
	}
}

type clock time.Time

func (c clock) Now(context.Context) (time.Time, error) { return time.Time(c), nil }

// TestNow: a plugin gets the time from its host, and from its own clock if the
// host has none, or if it is no plugin at all.
func TestNow(t *testing.T) {
	then := time.Date(1492, 10, 12, 7, 0, 0, 5, time.UTC)
	got := make(chan time.Time, 1)
	impl := &fake{get: func(ctx context.Context, _ string) ([]byte, error) {
		now, err := kv.Now(ctx)
		got <- now
		return nil, err
	}}
	for _, want := range []time.Time{then, {}} {
		_, store := serve(t, impl, kv.ServeClock(clock(want)))
		_, err := store.Get(t.Context(), "")
		if now := <-got; !now.Equal(want) || err != nil {
			t.Errorf("%v became %v, %v", want, now, err)
		}
	}
	_, store := serve(t, impl)
	before := time.Now()
	_, err := store.Get(t.Context(), "")
	alone, err2 := kv.Now(t.Context())
	if now := <-got; now.Before(before) || alone.Before(now) || errors.Join(err, err2) != nil {
		t.Error(before, now, alone, err, err2)
	}
}

// TestNoStore: what is missing is said when the store is opened.
func TestNoStore(t *testing.T) {
	p := tenontest.Serve(t, kv.App, kv.ServeClock(clock{}))
	_, err := kv.OpenStore(t.Context(), p)
	var e *tenon.Error
	if !errors.As(err, &e) || e.Code != tenon.Unimplemented {
		t.Errorf("got %v", err)
	}
}
