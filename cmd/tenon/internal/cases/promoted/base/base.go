// Package base has a contract that another one embeds.
package base

import "context"

// Getter gets.
//
//tenon:contract
type Getter interface {
	Get(ctx context.Context, key string) (Value, error)
	Keys(ctx context.Context) ([]string, error)
}

// Value is what it gets.
type Value struct{ Text string }
