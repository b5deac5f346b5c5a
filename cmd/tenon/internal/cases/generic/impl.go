package generic

import (
	"context"
	"iter"
)

// Each visits each.
func (Echo) Each(ctx context.Context, items List[Item], visit Visit[Item]) error {
	for _, item := range items {
		if err := visit(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

// From gets n.
func (Echo) From(ctx context.Context, source Source[Item], n int) ([]Item, error) {
	var all []Item
	for i := range min(n, 1000) {
		item, err := source.Get(ctx, i)
		if err != nil {
			return all, err
		}
		all = append(all, item)
	}
	return all, nil
}

// All numbers the page's items.
func (Echo) All(_ context.Context, page Page[Item]) iter.Seq2[Pair[int, Item], error] {
	return func(yield func(Pair[int, Item], error) bool) {
		for i, item := range page.Items {
			if !yield(Pair[int, Item]{i, item}, nil) {
				return
			}
		}
	}
}
