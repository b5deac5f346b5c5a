package recursive

import "context"

// Echo returns what it is given.
type Echo struct{}

func (Echo) Self(_ context.Context, a *List, b Tree) (*List, Tree, error) {
	return a, b, nil
}

func (Echo) Mutual(_ context.Context, a A) (A, error) {
	return a, nil
}

func (Echo) Mapped(_ context.Context, v Dir) (Dir, error) {
	return v, nil
}

func (Echo) Deep(_ context.Context, v Node) (Node, error) {
	return v, nil
}

func (Echo) Instance(_ context.Context, v *Linked[string]) (*Linked[string], error) {
	return v, nil
}
