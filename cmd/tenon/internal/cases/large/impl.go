package large

import "context"

// Echo returns what it is given.
type Echo struct{}

func (Echo) Ints(_ context.Context, v [][65536]int) ([][65536]int, error) { return v, nil }

func (Echo) Arrays(_ context.Context, v [][4096]byte) ([][4096]byte, error) { return v, nil }

func (Echo) Structs(_ context.Context, v []Block) ([]Block, error) { return v, nil }

func (Echo) Pointers(_ context.Context, v []*Block) ([]*Block, error) { return v, nil }

func (Echo) ArrayPointers(_ context.Context, v []*[4096]byte) ([]*[4096]byte, error) { return v, nil }

func (Echo) IntPointers(_ context.Context, v []*[4096]int) ([]*[4096]int, error) { return v, nil }

func (Echo) Maps(_ context.Context, v map[int][4096]byte) (map[int][4096]byte, error) { return v, nil }

func (Echo) IntMaps(_ context.Context, v map[int][4096]int) (map[int][4096]int, error) { return v, nil }

func (Echo) PointerMaps(_ context.Context, v map[int]*[4096]int) (map[int]*[4096]int, error) {
	return v, nil
}

func (Echo) Keys(_ context.Context, v map[[512]int]bool) (map[[512]int]bool, error) { return v, nil }

func (Echo) Lists(_ context.Context, v [][]Block) ([][]Block, error) { return v, nil }

func (Echo) MapLists(_ context.Context, v []map[int]Block) ([]map[int]Block, error) { return v, nil }

func (Echo) Nested(_ context.Context, v Tree) (Tree, error) { return v, nil }
