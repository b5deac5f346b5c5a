// Package noctx has methods without a context.
package noctx

import (
	"io"
	"iter"
)

// Store is a map.
//
//tenon:contract
type Store interface {
	Get(key string) (string, error)
	Put(key, value string) error
	Keys() iter.Seq2[string, error]
	Each(visit func(key, value string) error) error
	Open(key string) (File, error)
	Lend(f File) (string, error)
	Copy(w io.Writer, key string) (int64, error)
	Reader(key string) (io.Reader, error)
}

// File is a value that can be read. It has no contexts either.
type File interface {
	Name() string
	Bytes() ([]byte, error)
	Parent() (Dir, error)
	Close() error
}

// Dir is where a File is.
type Dir interface {
	Path() (string, error)
}
