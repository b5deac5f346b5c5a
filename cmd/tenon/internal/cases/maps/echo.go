package maps

import "context"

// Echo returns what it is given.
type Echo struct{}

func (Echo) Keys(_ context.Context, v Keys) (Keys, error) {
	return v, nil
}

func (Echo) OddKeys(_ context.Context, v OddKeys) (OddKeys, error) {
	return v, nil
}

func (Echo) Values(_ context.Context, v Values) (Values, error) {
	return v, nil
}

func (Echo) Arguments(_ context.Context, a map[string]int, b map[Point]string, c map[string][]string, d Named) (map[string]int, map[Point]string, map[string][]string, Named, error) {
	return a, b, c, d, nil
}

func (Echo) Nested(_ context.Context, a []map[string]int, b map[string]map[int]bool, c map[Point]map[Point]Point, d [][]map[string]Item) ([]map[string]int, map[string]map[int]bool, map[Point]map[Point]Point, [][]map[string]Item, error) {
	return a, b, c, d, nil
}

func (Echo) Sets(_ context.Context, a map[string]struct{}, b map[Point]struct{}) (map[string]struct{}, map[Point]struct{}, error) {
	return a, b, nil
}
