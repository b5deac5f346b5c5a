package lists

import (
	"context"
	"time"
)

// Echo returns what it is given.
type Echo struct{}

func (Echo) Slices(_ context.Context, a [][]int, b [][][]string, c [][]byte, d []Names) ([][]int, [][][]string, [][]byte, []Names, error) {
	return a, b, c, d, nil
}

func (Echo) Arrays(_ context.Context, a [3]int, b [2][3]string, c [2][]bool, d [][2]float64, e [0]int, f [2]Item) ([3]int, [2][3]string, [2][]bool, [][2]float64, [0]int, [2]Item, error) {
	return a, b, c, d, e, f, nil
}

func (Echo) Structs(_ context.Context, a []Item, b []*Item, c [][]Item, d Items) ([]Item, []*Item, [][]Item, Items, error) {
	return a, b, c, d, nil
}

func (Echo) Pointers(_ context.Context, a *[]int, b []*int, c *[2]string, d [][]*Item) (*[]int, []*int, *[2]string, [][]*Item, error) {
	return a, b, c, d, nil
}

func (Echo) Times(_ context.Context, a []time.Time, b []time.Duration, c [][]time.Time) ([]time.Time, []time.Duration, [][]time.Time, error) {
	return a, b, c, nil
}

func (Echo) Fields(_ context.Context, v Fields) (Fields, error) {
	return v, nil
}
