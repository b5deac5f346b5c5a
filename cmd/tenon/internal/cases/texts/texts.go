// Package texts has types that turn themselves into text or bytes.
package texts

import (
	"context"
	"math/big"
	"net/netip"
	"net/url"
)

// Texts returns what it is given.
//
//tenon:contract
type Texts interface {
	Standard(ctx context.Context, a netip.Addr, b netip.Prefix, c *big.Int, d *url.URL, e big.Int, f url.URL) (netip.Addr, netip.Prefix, *big.Int, *url.URL, big.Int, url.URL, error)
	Own(ctx context.Context, a Text, b PointerText, c Binary, d PointerBinary, e Both, f Appending) (Text, PointerText, Binary, PointerBinary, Both, Appending, error)
	OwnPointers(ctx context.Context, a *Text, b *PointerText, c *Binary, d *PointerBinary, e *Both) (*Text, *PointerText, *Binary, *PointerBinary, *Both, error)
	Half(ctx context.Context, a HalfText) (HalfText, error)
	Positions(ctx context.Context, v Positions) (Positions, error)
}

// Positions has them wherever a type can be.
type Positions struct {
	Addr     netip.Addr
	Maybe    *netip.Addr
	Addrs    []netip.Addr
	ByName   map[string]netip.Prefix
	Names    map[netip.Addr]string
	Ints     []*big.Int
	URLs     map[string]*url.URL
	Nested   [][]netip.Addr
	Array    [2]netip.Addr
	Own      []PointerText
	OwnBy    map[string]PointerBinary
	Binaries []Binary
	Odd      map[Text]int
	Boths    []*Both
	List     TextList
}
