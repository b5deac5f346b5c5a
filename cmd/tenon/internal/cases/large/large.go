// Package large has types that take much more memory than the messages in which
// they arrive.
//
//tenon:draft
package large

import "context"

// Large returns what it is given.
//
//tenon:contract
type Large interface {
	Ints(ctx context.Context, v [][65536]int) ([][65536]int, error)
	Arrays(ctx context.Context, v [][4096]byte) ([][4096]byte, error)
	Structs(ctx context.Context, v []Block) ([]Block, error)
	Pointers(ctx context.Context, v []*Block) ([]*Block, error)
	ArrayPointers(ctx context.Context, v []*[4096]byte) ([]*[4096]byte, error)
	IntPointers(ctx context.Context, v []*[4096]int) ([]*[4096]int, error)
	Maps(ctx context.Context, v map[int][4096]byte) (map[int][4096]byte, error)
	IntMaps(ctx context.Context, v map[int][4096]int) (map[int][4096]int, error)
	PointerMaps(ctx context.Context, v map[int]*[4096]int) (map[int]*[4096]int, error)
	Keys(ctx context.Context, v map[[512]int]bool) (map[[512]int]bool, error)
	Lists(ctx context.Context, v [][]Block) ([][]Block, error)
	MapLists(ctx context.Context, v []map[int]Block) ([]map[int]Block, error)
	Nested(ctx context.Context, v Tree) (Tree, error)
}

// Block is a large struct.
type Block struct {
	H    [4096]byte
	Name string
}

// Tree is a large one that contains itself.
type Tree struct {
	H        [512]int64
	Children []Tree
}
