package twocontracts

import "context"

// Echo1, Echo2 and Echo3 implement the contracts.
type (
	Echo1 struct{}
	Echo2 struct{}
	Echo3 struct{}
)

// Echo returns its argument.
func (Echo1) Echo(_ context.Context, v Shared) (Shared, error) { return v, nil }

// Only returns its argument.
func (Echo1) Only(_ context.Context, v OnlyFirst) (OnlyFirst, error) { return v, nil }

// Second returns an Echo2.
func (Echo1) Second(context.Context) (Second, error) { return Echo2{}, nil }

// Echo returns its arguments.
func (Echo2) Echo(_ context.Context, v Shared, n int) (Shared, int, error) { return v, n, nil }

// Echo returns its arguments.
func (Echo3) Echo(_ context.Context, v Shared, e Elsewhere) (Shared, Elsewhere, error) {
	return v, e, nil
}

// Tell tells f what first makes of v.
func (Echo3) Tell(ctx context.Context, first First, f func(context.Context, Shared) error, v Shared) error {
	v, err := first.Echo(ctx, v)
	if err != nil {
		return err
	}
	return f(ctx, v)
}
