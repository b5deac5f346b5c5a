package generic

import (
	"context"

	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/generic/box"
)

// Echo returns what it is given.
type Echo struct{}

func (Echo) Pages(_ context.Context, a Page[Item], b Page[int], c Page[[]string]) (Page[Item], Page[int], Page[[]string], error) {
	return a, b, c, nil
}

func (Echo) Pairs(_ context.Context, a Pair[string, Item], b Pair[int, Page[Item]], c []Pair[Item, Item]) (Pair[string, Item], Pair[int, Page[Item]], []Pair[Item, Item], error) {
	return a, b, c, nil
}

func (Echo) Aliases(_ context.Context, a Items, b Strings) (Items, Strings, error) {
	return a, b, nil
}

func (Echo) Optional(_ context.Context, a Opt[int], b Opt[Item]) (Opt[int], Opt[Item], error) {
	return a, b, nil
}

func (Echo) Boxed(_ context.Context, a box.Box[Item], b box.Box[box.Box[bool]]) (box.Box[Item], box.Box[box.Box[bool]], error) {
	return a, b, nil
}

func (Echo) Lists(_ context.Context, a List[int], b Set[string]) (List[int], Set[string], error) {
	return a, b, nil
}

func (Echo) Derived(_ context.Context, a ItemPage) (ItemPage, error) {
	return a, nil
}
