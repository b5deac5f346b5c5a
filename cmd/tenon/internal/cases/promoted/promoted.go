// Package promoted has contracts with embedded interfaces.
package promoted

import (
	"context"
	"fmt"
	"io"

	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/promoted/base"
)

// Store has the methods of those that it embeds, and of what these embed.
//
//tenon:contract
type Store interface {
	base.Getter
	Putter
	fmt.Stringer
	io.Closer
	interface {
		Inline(ctx context.Context, n int) (int, error)
	}
	Own(ctx context.Context) (base.Getter, error)
}

// Putter is embedded. Keys is in Getter, too.
type Putter interface {
	Deleter
	Put(ctx context.Context, key string, v base.Value) error
	Keys(ctx context.Context) ([]string, error)
}

// Deleter is embedded in what is embedded.
type Deleter interface {
	// Delete is Deleter's.
	Delete(ctx context.Context, key string) error
}
