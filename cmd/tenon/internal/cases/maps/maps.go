// Package maps has maps with every kind of key and of value.
package maps

import (
	"context"
	"net/netip"
	"time"
)

// Maps returns what it is given.
//
//tenon:contract
type Maps interface {
	Keys(ctx context.Context, v Keys) (Keys, error)
	OddKeys(ctx context.Context, v OddKeys) (OddKeys, error)
	Values(ctx context.Context, v Values) (Values, error)
	Arguments(ctx context.Context, a map[string]int, b map[Point]string, c map[string][]string, d Named) (map[string]int, map[Point]string, map[string][]string, Named, error)
	Nested(ctx context.Context, a []map[string]int, b map[string]map[int]bool, c map[Point]map[Point]Point, d [][]map[string]Item) ([]map[string]int, map[string]map[int]bool, map[Point]map[Point]Point, [][]map[string]Item, error)
	Sets(ctx context.Context, a map[string]struct{}, b map[Point]struct{}) (map[string]struct{}, map[Point]struct{}, error)
}

// Keys has the keys that protobuf allows.
type Keys struct {
	Bool   map[bool]string
	Int    map[int]string
	Int8   map[int8]string
	Int16  map[int16]string
	Int32  map[int32]string
	Int64  map[int64]string
	Uint   map[uint]string
	Uint8  map[uint8]string
	Uint16 map[uint16]string
	Uint32 map[uint32]string
	Uint64 map[uint64]string
	String map[string]string
	Named  map[Key]string
	Enum   map[Enum]string
}

// OddKeys has those that it doesn't.
type OddKeys struct {
	Struct   map[Point]string
	Array    map[[2]int]string
	Bytes    map[[4]byte]string
	Float    map[float64]string
	Time     map[time.Time]int
	Duration map[time.Duration]int
	Text     map[netip.Addr]int
	Complex  map[complex128]bool
}

// Values has values of every kind.
type Values struct {
	Bytes    map[string][]byte
	Struct   map[string]Item
	Pointer  map[string]*Item
	Lists    map[string][]int
	Items    map[int][]Item
	Maps     map[string]map[string]string
	Arrays   map[string][2]int
	ByteArr  map[string][3]byte
	Times    map[string]time.Time
	Duration map[int64]time.Duration
	Enum     map[string]Enum
	Text     map[string]netip.Addr
	Maybe    map[string]*int
	Deep     map[string]map[string]map[string][]Item
}

// Key is a string of its own.
type Key string

// Enum is a key too.
type Enum int

// The values.
const (
	Zero Enum = iota
	One
)

// Named is a named map.
type Named map[Key]Item

// Point is a key.
type Point struct{ X, Y int }

// Item is a value.
type Item struct {
	Name string
	Size int64
}
