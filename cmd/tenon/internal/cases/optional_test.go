package cases_test

import (
	"context"
	"io"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/fakes"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/optional"
	"github.com/tenon-go/tenon/tenontest"
)

// TestOptional serves a store with each combination of its optional parts: a
// type assertion tells which of them it has, and a call of each works.
func TestOptional(t *testing.T) {
	type (
		base = optional.Base
		s    = optional.Size
		l    = optional.Lock
		r    = optional.Reset
	)
	for i, impl := range []optional.Store{
		base{}, struct {
			base
			s
		}{}, struct {
			base
			l
		}{}, struct {
			base
			s
			l
		}{}, struct {
			base
			r
		}{}, struct {
			base
			s
			r
		}{}, struct {
			base
			l
			r
		}{}, struct {
			base
			s
			l
			r
		}{},
	} {
		p := tenontest.Serve(t, app, optional.ServeStore(impl))
		store := must(optional.OpenStore(t.Context(), p))(t)
		equal(t, must(store.Get(t.Context(), "k"))(t), "k")
		equal(t, must(store.Old(t.Context()))(t), "old")
		sizer, sizes := store.(optional.Sizer)
		locker, locks := store.(optional.Locker)
		resetter, resets := store.(optional.Resetter)
		equal(t, []bool{sizes, locks, resets}, []bool{i&1 != 0, i&2 != 0, i&4 != 0})
		if sizes {
			equal(t, must(sizer.Size(t.Context()))(t), 42)
		}
		if locks {
			ok(t, locker.Lock(t.Context()))
			ok(t, locker.Unlock(t.Context()))
		}
		if resets {
			ok(t, resetter.Reset(t.Context()))
		}
		sub := must(store.Sub(t.Context(), true))(t)
		equal(t, must(sub.Name(t.Context()))(t), "sub")
		tenon.Release(sub)
	}
}

// TestOlderPlugin opens a store of a plugin that lacks a method which is
// optional, and one that isn't.
func TestOlderPlugin(t *testing.T) {
	service := optional.ServeStore(optional.Base{})
	service.Without = append(service.Without, "Old")
	store := must(optional.OpenStore(t.Context(), tenontest.Serve(t, app, service)))(t)
	_, err := store.Old(t.Context())
	hasCode(t, err, tenon.Unimplemented)

	service.Without = append(service.Without, "Get")
	_, err = optional.OpenStore(t.Context(), tenontest.Serve(t, app, service))
	hasCode(t, err, tenon.Unimplemented)
}

// TestFakes uses fakes as implementations, and looks at what they recorded.
func TestFakes(t *testing.T) {
	fake := &fakes.FakeStore{
		GetFunc: func(_ context.Context, key string) (string, error) { return "value of " + key, nil },
		SubFunc: func(context.Context) (fakes.Listener, error) { return new(fakes.FakeListener), nil },
	}
	store := must(fakes.OpenStore(t.Context(), tenontest.Serve(t, app, fakes.ServeStore(fake))))(t)
	equal(t, must(store.Get(t.Context(), "a"))(t), "value of a")
	equal(t, must(store.Get(t.Context(), "b"))(t), "value of b")
	hasCode(t, store.Put(t.Context(), "c", "1", "2"), tenon.Unimplemented)
	equal(t, store.Bare(5), 0)
	var keys []string
	for _, call := range fake.GetCalls() {
		keys = append(keys, call.Key)
	}
	equal(t, keys, []string{"a", "b"})
	equal(t, fake.PutCalls()[0].Value, []string{"1", "2"})
	equal(t, fake.BareCalls()[0].N, 5)

	listener := must(store.Sub(t.Context()))(t)
	listener.Told(t.Context(), "it")
	tenon.Release(listener)
}

// TestFakesOfRefs uses fakes of what is no contract of its own: of an interface
// that a contract passes, and of optional parts.
func TestFakesOfRefs(t *testing.T) {
	words := []string{"one", "two"}
	cursor := &fakes.FakeCursor{
		NextFunc: func(context.Context) (string, error) {
			if len(words) == 0 {
				return "", io.EOF
			}
			word := words[0]
			words = words[1:]
			return word, nil
		},
		CloseFunc: func() error { return nil },
	}
	both := struct {
		*fakes.FakeStore
		*fakes.FakeGetSizer
	}{
		&fakes.FakeStore{CursorFunc: func(context.Context) (fakes.Cursor, error) { return cursor, nil }},
		&fakes.FakeGetSizer{SizeFunc: func(context.Context) (int64, error) { return 42, nil }},
	}
	store := must(fakes.OpenStore(t.Context(), tenontest.Serve(t, app, fakes.ServeStore(both))))(t)
	c := must(store.Cursor(t.Context()))(t)
	equal(t, must(c.Next(t.Context()))(t), "one")
	equal(t, must(c.Next(t.Context()))(t), "two")
	_, err := c.Next(t.Context())
	is(t, err, io.EOF)
	ok(t, c.Close())
	equal(t, len(cursor.NextCalls()), 3)
	equal(t, len(cursor.CloseCalls()), 1)

	sizer := store.(fakes.GetSizer)
	equal(t, must(sizer.Size(t.Context()))(t), 42)
	_, err = sizer.GetSize(t.Context(), "key")
	hasCode(t, err, tenon.Unimplemented)
	equal(t, both.GetSizeCalls()[0].Key, "key")

	alone := must(fakes.OpenStore(t.Context(), tenontest.Serve(t, app, fakes.ServeStore(both.FakeStore))))(t)
	if _, ok := alone.(fakes.Sizer); ok {
		t.Error("a fake of a contract has an optional part")
	}
}

// What a method returns in place of a channel: nil beside an error, and else one
// that is closed.
func TestNoChannel(t *testing.T) {
	fake := new(fakes.FakeStore)
	stores := map[string]fakes.Store{
		"fake": fake,
		"open": must(fakes.OpenStore(t.Context(), tenontest.Serve(t, app, fakes.ServeStore(fake))))(t),
	}
	for name, store := range stores {
		ch, err := store.Changes(t.Context())
		hasCode(t, err, tenon.Unimplemented)
		if ch != nil {
			t.Errorf("%s: there is a channel beside %v", name, err)
		}
		if _, ok := <-store.Ticks(t.Context()); ok {
			t.Errorf("%s: the channel has an element", name)
		}
	}
}
