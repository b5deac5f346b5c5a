package bytes

import "context"

// Echo returns what it is given.
type Echo struct{}

func (Echo) Slices(_ context.Context, a []byte, b Raw, c *[]byte, d [][]byte) ([]byte, Raw, *[]byte, [][]byte, error) {
	return a, b, c, d, nil
}

func (Echo) Arrays(_ context.Context, a [4]byte, b Sum, c *Sum, d []Sum, e [0]byte) ([4]byte, Sum, *Sum, []Sum, [0]byte, error) {
	return a, b, c, d, e, nil
}

func (Echo) Octets(_ context.Context, a []Octet, b [4]Octet, c []uint8, d Octets) ([]Octet, [4]Octet, []uint8, Octets, error) {
	return a, b, c, d, nil
}

func (Echo) Fields(_ context.Context, v Fields) (Fields, error) {
	return v, nil
}
