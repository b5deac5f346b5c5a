// Package broken has readers and writers that fail with the contract's errors.
package broken

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// ErrBroken is a sentinel.
var ErrBroken = errors.New("broken")

// Fault is an error type.
type Fault struct{ Part string }

func (e *Fault) Error() string { return "fault in " + e.Part }

// Probe uses what it is given, and returns what breaks when it is used.
//
//tenon:contract
type Probe interface {
	// These use v as how says: "read", "write", "copy" from or to it, or "close".
	// They fail with the error of that, and say what it looked like.
	Reader(ctx context.Context, v io.Reader, how string) error
	Writer(ctx context.Context, v io.Writer, how string) error
	Closer(ctx context.Context, v io.Closer, how string) error
	ReadCloser(ctx context.Context, v io.ReadCloser, how string) error
	WriteCloser(ctx context.Context, v io.WriteCloser, how string) error
	ReadWriter(ctx context.Context, v io.ReadWriter, how string) error
	ReadWriteCloser(ctx context.Context, v io.ReadWriteCloser, how string) error

	// Seen is what the error of the last use was.
	Seen(ctx context.Context) (Seen, error)

	// These fail with err.
	NewReader(ctx context.Context, err error) (io.Reader, error)
	NewWriter(ctx context.Context, err error) (io.Writer, error)
	NewCloser(ctx context.Context, err error) (io.Closer, error)
	NewReadCloser(ctx context.Context, err error) (io.ReadCloser, error)
	NewWriteCloser(ctx context.Context, err error) (io.WriteCloser, error)
	NewReadWriter(ctx context.Context, err error) (io.ReadWriter, error)
	NewReadWriteCloser(ctx context.Context, err error) (io.ReadWriteCloser, error)

	// Each uses what is in a struct.
	Each(ctx context.Context, all Streams) error
}

// Streams are readers and writers as fields.
type Streams struct {
	In  io.Reader
	Out []io.Writer
}

// Seen is what an error is.
type Seen struct {
	Broken bool   // ErrBroken is in it
	Fault  string // the Part of the Fault in it
	Text   string
}

// Look says what err is.
func Look(err error) Seen {
	s := Seen{Broken: errors.Is(err, ErrBroken), Text: fmt.Sprint(err)}
	if f := (*Fault)(nil); errors.As(err, &f) {
		s.Fault = f.Part
	}
	return s
}
