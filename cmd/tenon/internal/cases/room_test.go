package cases_test

import (
	"runtime"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/large"
)

// TestRoom has peers that send what takes much more memory than it has bytes: it
// has to end in an error, before that memory is taken.
func TestRoom(t *testing.T) {
	const (
		size = 2 << 20
		most = 240 << 20 // of 192 that are allowed: Go rounds up
	)
	nest := func(num protowire.Number, inside []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), inside)
	}
	repeat := func(element []byte) []byte {
		var all []byte
		for len(all) < size {
			all = append(all, element...)
		}
		return all
	}
	empty := repeat(nest(1, nil))
	var keys []byte // no two entries are for one key
	for i := 0; len(keys) < size; i++ {
		keys = append(keys, nest(1, protowire.AppendVarint([]byte{1 << 3}, uint64(i)))...)
	}
	for _, tc := range []struct {
		method  string
		sent    []byte
		because tenon.Code
	}{
		{"Ints", empty, tenon.ResourceExhausted},
		{"Arrays", empty, tenon.InvalidArgument}, // each has to have its bytes
		{"Structs", empty, tenon.ResourceExhausted},
		{"Pointers", empty, tenon.ResourceExhausted},
		{"ArrayPointers", empty, tenon.InvalidArgument},
		{"IntPointers", empty, tenon.ResourceExhausted},
		{"Maps", keys, tenon.ResourceExhausted},
		{"IntMaps", keys, tenon.ResourceExhausted},
		{"IntMaps", empty, tenon.ResourceExhausted}, // all for the key 0
		{"PointerMaps", keys, tenon.ResourceExhausted},
		{"Keys", empty, tenon.ResourceExhausted},
		{"Lists", nest(1, empty), tenon.ResourceExhausted},
		{"Lists", repeat(nest(1, nest(1, nil))), tenon.ResourceExhausted},
		{"MapLists", nest(1, keys), tenon.ResourceExhausted},
		{"Nested", nest(1, repeat(nest(2, nest(2, nil)))), tenon.ResourceExhausted},
	} {
		t.Run(tc.method, func(t *testing.T) {
			service := large.ServeLarge(large.Echo{})
			index := service.Contract.Index(tc.method)
			check := func(who string, f func() error) {
				t.Helper()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				err := f()
				runtime.ReadMemStats(&after)
				hasCode(t, err, tc.because)
				if took := after.TotalAlloc - before.TotalAlloc; took > most {
					t.Errorf("%d bytes made the %s take %d MiB", len(tc.sent), who, took>>20)
				}
			}
			check("server", func() error { return service.Server.ServeCall(t.Context(), index, fed(t.Context(), tc.sent, false)) })
			hostile := &link{change: func(_ *tenon.Contract, _ int, request bool, sent []byte) ([]byte, error) {
				if request {
					return nil, nil
				}
				return tc.sent, nil
			}}
			client := must(large.OpenLarge(t.Context(), hostile.connect([]tenon.Service{service})))(t)
			check("client", func() error { return callLarge(t, client, tc.method) })
		})
	}
}

// callLarge calls a method with nothing.
func callLarge(t *testing.T, l large.Large, method string) (err error) {
	ctx := within(t)
	switch method {
	case "Ints":
		_, err = l.Ints(ctx, nil)
	case "Arrays":
		_, err = l.Arrays(ctx, nil)
	case "Structs":
		_, err = l.Structs(ctx, nil)
	case "Pointers":
		_, err = l.Pointers(ctx, nil)
	case "ArrayPointers":
		_, err = l.ArrayPointers(ctx, nil)
	case "IntPointers":
		_, err = l.IntPointers(ctx, nil)
	case "Maps":
		_, err = l.Maps(ctx, nil)
	case "IntMaps":
		_, err = l.IntMaps(ctx, nil)
	case "PointerMaps":
		_, err = l.PointerMaps(ctx, nil)
	case "Keys":
		_, err = l.Keys(ctx, nil)
	case "Lists":
		_, err = l.Lists(ctx, nil)
	case "MapLists":
		_, err = l.MapLists(ctx, nil)
	case "Nested":
		_, err = l.Nested(ctx, large.Tree{})
	}
	return err
}
