package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"github.com/tenon-go/tenon/examples/kv"
)

// In the file there are two buckets. A record in entries says under which number
// the pieces of the value are found in pieces, so that a large value is written
// in several transactions and appears in the last of them, all at once.
var (
	entries = []byte("entries") // key -> record
	pieces  = []byte("pieces")  // number, index -> bytes
)

// pieceSize is the size of a value's pieces.
const pieceSize = 64 << 10

// A record is what is kept of an entry, apart from its key.
type record struct {
	number   uint64 // of the value
	size     int64
	modified time.Time
}

var errDamaged = errors.New("the file is damaged")

func (r record) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, r.number)
	b = binary.BigEndian.AppendUint64(b, uint64(r.size))
	b = binary.BigEndian.AppendUint64(b, uint64(r.modified.UnixNano()))
	return b
}

func parse(b []byte) (r record, err error) {
	if len(b) != 24 {
		return r, errDamaged
	}
	r.number = binary.BigEndian.Uint64(b)
	r.size = int64(binary.BigEndian.Uint64(b[8:]))
	r.modified = time.Unix(0, int64(binary.BigEndian.Uint64(b[16:]))).UTC()
	return r, nil
}

func (r record) entry(key []byte) kv.Entry {
	return kv.Entry{Key: string(key), Size: r.size, Modified: r.modified}
}

func find(tx *bbolt.Tx, key string) (record, error) {
	b := tx.Bucket(entries).Get([]byte(key))
	if b == nil {
		return record{}, kv.ErrNotFound
	}
	return parse(b)
}

func pieceKey(number uint64, index uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, number), index)
}

// removePieces removes the pieces of the values that unwanted says yes to.
func removePieces(tx *bbolt.Tx, from uint64, unwanted func(number uint64) (remove, more bool)) error {
	c := tx.Bucket(pieces).Cursor()
	for k, _ := c.Seek(pieceKey(from, 0)); k != nil; {
		remove, more := unwanted(binary.BigEndian.Uint64(k))
		if !more {
			return nil
		}
		if !remove {
			k, _ = c.Next()
			continue
		}
		next := bytes.Clone(k)
		if err := c.Delete(); err != nil {
			return err
		}
		k, _ = c.Seek(next) // a deletion moves the cursor
	}
	return nil
}

// removeValue removes the pieces of one value.
func removeValue(tx *bbolt.Tx, number uint64) error {
	return removePieces(tx, number, func(n uint64) (remove, more bool) { return n == number, n == number })
}

// removeLost removes the values that no entry has: a process that was killed in
// the middle of an import leaves one.
func removeLost(tx *bbolt.Tx) error {
	known := make(map[uint64]bool)
	err := tx.Bucket(entries).ForEach(func(_, b []byte) error {
		r, err := parse(b)
		known[r.number] = true
		return err
	})
	if err != nil {
		return err
	}
	return removePieces(tx, 0, func(n uint64) (remove, more bool) { return !known[n], true })
}
