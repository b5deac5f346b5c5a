package jsonraw

import (
	"context"
	"encoding/json"
)

// Echo returns what it is given.
type Echo struct{}

func (Echo) Raw(_ context.Context, a json.RawMessage, b *json.RawMessage, c []json.RawMessage, d map[string]json.RawMessage) (json.RawMessage, *json.RawMessage, []json.RawMessage, map[string]json.RawMessage, error) {
	return a, b, c, d, nil
}

func (Echo) Fields(_ context.Context, v Fields) (Fields, error) {
	return v, nil
}

func (Echo) Numbers(_ context.Context, n json.Number) (json.Number, error) {
	return n, nil
}
