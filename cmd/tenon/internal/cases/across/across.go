// Package across uses another package's contract and types.
//
//tenon:errors github.com/tenon-go/tenon/cmd/tenon/internal/cases/across/base
package across

import (
	"context"

	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/across/base"
)

// Across uses what base has.
//
//tenon:contract
type Across interface {
	Types(ctx context.Context, e base.Event, k base.Kind) (base.Event, base.Kind, error)
	Fields(ctx context.Context, v Fields) (Fields, error)

	// Tell tells l.
	Tell(ctx context.Context, l base.Listener, e base.Event) error

	// Make returns a listener that remembers in the Across.
	Make(ctx context.Context) (base.Listener, error)

	// Told returns how often the one of Make was told.
	Told(ctx context.Context) (int, error)

	// Subscribe keeps l.
	//
	//tenon:keep l
	Subscribe(ctx context.Context, l base.Listener) error

	// Publish tells the one that was kept, and releases it.
	Publish(ctx context.Context, e base.Event) error

	// Home says whether l is the one of Make, come home.
	Home(ctx context.Context, l base.Listener) (bool, error)

	// Plain calls p, twice.
	Plain(ctx context.Context, p base.Plain, e base.Event) (base.Event, error)

	// Struct tells the one in s.
	Struct(ctx context.Context, s WithListener) error
}

// Fields has base's types in it.
type Fields struct {
	Event  base.Event
	Events []*base.Event
	Kinds  map[base.Kind]base.Sub
	Event2 Event
}

// Event has the name of base's.
type Event struct{ Own string }

// WithListener has a listener in it.
type WithListener struct {
	Name      string
	Listener  base.Listener
	Listeners []base.Listener
	Event     base.Event
}
