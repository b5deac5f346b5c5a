package errs

import "context"

// Echo returns what it is given.
type Echo struct{}

// Return fails with err.
func (Echo) Return(_ context.Context, err error) error { return err }

// Echo returns err.
func (Echo) Echo(_ context.Context, err error) (error, error) { return err, nil }

// List returns the errors.
func (Echo) List(_ context.Context, errs []error, more ...error) ([]error, error) {
	return append(errs, more...), nil
}

// Fields returns r.
func (Echo) Fields(_ context.Context, r Report) (Report, error) { return r, nil }

// Beside fails with n, unless n is 0.
func (Echo) Beside(_ context.Context, n int) (int, string, error) {
	if n != 0 {
		return n, "beside", Errno(n)
	}
	return 42, "alone", nil
}
