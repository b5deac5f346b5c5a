package structs

import (
	"context"
	"fmt"
)

// Echo returns what it is given.
type Echo struct{}

func (Echo) Nested(_ context.Context, a Outer, b *Outer) (Outer, *Outer, error) {
	return a, b, nil
}

func (Echo) Embedded(_ context.Context, v Embedding, p *Embedding) (Embedding, *Embedding, error) {
	return v, p, nil
}

func (Echo) AnonymousFields(_ context.Context, v WithAnonymous) (WithAnonymous, error) {
	return v, nil
}

func (Echo) Presence(_ context.Context, v Presence) (Presence, error) {
	return v, nil
}

func (Echo) Empty(_ context.Context, a Empty, b *Empty, c struct{}) (Empty, *Empty, struct{}, error) {
	return a, b, c, nil
}

func (Echo) Nils(_ context.Context, v Nils) (Nils, error) {
	return v, nil
}

func (Echo) Unexported(_ context.Context, v hidden) (hidden, error) {
	return v, nil
}

func (Echo) Derived(_ context.Context, a Derived, b []*Inner) (Derived, []*Inner, error) {
	return a, b, nil
}

func (Echo) Anonymous(_ context.Context, opts struct {
	Name  string
	Limit int
	Range struct{ From, To int }
}) (struct{ Name string }, error) {
	return struct{ Name string }{fmt.Sprint(opts)}, nil
}
