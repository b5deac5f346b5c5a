// Package lists has slices and arrays of everything, each other included.
package lists

import (
	"context"
	"time"
)

// Lists returns what it is given.
//
//tenon:contract
type Lists interface {
	Slices(ctx context.Context, a [][]int, b [][][]string, c [][]byte, d []Names) ([][]int, [][][]string, [][]byte, []Names, error)
	Arrays(ctx context.Context, a [3]int, b [2][3]string, c [2][]bool, d [][2]float64, e [0]int, f [2]Item) ([3]int, [2][3]string, [2][]bool, [][2]float64, [0]int, [2]Item, error)
	Structs(ctx context.Context, a []Item, b []*Item, c [][]Item, d Items) ([]Item, []*Item, [][]Item, Items, error)
	Pointers(ctx context.Context, a *[]int, b []*int, c *[2]string, d [][]*Item) (*[]int, []*int, *[2]string, [][]*Item, error)
	Times(ctx context.Context, a []time.Time, b []time.Duration, c [][]time.Time) ([]time.Time, []time.Duration, [][]time.Time, error)
	Fields(ctx context.Context, v Fields) (Fields, error)
}

// Item is in lists.
type Item struct {
	Name string
	Tags []string
}

// Named lists.
type (
	Names  []string
	Items  []Item
	Matrix [2][2]float64
	Grid   [][]Cell
)

// Cell is an integer that is no byte.
type Cell int16

// Fields has lists as fields.
type Fields struct {
	Bools   []bool
	Signed  []int64
	Bytes   []int8
	Matrix  Matrix
	Grid    Grid
	Names   Names
	Deep    [][][][]int
	Mixed   [][2][]string
	ByIndex []map[int]string
	Empty   []struct{}
}
