// Package unresolved has types that don't exist.
package unresolved

import (
	"context"

	"example.com/nowhere"
)

//tenon:contract
type Store interface {
	Put(ctx context.Context, v Missing) error
	Get(ctx context.Context, v nowhere.Value) error
}
