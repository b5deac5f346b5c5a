// Package unexported has fields that are not exported.
package unexported

import (
	"bytes"
	"context"
	"sync"
	"time"
)

//tenon:contract
type Store interface {
	Put(ctx context.Context, v Value) error
	Buffer(ctx context.Context, b *bytes.Buffer) error
	Foreign(ctx context.Context, t *time.Timer) error
}

type Value struct {
	Name   string
	hidden int
	mu     sync.Mutex
	Deep   []Deep
	_      int
}

type Deep struct{ also string }
