package docs

import "context"

// Echo returns what it is given.
type Echo struct{}

func (Echo) Star(_ context.Context, s string) (string, error) {
	return s, nil
}

func (Echo) Old(_ context.Context, s string) (string, error) {
	return s, nil
}

func (Echo) OnlyDirective(_ context.Context, s string) (string, error) {
	return s, nil
}

func (Echo) None(_ context.Context, s string) (string, error) {
	return s, nil
}

func (Echo) Around(_ context.Context, s string) (string, error) {
	return s, nil
}

func (Echo) Evil(_ context.Context, v Odd) (Odd, error) {
	return v, nil
}

func (Echo) Long(_ context.Context, s string) (string, error) {
	return s, nil
}

func (Echo) Unicode(_ context.Context, s string) (string, error) {
	return s, nil
}

func (Echo) Behind(_ context.Context, s string) (string, error) {
	return s, nil
}
