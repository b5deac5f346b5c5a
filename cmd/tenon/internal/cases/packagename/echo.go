package packagename

import "context"

// Echo returns what it is given.
type Echo struct{}

func (Echo) Echo(_ context.Context, v Value, k Kind) (Value, Kind, error) {
	return v, k, nil
}
