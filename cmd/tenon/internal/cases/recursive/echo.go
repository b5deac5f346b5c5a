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

func (Echo) Lists(_ context.Context, a Lists, b Pointers, c Pairs, d []Lists, e *Lists) (Lists, Pointers, Pairs, []Lists, *Lists, error) {
	return a, b, c, d, e, nil
}

func (Echo) Maps(_ context.Context, a Maps, b Keyed, c ListOfMaps, d map[int]Maps) (Maps, Keyed, ListOfMaps, map[int]Maps, error) {
	return a, b, c, d, nil
}

func (Echo) Knots(_ context.Context, v Knots) (Knots, error) {
	return v, nil
}
