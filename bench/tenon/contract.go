package tenonbench

import (
	"context"
	"iter"
)

// Bench is what the plugin does for its host.
//
//tenon:contract
type Bench interface {
	// Echo returns the request.
	Echo(ctx context.Context, request []byte) ([]byte, error)

	// Messages sends count messages of size bytes.
	Messages(ctx context.Context, count, size int) iter.Seq2[[]byte, error]
}
