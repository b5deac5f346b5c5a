// Package misplaced has a directive that is not on what it is about.
package misplaced

import "context"

//tenon:contract

// Store has a blank line between itself and the directive.
type Store interface {
	Get(ctx context.Context) error
}

// Other has a good one.
//
//tenon:contract
type Other interface {
	Get(ctx context.Context, v Value) error
}

type Value struct {
	//tenon:name x
	A int
}

func g() {
	//tenon:contract
	type local interface{ Get() error }
}
