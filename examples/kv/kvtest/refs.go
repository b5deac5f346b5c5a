package kvtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/kv"
)

var errEnough = errors.New("enough")

func testWatch(f *fixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	events := make(chan kv.Event, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- f.store.Watch(ctx, "w/", func(_ context.Context, e kv.Event) error {
			events <- e
			return nil
		})
	}()
	f.event(events, kv.OpWatch, "")
	f.put("elsewhere", "1")
	f.put("w/a", "22")
	f.event(events, kv.OpPut, "w/a")
	f.ok(f.store.Delete(f.ctx, "w/a"))
	f.event(events, kv.OpDelete, "w/a")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		f.Errorf("the watch ended with %v", err)
	}
}

func (f *fixture) event(events <-chan kv.Event, op kv.Op, key string) {
	f.Helper()
	select {
	case e := <-events:
		if e.Op != op || e.Entry.Key != key {
			f.Fatalf("got %+v, not %v of %q", e, op, key)
		}
	case <-f.ctx.Done():
		f.Fatalf("no event %v of %q", op, key)
	}
}

// testWatchFails has the callback call the store, and end the watch.
func testWatchFails(f *fixture) {
	err := f.store.Watch(f.ctx, "", func(ctx context.Context, e kv.Event) error {
		if e.Op == kv.OpWatch {
			return f.store.Put(ctx, "from-the-callback", nil)
		}
		return &kv.KeyError{Op: "watch", Key: e.Entry.Key, Err: kv.ErrBusy}
	})
	var at *kv.KeyError
	if !errors.Is(err, kv.ErrBusy) || !errors.As(err, &at) || at.Key != "from-the-callback" {
		f.Errorf("got %v", err)
	}
}

// A listener passes on what it is told.
type listener struct {
	events chan kv.Event
	err    error
}

func (l *listener) Changed(_ context.Context, e kv.Entry) error {
	l.events <- kv.Event{Op: kv.OpPut, Entry: e}
	return l.err
}

func (l *listener) Deleted(_ context.Context, key string) error {
	l.events <- kv.Event{Op: kv.OpDelete, Entry: kv.Entry{Key: key}}
	return l.err
}

func testSubscribe(f *fixture) {
	l := &listener{events: make(chan kv.Event, 10)}
	ctx, cancel := context.WithCancel(f.ctx)
	sub, err := f.store.Subscribe(ctx, "s/", l)
	f.ok(err)
	cancel() // the subscription does not end with the context of the call
	f.put("elsewhere", "")
	f.put("s/a", "1")
	f.event(l.events, kv.OpPut, "s/a")
	f.ok(f.store.Delete(f.ctx, "s/a"))
	f.event(l.events, kv.OpDelete, "s/a")
	f.ok(sub.Close())
	f.put("s/b", "")
	if len(l.events) > 0 {
		f.Errorf("told of %+v after the end", <-l.events)
	}
}

func testListenerFails(f *fixture) {
	l := &listener{events: make(chan kv.Event, 10), err: errEnough}
	sub, err := f.store.Subscribe(f.ctx, "", l)
	f.ok(err)
	f.put("a", "")
	f.event(l.events, kv.OpPut, "a")
	f.ok(sub.Close())
	f.put("b", "")
	if len(l.events) > 0 {
		f.Errorf("told of %+v after it failed", <-l.events)
	}
}

func testSnapshot(f *fixture) {
	f.put("a", "old")
	snap, err := f.store.Snapshot(f.ctx)
	f.ok(err)
	f.put("a", "new")
	f.put("b", "later")
	got, err := snap.Get(f.ctx, "a")
	f.ok(err)
	if string(got) != "old" {
		f.Errorf("got %q", got)
	}
	f.keys(snap.List(f.ctx, ""), "a")
	if _, err := snap.Get(f.ctx, "b"); !errors.Is(err, kv.ErrNotFound) {
		f.Errorf("b: %v", err)
	}
	var buf bytes.Buffer
	_, err = snap.Export(f.ctx, "a", &buf)
	f.ok(err)
	if buf.String() != "old" {
		f.Errorf("exported %q", &buf)
	}
	f.ok(snap.Close())
}

// testRestore gives the store back its own snapshot.
func testRestore(f *fixture) {
	f.put("a", "old")
	f.put("gone", "soon")
	snap, err := f.store.Snapshot(f.ctx)
	f.ok(err)
	defer snap.Close()
	f.put("a", "new")
	f.put("b", "later")
	f.ok(f.store.Delete(f.ctx, "gone"))
	f.ok(f.store.Restore(f.ctx, snap))
	f.keys(f.store.List(f.ctx, ""), "a", "gone")
	got, err := f.store.Get(f.ctx, "a")
	f.ok(err)
	if string(got) != "old" {
		f.Errorf("got %q", got)
	}
}

// testRestoreForeign gives it one that it has not made.
func testRestoreForeign(f *fixture) {
	f.put("own", "1")
	f.ok(f.store.Restore(f.ctx, foreign{}))
	f.keys(f.store.List(f.ctx, ""), "one", "two")
	got, err := f.store.Get(f.ctx, "two")
	f.ok(err)
	if string(got) != "value of two" {
		f.Errorf("got %q", got)
	}
	err = f.store.Restore(f.ctx, foreign{errEnough})
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte(errEnough.Error())) {
		f.Errorf("got %v", err)
	}
	f.keys(f.store.List(f.ctx, ""), "one", "two")
}

// foreign is a snapshot of this side.
type foreign struct{ err error }

func (s foreign) Get(_ context.Context, key string) ([]byte, error) {
	return []byte("value of " + key), s.err
}

func (s foreign) List(context.Context, string) iter.Seq2[kv.Entry, error] {
	return func(yield func(kv.Entry, error) bool) {
		if s.err != nil {
			yield(kv.Entry{}, s.err)
			return
		}
		_ = yield(kv.Entry{Key: "one", Modified: now}, nil) && yield(kv.Entry{Key: "two", Modified: now}, nil)
	}
}

func (s foreign) Export(_ context.Context, key string, w io.Writer) (int64, error) {
	n, err := w.Write([]byte("value of " + key))
	return int64(n), err
}

func (s foreign) Close() error { return nil }

// testRestoreNil makes the same mistake as a host that does not look at an error:
// the store panics, which costs this one call.
func testRestoreNil(f *fixture) {
	f.put("a", "1")
	err := f.store.Restore(f.ctx, nil)
	var e *tenon.Error
	if !errors.As(err, &e) || e.Code != tenon.Internal || e.Stack == "" {
		f.Errorf("got %v", err)
	}
	f.keys(f.store.List(f.ctx, ""), "a")
}

// testCompact is for stores that have it.
func testCompact(f *fixture) {
	c, ok := f.store.(kv.Compacter)
	if !ok {
		f.Skip("the store has no Compact")
	}
	_, err := f.store.Import(f.ctx, "large", bytes.NewReader(pattern(8<<20)))
	f.ok(err)
	f.put("small", "1")
	f.ok(f.store.Delete(f.ctx, "large"))
	snap, err := f.store.Snapshot(f.ctx)
	f.ok(err)
	if _, err := c.Compact(f.ctx); !errors.Is(err, kv.ErrBusy) {
		f.Errorf("with an open snapshot: %v", err)
	}
	f.ok(snap.Close())
	freed, err := c.Compact(f.ctx)
	f.ok(err)
	if freed < 8<<20 {
		f.Errorf("freed %d bytes", freed)
	}
	f.keys(f.store.List(f.ctx, ""), "small")
	f.put("more", "2")
}
