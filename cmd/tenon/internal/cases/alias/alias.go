// Package alias has aliases of types, contracts and contexts.
package alias

import (
	"context"
	"io"
	"iter"
	"time"
)

// The aliases.
type (
	Ctx        = context.Context
	Err        = error
	Bytes      = []byte
	Text       = string
	When       = time.Time
	Entry      = item
	Entries    = []Entry
	ByName     = map[Text]Entry
	Reader     = io.Reader
	Seq        = iter.Seq2[Entry, Err]
	Visitor    = func(ctx Ctx, e Entry) Err
	Watch      = watcher
	Again      = Text
	Gen[T any] = []T
)

type item struct {
	Name Text
	Data Bytes
	At   *When
}

type watcher interface {
	Seen(ctx Ctx, e Entry) Err
}

// Aliases returns what it is given.
//
//tenon:contract
type Aliases interface {
	Echo(ctx Ctx, a Bytes, b Again, c When, d Entry) (Bytes, Again, When, Entry, Err)
	Lists(ctx Ctx, a Entries, b ByName, c Gen[Gen[int]]) (Entries, ByName, Gen[Gen[int]], Err)
	Read(ctx Ctx, r Reader) (Text, Err)
	All(ctx Ctx, e Entries) Seq
	Each(ctx Ctx, e Entries, visit Visitor) Err
	Watch(ctx Ctx, e Entry, w Watch) Err
}

// Same is the contract under another name.
type Same = Aliases
