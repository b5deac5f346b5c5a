package cases_test

import (
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/testing/protocmp"
)

// same says when a value is what it was on the other side. Empty and nil lists,
// maps and bytes are one thing, but no pointers; a negative zero is not zero.
var same = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Exporter(func(reflect.Type) bool { return true }),
	protocmp.Transform(),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.Comparer(func(a, b *big.Int) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
	cmp.Comparer(func(a, b big.Int) bool { return a.Cmp(&b) == 0 }),
	cmp.Comparer(func(a, b url.URL) bool { return a.String() == b.String() }),
	ofKind(cmp.Comparer(func(a, b any) bool {
		return sameFloat(reflect.ValueOf(a).Float(), reflect.ValueOf(b).Float())
	}), reflect.Float32, reflect.Float64),
	ofKind(cmp.Comparer(func(a, b any) bool {
		x, y := reflect.ValueOf(a).Complex(), reflect.ValueOf(b).Complex()
		return sameFloat(real(x), real(y)) && sameFloat(imag(x), imag(y))
	}), reflect.Complex64, reflect.Complex128),
}

func ofKind(opt cmp.Option, kinds ...reflect.Kind) cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool {
		t := p.Last().Type()
		for _, k := range kinds {
			if t != nil && t.Kind() == k {
				return true
			}
		}
		return false
	}, opt)
}

func sameFloat(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Float64bits(a) == math.Float64bits(b)
}
