// Package kv is the contract between a program that uses key-value stores and
// the plugins that are such stores.
//
// It is all that the author of a plugin system writes: an interface, the types
// and errors that occur in it, and the name of the app. The file kv_tenon.go,
// which makes a connection of it, is generated.
package kv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/tenon-go/tenon"
)

//go:generate go tool tenon gen

// App is what hosts and plugins of this package agree on before they speak.
var App = tenon.App{Name: "kv", Version: 1}

// MaxValue is the size in bytes of the largest value that Get and Put handle.
// Larger ones go through Import and Export, which never hold a whole value.
const MaxValue = 1 << 20

// Store keeps values by key. A plugin implements it, and the host calls it. Its
// methods are safe for concurrent use.
//
//tenon:contract
type Store interface {
	// Get returns the value of key. It fails with ErrNotFound if there is none,
	// and with a *SizeError if the value is larger than MaxValue.
	Get(ctx context.Context, key string) ([]byte, error)

	// Put sets the value of key. It fails with a *SizeError if the value is
	// larger than MaxValue.
	Put(ctx context.Context, key string, value []byte) error

	// Delete removes key. It fails with ErrNotFound if there is nothing to remove.
	Delete(ctx context.Context, key string) error

	// List returns the entries whose keys begin with prefix, sorted by key.
	List(ctx context.Context, prefix string) iter.Seq2[Entry, error]

	// Import sets the value of key to all that r has, and returns its size in
	// bytes. If it fails, the store is as it was before.
	Import(ctx context.Context, key string, r io.Reader) (size int64, err error)

	// Export writes the value of key to w, and returns its size in bytes.
	Export(ctx context.Context, key string, w io.Writer) (size int64, err error)

	// Watch calls onChange for each change of a key that begins with prefix,
	// until ctx ends or onChange returns an error, which it returns. The first
	// event says that the watch has begun: no change after it is missed. Of
	// several changes to the same key a slow onChange may see only the last.
	Watch(ctx context.Context, prefix string, onChange func(ctx context.Context, e Event) error) error

	// Subscribe tells l of each change, as Watch does, but returns at once; it is
	// ended by closing what it returns.
	//
	//tenon:keep l
	Subscribe(ctx context.Context, prefix string, l Listener) (io.Closer, error)

	// Snapshot returns the store as it is now. The caller closes it.
	Snapshot(ctx context.Context) (Snapshot, error)

	// Restore makes the store what s is. It doesn't matter whose snapshot s is.
	Restore(ctx context.Context, s Snapshot) error
}

// Compacter is a Store that can give unused space back.
//
//tenon:optional Store
type Compacter interface {
	// Compact gives unused space back, and returns how many bytes. It fails with
	// ErrBusy while a snapshot is open.
	Compact(ctx context.Context) (freed int64, err error)
}

// Snapshot is the content of a Store at one time.
type Snapshot interface {
	// Get is Store's Get, at the time of the snapshot.
	Get(ctx context.Context, key string) ([]byte, error)

	// List is Store's List, at the time of the snapshot.
	List(ctx context.Context, prefix string) iter.Seq2[Entry, error]

	// Export is Store's Export, at the time of the snapshot.
	Export(ctx context.Context, key string, w io.Writer) (size int64, err error)

	// Close gives up what the snapshot holds.
	Close() error
}

// Listener is told of changes, one at a time. The caller of Subscribe implements
// it. A listener that returns an error is not called again.
type Listener interface {
	// Changed is called when the key of e was set.
	Changed(ctx context.Context, e Entry) error

	// Deleted is called when key was removed.
	Deleted(ctx context.Context, key string) error
}

// Clock tells the time. The host implements it, and plugins call it: an entry's
// time is that of the host, whose clock may be another in a test.
//
//tenon:contract
type Clock interface {
	// Now returns the time.
	Now(ctx context.Context) (time.Time, error)
}

// Entry describes a value.
type Entry struct {
	Key      string
	Size     int64 // in bytes
	Modified time.Time
}

// Op says what happened to a key.
type Op int

// What happened to a key.
const (
	OpWatch  Op = iota + 1 // nothing: the watch has begun
	OpPut                  // it was set
	OpDelete               // it was removed
)

// Event is a change to one key.
type Event struct {
	Op    Op
	Entry Entry // of an OpDelete it has the key only
}

var (
	// ErrNotFound means that there is no such key.
	ErrNotFound = errors.New("key not found")

	// ErrBusy means that the store can't do this while a snapshot is open.
	ErrBusy = errors.New("store is busy")
)

// KeyError says which key an operation failed for.
type KeyError struct {
	Op, Key string
	Err     error
}

func (e *KeyError) Error() string { return fmt.Sprintf("%s %q: %v", e.Op, e.Key, e.Err) }

// Unwrap returns why the operation failed.
func (e *KeyError) Unwrap() error { return e.Err }

// SizeError says that a value is too large for Get or Put.
type SizeError struct {
	Size, Limit int64 // in bytes
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("value of %d bytes is larger than the limit of %d", e.Size, e.Limit)
}

// Now returns the time by the clock of whoever made the call that is being
// handled under ctx, or by this process's own if it offers none.
func Now(ctx context.Context) (time.Time, error) {
	clock, err := CallerClock(ctx)
	if err != nil {
		return time.Now(), nil
	}
	now, err := clock.Now(ctx)
	if tenon.CodeOf(err) == tenon.Unimplemented { // not every host says beforehand what it has
		return time.Now(), nil
	}
	return now, err
}
