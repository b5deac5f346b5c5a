// Package jsonraw has JSON that is passed on as it is.
package jsonraw

import (
	"context"
	"encoding/json"
)

// JSON returns what it is given.
//
//tenon:contract
type JSON interface {
	Raw(ctx context.Context, a json.RawMessage, b *json.RawMessage, c []json.RawMessage, d map[string]json.RawMessage) (json.RawMessage, *json.RawMessage, []json.RawMessage, map[string]json.RawMessage, error)
	Fields(ctx context.Context, v Fields) (Fields, error)
	Numbers(ctx context.Context, n json.Number) (json.Number, error)
}

// Fields has JSON as a field.
type Fields struct {
	Name   string
	Params json.RawMessage
}
