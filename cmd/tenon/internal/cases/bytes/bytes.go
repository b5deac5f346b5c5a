// Package bytes has the name of another package, and byte slices and arrays.
package bytes

import "context"

// Bytes returns what it is given.
//
//tenon:contract
type Bytes interface {
	Slices(ctx context.Context, a []byte, b Raw, c *[]byte, d [][]byte) ([]byte, Raw, *[]byte, [][]byte, error)
	Arrays(ctx context.Context, a [4]byte, b Sum, c *Sum, d []Sum, e [0]byte) ([4]byte, Sum, *Sum, []Sum, [0]byte, error)
	Octets(ctx context.Context, a []Octet, b [4]Octet, c []uint8, d Octets) ([]Octet, [4]Octet, []uint8, Octets, error)
	Fields(ctx context.Context, v Fields) (Fields, error)
}

// Raw is a named byte slice.
type Raw []byte

// Sum is a named byte array.
type Sum [32]byte

// Octet is a byte with a name of its own.
type Octet byte

// Octets is a slice of them.
type Octets []Octet

// Fields has them as fields.
type Fields struct {
	Slice  []byte
	Raw    Raw
	Sum    Sum
	Maybe  *Raw
	List   []Raw
	ByName map[string]Raw
	Sums   map[Sum]Sum
	Array  [2][]byte
}
