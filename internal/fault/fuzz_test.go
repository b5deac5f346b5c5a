package fault_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/tenon-go/tenon"
)

// FuzzDecode checks that any bytes decode to an error of bounded size that can
// be used as errors are, in a bounded time, and that sending that error on
// changes nothing.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(nil))
	for _, s := range every {
		f.Add(encode(s, defs))
	}
	f.Add(encode(errors.Join(&keyError{"k", 1}, &opError{"o", errStale}, &claims{every}), defs))
	for _, l := range bombs {
		f.Add(bomb(l, 40))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var once, twice *tenon.Error
		soon(t, "Decode", func() { once = decode(b, bombDefs) })
		if n := count(once, 0); n > 257 {
			t.Fatalf("%d nodes", n)
		}
		if !utf8.ValidString(once.Message) || len(once.Message) > 64<<10 {
			t.Fatalf("message %.100q", once.Message)
		}
		soon(t, "to look into it", func() { lookFor(once) })
		soon(t, "to send it on", func() { twice = decode(encode(once, bombDefs), bombDefs) })
		if twice.Error() != once.Error() || twice.Code != once.Code {
			t.Fatalf("%v %q became %v %q", once.Code, once, twice.Code, twice)
		}
		for _, s := range every {
			if errors.Is(once, s) && !errors.Is(twice, s) && count(once, 0) < 60 {
				t.Fatalf("is not %v any more", s)
			}
		}
	})
}
