// Package feed tells those who watch a store what has changed in it.
package feed

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/kv"
)

// A Feed passes the events of a store on. The zero value is ready for use.
type Feed struct {
	mu       sync.Mutex
	watchers map[*watcher]struct{}
}

// Publish tells all watchers of e. It waits for none of them.
func (f *Feed) Publish(e kv.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watchers {
		if strings.HasPrefix(e.Entry.Key, w.prefix) {
			w.push(e)
		}
	}
}

// Watch does what the contract says of Store.Watch.
func (f *Feed) Watch(ctx context.Context, prefix string, onChange func(context.Context, kv.Event) error) error {
	w := f.add(prefix)
	defer f.remove(w)
	if err := onChange(ctx, kv.Event{Op: kv.OpWatch}); err != nil {
		return err
	}
	return w.each(ctx, onChange)
}

// Subscribe does what the contract says of Store.Subscribe.
func (f *Feed) Subscribe(prefix string, l kv.Listener) io.Closer {
	// The subscription outlives the call that made it, and so its context.
	ctx, cancel := context.WithCancel(context.Background())
	s := &subscription{cancel: cancel, done: make(chan struct{})}
	w := f.add(prefix)
	go func() {
		defer close(s.done)
		defer f.remove(w)
		defer tenon.Release(l) // the contract says that it is kept, so it is ours to give up
		err := w.each(ctx, func(ctx context.Context, e kv.Event) error { return tell(ctx, l, e) })
		if ctx.Err() == nil {
			slog.Warn("a listener failed and is not called again", "prefix", prefix, "error", err)
		}
	}()
	return s
}

func tell(ctx context.Context, l kv.Listener, e kv.Event) error {
	if e.Op == kv.OpDelete {
		return l.Deleted(ctx, e.Entry.Key)
	}
	return l.Changed(ctx, e.Entry)
}

// A subscription is what ends a Subscribe.
type subscription struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// Close returns when the listener is not called any more.
func (s *subscription) Close() error {
	s.cancel()
	<-s.done
	return nil
}

func (f *Feed) add(prefix string) *watcher {
	w := &watcher{prefix: prefix, latest: make(map[string]kv.Event), more: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watchers == nil {
		f.watchers = make(map[*watcher]struct{})
	}
	f.watchers[w] = struct{}{}
	return w
}

func (f *Feed) remove(w *watcher) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.watchers, w)
}

// A watcher has the events that somebody has not seen yet: no more than one for
// each key, so that one who is slow takes up little memory.
type watcher struct {
	prefix string
	more   chan struct{} // has room for the one signal that is needed

	mu     sync.Mutex
	order  []string
	latest map[string]kv.Event
}

func (w *watcher) push(e kv.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, waiting := w.latest[e.Entry.Key]; !waiting {
		w.order = append(w.order, e.Entry.Key)
	}
	w.latest[e.Entry.Key] = e
	select {
	case w.more <- struct{}{}:
	default:
	}
}

func (w *watcher) pop() (e kv.Event, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.order) == 0 {
		return e, false
	}
	key := w.order[0]
	w.order = w.order[1:]
	e = w.latest[key]
	delete(w.latest, key)
	return e, true
}

// each calls onChange for each event until ctx ends or it fails.
func (w *watcher) each(ctx context.Context, onChange func(context.Context, kv.Event) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.more:
		}
		for e, ok := w.pop(); ok; e, ok = w.pop() {
			if err := onChange(ctx, e); err != nil {
				return err
			}
		}
	}
}
