package main

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"github.com/tenon-go/tenon/examples/kv"
)

// batch is how much of a value is written in one transaction.
const batch = 1 << 20

// A writer writes one value, which is seen by nobody before commit. Small values
// take a single transaction.
type writer struct {
	ctx    context.Context
	store  *store
	size   int64
	number uint64 // of the value; 0 before anything was written
	index  uint32 // of the next piece
	buf    []byte
}

// Write implements io.Writer, until the writer's context ends.
func (w *writer) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	w.buf = append(w.buf, p...)
	w.size += int64(len(p))
	if len(w.buf) < batch {
		return len(p), nil
	}
	// The file must not be exchanged before the value is complete.
	if err := w.store.users.add(w); err != nil {
		return 0, err
	}
	return len(p), w.update(func(tx *bbolt.Tx) ([]kv.Event, error) {
		return nil, w.flush(tx, len(w.buf)-len(w.buf)%pieceSize)
	})
}

// update changes the file. If that fails the value has not got a number by it.
func (w *writer) update(change func(*bbolt.Tx) ([]kv.Event, error)) error {
	number := w.number
	err := w.store.update(change)
	if err != nil {
		w.number = number
	}
	return err
}

// flush writes the first n bytes of the buffer in pieces.
func (w *writer) flush(tx *bbolt.Tx, n int) (err error) {
	b := tx.Bucket(pieces)
	if w.number == 0 {
		if w.number, err = b.NextSequence(); err != nil {
			return err
		}
	}
	for from := 0; from < n; from += pieceSize {
		if err := b.Put(pieceKey(w.number, w.index), w.buf[from:min(n, from+pieceSize)]); err != nil {
			return err
		}
		w.index++
	}
	w.buf = append(w.buf[:0], w.buf[n:]...)
	return nil
}

// commit makes what was written the value of key.
func (w *writer) commit(key string, modified time.Time) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	err := w.update(func(tx *bbolt.Tx) ([]kv.Event, error) {
		if err := w.flush(tx, len(w.buf)); err != nil {
			return nil, err
		}
		if old, err := find(tx, key); err == nil {
			if err := removeValue(tx, old.number); err != nil {
				return nil, err
			}
		}
		r := record{number: w.number, size: w.size, modified: modified}
		put := kv.Event{Op: kv.OpPut, Entry: r.entry([]byte(key))}
		return []kv.Event{put}, tx.Bucket(entries).Put([]byte(key), r.append(nil))
	})
	if err == nil {
		w.number = 0 // it is the entry's now
	}
	return err
}

// Close removes what was written and not committed.
func (w *writer) Close() error {
	defer w.store.users.remove(w)
	if w.number == 0 {
		return nil
	}
	return w.store.update(func(tx *bbolt.Tx) ([]kv.Event, error) {
		return nil, removeValue(tx, w.number)
	})
}
