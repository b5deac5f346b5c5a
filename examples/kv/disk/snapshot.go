package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/tenon-go/tenon/examples/kv"
)

// Snapshot implements kv.Store.
func (s *store) Snapshot(context.Context) (kv.Snapshot, error) { return s.snapshot() }

func (s *store) snapshot() (*snapshot, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	tx, err := s.db.Begin(false)
	if err != nil {
		return nil, err
	}
	snap := &snapshot{store: s, tx: tx}
	if err := s.users.add(snap); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return snap, nil
}

// A snapshot is a transaction that only reads.
type snapshot struct {
	store *store

	mu sync.Mutex // a transaction is for one goroutine at a time
	tx *bbolt.Tx  // nil after Close
}

// view calls f with the transaction. It must not call whoever uses the snapshot:
// they would find it locked.
func (s *snapshot) view(f func(tx *bbolt.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tx == nil {
		return os.ErrClosed
	}
	return f(s.tx)
}

// Close implements kv.Snapshot.
func (s *snapshot) Close() error {
	defer s.store.users.remove(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tx == nil {
		return nil
	}
	tx := s.tx
	s.tx = nil
	return tx.Rollback()
}

func (s *snapshot) find(key string) (r record, err error) {
	err = s.view(func(tx *bbolt.Tx) (err error) {
		r, err = find(tx, key)
		return err
	})
	return r, err
}

// Get implements kv.Snapshot.
func (s *snapshot) Get(ctx context.Context, key string) ([]byte, error) {
	r, err := s.find(key)
	if err == nil && r.size > kv.MaxValue {
		err = &kv.SizeError{Size: r.size, Limit: kv.MaxValue}
	}
	var value bytes.Buffer
	if err == nil {
		value.Grow(int(r.size))
		err = s.copy(ctx, r, &value)
	}
	if err != nil {
		return nil, failed("get", key, err)
	}
	return value.Bytes(), nil
}

// Export implements kv.Snapshot.
func (s *snapshot) Export(ctx context.Context, key string, w io.Writer) (int64, error) {
	r, err := s.find(key)
	if err == nil {
		err = s.copy(ctx, r, w)
	}
	if err != nil {
		return 0, failed("export", key, err)
	}
	return r.size, nil
}

// copy writes the value of r to w, piece by piece.
func (s *snapshot) copy(ctx context.Context, r record, w io.Writer) error {
	for index, left := uint32(0), r.size; left > 0; index++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var piece []byte
		err := s.view(func(tx *bbolt.Tx) error {
			piece = tx.Bucket(pieces).Get(pieceKey(r.number, index))
			piece = bytes.Clone(piece) // it is good no longer than the transaction
			return nil
		})
		if err != nil {
			return err
		}
		if len(piece) == 0 || int64(len(piece)) > left {
			return errDamaged
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
		left -= int64(len(piece))
	}
	return nil
}

// List implements kv.Snapshot.
func (s *snapshot) List(ctx context.Context, prefix string) iter.Seq2[kv.Entry, error] {
	return func(yield func(kv.Entry, error) bool) {
		for from := []byte(prefix); from != nil; {
			page, next, err := s.page(prefix, from)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(kv.Entry{}, err)
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			from = next
		}
	}
}

// page returns the next entries, and the key to go on from: nil at the end.
func (s *snapshot) page(prefix string, from []byte) (page []kv.Entry, next []byte, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(entries).Cursor()
		for k, b := c.Seek(from); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, b = c.Next() {
			if len(page) == 128 {
				next = bytes.Clone(k)
				return nil
			}
			r, err := parse(b)
			if err != nil {
				return err
			}
			page = append(page, r.entry(k))
		}
		return nil
	})
	return page, next, err
}
