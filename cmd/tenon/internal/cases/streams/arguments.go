package streams

import (
	"context"
	"fmt"
	"iter"
	"strings"
)

// Sinks implements Arguments.
type Sinks struct{}

// Sum adds.
func (Sinks) Sum(_ context.Context, numbers iter.Seq[int]) (int, error) {
	sum := 0
	for n := range numbers {
		sum += n
	}
	return sum, nil
}

// Join joins.
func (Sinks) Join(_ context.Context, sep string, parts iter.Seq2[string, error]) (string, error) {
	var all []string
	for part, err := range parts {
		if err != nil {
			return strings.Join(all, sep), fmt.Errorf("after %d: %w", len(all), err)
		}
		all = append(all, part)
	}
	return strings.Join(all, sep), nil
}

// Collect makes a map.
func (Sinks) Collect(_ context.Context, pairs iter.Seq2[string, int]) (map[string]int, error) {
	all := map[string]int{}
	for k, v := range pairs {
		all[k] = v
	}
	return all, nil
}

// Drain returns all.
func (Sinks) Drain(_ context.Context, items <-chan Item) ([]Item, error) {
	var all []Item
	for item := range items {
		all = append(all, item)
	}
	return all, nil
}

// First returns the first n, and leaves the rest.
func (Sinks) First(_ context.Context, numbers iter.Seq[int], n int) ([]int, error) {
	var all []int
	for i := range numbers {
		if len(all) >= n {
			break
		}
		all = append(all, i)
	}
	return all, nil
}

// Ignore takes none.
func (Sinks) Ignore(context.Context, iter.Seq[int]) error { return nil }

// IgnoreChan takes none.
func (Sinks) IgnoreChan(context.Context, <-chan Item) error { return nil }

// Refuse fails after the first.
func (Sinks) Refuse(_ context.Context, numbers iter.Seq[int]) error {
	for range numbers {
		return ErrStream
	}
	return nil
}

// Bare adds.
func (s Sinks) Bare(numbers iter.Seq[int]) int {
	sum, _ := s.Sum(context.Background(), numbers)
	return sum
}

// Structs returns all.
func (Sinks) Structs(_ context.Context, items iter.Seq[Item]) ([]Item, error) {
	var all []Item
	for item := range items {
		all = append(all, item)
	}
	return all, nil
}

// Pipes implements Both.
type Pipes struct{}

// Double doubles.
func (Pipes) Double(_ context.Context, numbers iter.Seq[int]) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for n := range numbers {
			if !yield(2*n, nil) {
				return
			}
		}
	}
}

// Upper puts the prefix before each line, in capitals.
func (Pipes) Upper(_ context.Context, prefix string, lines iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for line, err := range lines {
			if !yield(strings.ToUpper(prefix+line), err) || err != nil {
				return
			}
		}
	}
}

// Chans adds one to each.
func (Pipes) Chans(ctx context.Context, in <-chan Item) <-chan Item {
	out := make(chan Item)
	go func() {
		defer close(out)
		for item := range in {
			item.N++
			select {
			case out <- item:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// Head returns the first, and a stream of the rest.
func (Pipes) Head(_ context.Context, in <-chan int) (int, iter.Seq2[int, error], error) {
	first, ok := <-in
	if !ok {
		return 0, nil, ErrStream
	}
	return first, func(yield func(int, error) bool) {
		for n := range in {
			if !yield(n, nil) {
				return
			}
		}
	}, nil
}
