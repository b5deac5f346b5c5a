// Package files has what is like a file.
package files

import (
	"context"
	"io"
	"time"
)

// FS opens files.
//
//tenon:contract
type FS interface {
	Open(ctx context.Context, name string) (File, error)
	Seeker(ctx context.Context, name string) (io.ReadSeeker, error)
	ReaderAt(ctx context.Context, name string) (io.ReaderAt, error)
	Create(ctx context.Context, name string) (WriteFile, error)
	Size(ctx context.Context, r io.ReaderAt) (int64, error)
	Middle(ctx context.Context, r io.ReadSeeker) ([]byte, error)
	CopyTo(ctx context.Context, w io.WriteCloser, name string) error
	Lines(ctx context.Context, r io.ReadCloser) (int, error)
	Pipe(ctx context.Context, rw io.ReadWriter) error
	Whole(ctx context.Context, rwc io.ReadWriteCloser) error
	Byte(ctx context.Context, r io.ByteReader) (byte, error)
	Strings(ctx context.Context, w io.StringWriter, s string) (int, error)
	At(ctx context.Context, w io.WriterAt, s string, off int64) (int, error)
	Close(ctx context.Context, c io.Closer) error
}

// File is what fs.File is, with an Info that can cross.
type File interface {
	Stat() (Info, error)
	Read(p []byte) (n int, err error)
	ReadAt(p []byte, off int64) (n int, err error)
	Close() error
}

// WriteFile is written.
type WriteFile interface {
	io.Writer
	io.Closer
	Sync(ctx context.Context) error
}

// Info describes a file.
type Info struct {
	Name     string
	Size     int64
	Modified time.Time
	Dir      bool
}
