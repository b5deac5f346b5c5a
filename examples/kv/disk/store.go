package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/examples/kv/internal/feed"
)

// maxFile is the size in bytes that the file does not outgrow. It is mapped into
// memory as a whole: a write that had to map it anew would wait for all
// snapshots to be closed.
const maxFile = 1 << 30

// A store keeps values in a file.
type store struct {
	path string
	feed feed.Feed

	writing sync.Mutex // held for a change and its event, so that they have the same order

	users users

	mu sync.RWMutex // held, for reading, by who uses the file; for writing, to exchange it
	db *bbolt.DB
}

// The users of a file are the snapshots and the half-written values that would
// be lost if it were exchanged.
type users struct {
	mu     sync.Mutex
	open   map[io.Closer]struct{}
	closed bool
}

func (u *users) add(c io.Closer) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return os.ErrClosed
	}
	if u.open == nil {
		u.open = make(map[io.Closer]struct{})
	}
	u.open[c] = struct{}{}
	return nil
}

func (u *users) remove(c io.Closer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.open, c)
}

func (u *users) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.open)
}

// close closes all users, and lets none in any more.
func (u *users) close() {
	u.mu.Lock()
	u.closed = true
	open := slices.Collect(maps.Keys(u.open))
	u.mu.Unlock() // they remove themselves
	for _, c := range open {
		c.Close()
	}
}

var (
	_ kv.Store     = (*store)(nil)
	_ kv.Compacter = (*store)(nil)
)

func failed(op, key string, err error) error { return &kv.KeyError{Op: op, Key: key, Err: err} }

// open opens the file.
func (s *store) open(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.openFile(); err != nil {
		return fmt.Errorf("can't open %s: %w", s.path, err)
	}
	// Whatever a plugin prints, its host gets to see.
	fmt.Println("kv-disk: using", s.path)
	return nil
}

func (s *store) openFile() error {
	db, err := bbolt.Open(s.path, 0o600, &bbolt.Options{
		Timeout:         3 * time.Second, // for another process that has the file open
		InitialMmapSize: maxFile,
		MaxSize:         maxFile,
	})
	if err != nil {
		return err
	}
	s.db = db
	return db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucketIfNotExists(entries); err != nil {
			return err
		}
		_, err := tx.CreateBucketIfNotExists(pieces)
		return err
	})
}

// close closes the file, and what is left open by those who use it.
func (s *store) close() error {
	s.users.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

// update changes the file, and publishes the events that the change returns.
func (s *store) update(change func(*bbolt.Tx) ([]kv.Event, error)) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	var events []kv.Event
	err := s.db.Update(func(tx *bbolt.Tx) (err error) {
		events, err = change(tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, e := range events {
		s.feed.Publish(e)
	}
	return nil
}

// Get implements kv.Store.
func (s *store) Get(ctx context.Context, key string) ([]byte, error) {
	now, err := s.snapshot()
	if err != nil {
		return nil, failed("get", key, err)
	}
	defer now.Close()
	return now.Get(ctx, key)
}

// List implements kv.Store.
func (s *store) List(ctx context.Context, prefix string) iter.Seq2[kv.Entry, error] {
	return func(yield func(kv.Entry, error) bool) {
		now, err := s.snapshot()
		if err != nil {
			yield(kv.Entry{}, err)
			return
		}
		defer now.Close()
		now.List(ctx, prefix)(yield)
	}
}

// Export implements kv.Store.
func (s *store) Export(ctx context.Context, key string, w io.Writer) (int64, error) {
	now, err := s.snapshot()
	if err != nil {
		return 0, failed("export", key, err)
	}
	defer now.Close()
	return now.Export(ctx, key, w)
}

// Put implements kv.Store.
func (s *store) Put(ctx context.Context, key string, data []byte) error {
	if size := int64(len(data)); size > kv.MaxValue {
		return failed("put", key, &kv.SizeError{Size: size, Limit: kv.MaxValue})
	}
	modified, err := kv.Now(ctx)
	if err != nil {
		return failed("put", key, err)
	}
	w := &writer{ctx: ctx, store: s}
	defer w.Close()
	if _, err = w.Write(data); err == nil {
		err = w.commit(key, modified)
	}
	if err != nil {
		return failed("put", key, err)
	}
	slog.DebugContext(ctx, "put", "key", key, "size", w.size)
	return nil
}

// Import implements kv.Store.
func (s *store) Import(ctx context.Context, key string, r io.Reader) (int64, error) {
	modified, err := kv.Now(ctx)
	if err != nil {
		return 0, failed("import", key, err)
	}
	size, err := s.load(ctx, key, modified, func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
	if err != nil {
		return 0, failed("import", key, err)
	}
	slog.DebugContext(ctx, "imported", "key", key, "size", size)
	return size, nil
}

// load sets key to what fill writes.
func (s *store) load(ctx context.Context, key string, modified time.Time, fill func(io.Writer) error) (int64, error) {
	w := &writer{ctx: ctx, store: s}
	defer w.Close()
	if err := fill(w); err != nil {
		return 0, err
	}
	return w.size, w.commit(key, modified)
}

// Delete implements kv.Store.
func (s *store) Delete(_ context.Context, key string) error {
	err := s.update(func(tx *bbolt.Tx) ([]kv.Event, error) { return remove(tx, key) })
	if err != nil {
		return failed("delete", key, err)
	}
	return nil
}

func remove(tx *bbolt.Tx, key string) ([]kv.Event, error) {
	r, err := find(tx, key)
	if err != nil {
		return nil, err
	}
	if err := removeValue(tx, r.number); err != nil {
		return nil, err
	}
	return []kv.Event{{Op: kv.OpDelete, Entry: kv.Entry{Key: key}}}, tx.Bucket(entries).Delete([]byte(key))
}

// Watch implements kv.Store.
func (s *store) Watch(ctx context.Context, prefix string, onChange func(context.Context, kv.Event) error) error {
	return s.feed.Watch(ctx, prefix, onChange)
}

// Subscribe implements kv.Store.
func (s *store) Subscribe(_ context.Context, prefix string, l kv.Listener) (io.Closer, error) {
	return s.feed.Subscribe(prefix, l), nil
}

// Restore implements kv.Store. It goes value by value: other than in memory,
// there may be too many for one transaction.
func (s *store) Restore(ctx context.Context, from kv.Snapshot) error {
	wanted := make(map[string]bool)
	for e, err := range from.List(ctx, "") {
		if err != nil {
			return err
		}
		_, err := s.load(ctx, e.Key, e.Modified, func(w io.Writer) error {
			_, err := from.Export(ctx, e.Key, w)
			return err
		})
		if err != nil {
			return failed("restore", e.Key, err)
		}
		wanted[e.Key] = true
	}
	if err := s.removeOthers(ctx, wanted); err != nil {
		return err
	}
	slog.InfoContext(ctx, "restored from a snapshot", "keys", len(wanted))
	return nil
}

func (s *store) removeOthers(ctx context.Context, wanted map[string]bool) error {
	for e, err := range s.List(ctx, "") {
		if err == nil && !wanted[e.Key] {
			err = s.Delete(ctx, e.Key)
		}
		if err != nil && !errors.Is(err, kv.ErrNotFound) {
			return err
		}
	}
	return nil
}

// Compact implements kv.Compacter. It copies what is in use to a new file, which
// then takes the place of the old one.
func (s *store) Compact(ctx context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users.count() > 0 {
		return 0, kv.ErrBusy
	}
	before := fileSize(s.path)
	if err := s.db.Update(removeLost); err != nil {
		return 0, err
	}
	fresh := s.path + ".new"
	defer os.Remove(fresh) // does nothing after it was renamed
	if err := copyTo(fresh, s.db); err != nil {
		return 0, err
	}
	if err := s.exchange(fresh); err != nil {
		return 0, err
	}
	freed := before - fileSize(s.path)
	slog.InfoContext(ctx, "compacted", "before", before, "freed", freed)
	return freed, nil
}

func copyTo(path string, from *bbolt.DB) error {
	to, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	return errors.Join(bbolt.Compact(to, from, 1<<20), to.Close())
}

// exchange puts the file at path in the place of the store's.
func (s *store) exchange(path string) error {
	if err := s.db.Close(); err != nil {
		return err
	}
	// Even if it can't be renamed, there must be an open file afterwards.
	return errors.Join(os.Rename(path, s.path), s.openFile())
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
