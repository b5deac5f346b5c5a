package texts

import (
	"context"
	"math/big"
	"net/netip"
	"net/url"
)

// Echo returns what it is given.
type Echo struct{}

func (Echo) Standard(_ context.Context, a netip.Addr, b netip.Prefix, c *big.Int, d *url.URL, e big.Int, f url.URL) (netip.Addr, netip.Prefix, *big.Int, *url.URL, big.Int, url.URL, error) {
	return a, b, c, d, e, f, nil
}

func (Echo) Own(_ context.Context, a Text, b PointerText, c Binary, d PointerBinary, e Both, f Appending) (Text, PointerText, Binary, PointerBinary, Both, Appending, error) {
	return a, b, c, d, e, f, nil
}

func (Echo) OwnPointers(_ context.Context, a *Text, b *PointerText, c *Binary, d *PointerBinary, e *Both) (*Text, *PointerText, *Binary, *PointerBinary, *Both, error) {
	return a, b, c, d, e, nil
}

func (Echo) Half(_ context.Context, a HalfText) (HalfText, error) {
	return a, nil
}

func (Echo) Positions(_ context.Context, v Positions) (Positions, error) {
	return v, nil
}
