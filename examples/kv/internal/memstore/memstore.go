// Package memstore is a kv.Store that keeps everything in memory.
package memstore

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/examples/kv/internal/feed"
)

// A Store keeps values in memory. The zero value is an empty one.
type Store struct {
	feed feed.Feed

	mu     sync.RWMutex
	values view
}

var _ kv.Store = (*Store)(nil)

// A view is the content of a store at one time. The values in it don't change.
type view map[string]value

// A value is kept in pieces, so that a large one need not be moved as it grows.
type value struct {
	pieces   [][]byte
	size     int64
	modified time.Time
}

func (v value) entry(key string) kv.Entry {
	return kv.Entry{Key: key, Size: v.size, Modified: v.modified}
}

func (v view) get(key string) ([]byte, error) {
	val, ok := v[key]
	switch {
	case !ok:
		return nil, failed("get", key, kv.ErrNotFound)
	case val.size > kv.MaxValue:
		return nil, failed("get", key, &kv.SizeError{Size: val.size, Limit: kv.MaxValue})
	}
	return slices.Concat(val.pieces...), nil
}

func (v view) list(prefix string) []kv.Entry {
	var list []kv.Entry
	for key, val := range v {
		if strings.HasPrefix(key, prefix) {
			list = append(list, val.entry(key))
		}
	}
	slices.SortFunc(list, func(a, b kv.Entry) int { return strings.Compare(a.Key, b.Key) })
	return list
}

func failed(op, key string, err error) error { return &kv.KeyError{Op: op, Key: key, Err: err} }

// Get implements kv.Store.
func (s *Store) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.values.get(key)
}

// Put implements kv.Store.
func (s *Store) Put(ctx context.Context, key string, data []byte) error {
	size := int64(len(data))
	if size > kv.MaxValue {
		return failed("put", key, &kv.SizeError{Size: size, Limit: kv.MaxValue})
	}
	return s.set(ctx, "put", key, value{pieces: [][]byte{slices.Clone(data)}, size: size})
}

// Delete implements kv.Store.
func (s *Store) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.values[key]; !ok {
		return failed("delete", key, kv.ErrNotFound)
	}
	delete(s.values, key)
	s.feed.Publish(kv.Event{Op: kv.OpDelete, Entry: kv.Entry{Key: key}})
	return nil
}

// List implements kv.Store.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[kv.Entry, error] {
	return func(yield func(kv.Entry, error) bool) {
		s.mu.RLock()
		list := s.values.list(prefix)
		s.mu.RUnlock()
		each(ctx, list, yield)
	}
}

func each(ctx context.Context, list []kv.Entry, yield func(kv.Entry, error) bool) {
	for _, e := range list {
		if err := ctx.Err(); err != nil {
			yield(kv.Entry{}, err)
			return
		}
		if !yield(e, nil) {
			return
		}
	}
}

// Import implements kv.Store.
func (s *Store) Import(ctx context.Context, key string, r io.Reader) (int64, error) {
	var v value
	if _, err := io.Copy(writer{ctx, &v}, r); err != nil {
		return 0, failed("import", key, err)
	}
	return v.size, s.set(ctx, "import", key, v)
}

// Export implements kv.Store.
func (s *Store) Export(ctx context.Context, key string, w io.Writer) (int64, error) {
	s.mu.RLock()
	v, ok := s.values[key]
	s.mu.RUnlock() // before w, which may be slow, is written to
	return export(ctx, key, v, ok, w)
}

func export(ctx context.Context, key string, v value, ok bool, w io.Writer) (size int64, err error) {
	if !ok {
		return 0, failed("export", key, kv.ErrNotFound)
	}
	for _, piece := range v.pieces {
		if err := ctx.Err(); err != nil {
			return size, err
		}
		n, err := w.Write(piece)
		size += int64(n)
		if err != nil {
			return size, failed("export", key, err)
		}
	}
	return size, nil
}

// set stores v under key, with the time that the host's clock shows.
func (s *Store) set(ctx context.Context, op, key string, v value) error {
	var err error
	if v.modified, err = kv.Now(ctx); err != nil {
		return failed(op, key, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = make(view)
	}
	s.values[key] = v
	slog.DebugContext(ctx, "stored", "key", key, "size", v.size)
	// The lock is held, so that events come in the order of the changes.
	s.feed.Publish(kv.Event{Op: kv.OpPut, Entry: v.entry(key)})
	return nil
}

// Watch implements kv.Store.
func (s *Store) Watch(ctx context.Context, prefix string, onChange func(context.Context, kv.Event) error) error {
	return s.feed.Watch(ctx, prefix, onChange)
}

// Subscribe implements kv.Store.
func (s *Store) Subscribe(_ context.Context, prefix string, l kv.Listener) (io.Closer, error) {
	return s.feed.Subscribe(prefix, l), nil
}

// Snapshot implements kv.Store.
func (s *Store) Snapshot(context.Context) (kv.Snapshot, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return snapshot{maps.Clone(s.values)}, nil
}

// Restore implements kv.Store.
func (s *Store) Restore(ctx context.Context, from kv.Snapshot) error {
	values := make(view)
	for e, err := range from.List(ctx, "") {
		if err != nil {
			return err
		}
		v := value{modified: e.Modified}
		if _, err := from.Export(ctx, e.Key, writer{ctx, &v}); err != nil {
			return err
		}
		values[e.Key] = v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.values
	s.values = values
	s.announce(old)
	slog.InfoContext(ctx, "restored from a snapshot", "keys", len(values))
	return nil
}

// announce publishes the difference between old and what there is now.
func (s *Store) announce(old view) {
	for key := range old {
		if _, ok := s.values[key]; !ok {
			s.feed.Publish(kv.Event{Op: kv.OpDelete, Entry: kv.Entry{Key: key}})
		}
	}
	for key, v := range s.values {
		s.feed.Publish(kv.Event{Op: kv.OpPut, Entry: v.entry(key)})
	}
}

// A snapshot is a copy of the map, not of the values.
type snapshot struct{ view view }

func (s snapshot) Get(_ context.Context, key string) ([]byte, error) { return s.view.get(key) }

func (s snapshot) List(ctx context.Context, prefix string) iter.Seq2[kv.Entry, error] {
	return func(yield func(kv.Entry, error) bool) { each(ctx, s.view.list(prefix), yield) }
}

func (s snapshot) Export(ctx context.Context, key string, w io.Writer) (int64, error) {
	v, ok := s.view[key]
	return export(ctx, key, v, ok, w)
}

func (s snapshot) Close() error { return nil }

// pieceSize is the size of a value's pieces.
const pieceSize = 64 << 10

// A writer adds to a value until its context ends.
type writer struct {
	ctx context.Context
	v   *value
}

func (w writer) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	w.v.size += int64(len(p))
	for rest := p; len(rest) > 0; {
		last := len(w.v.pieces) - 1
		if last < 0 || len(w.v.pieces[last]) == pieceSize {
			w.v.pieces = append(w.v.pieces, nil)
			last++
		}
		n := min(len(rest), pieceSize-len(w.v.pieces[last]))
		w.v.pieces[last] = append(w.v.pieces[last], rest[:n]...)
		rest = rest[n:]
	}
	return len(p), nil
}
