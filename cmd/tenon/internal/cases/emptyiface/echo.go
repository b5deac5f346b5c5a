package emptyiface

import "context"

// Echo returns what it is given.
type Echo struct{}

func (Echo) Struct(_ context.Context, v Zero) (Zero, error) {
	return v, nil
}

func (Echo) Structs(_ context.Context, v []Zero, p []*Zero, m map[string]Zero) ([]Zero, []*Zero, map[string]Zero, error) {
	return v, p, m, nil
}
