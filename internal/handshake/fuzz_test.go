package handshake_test

import (
	"reflect"
	"runtime"
	"testing"

	"github.com/tenon-go/tenon/internal/handshake"
)

// within fails if f allocates more than a few times what it was given.
func within(t *testing.T, input int, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > uint64(128<<10+100*input) {
		t.Errorf("%d bytes allocated for %d", n, input)
	}
}

func FuzzOffer(f *testing.F) {
	f.Add(appendOffer(f, fullOffer))
	f.Add(appendOffer(f, handshake.Offer{App: "a", Versions: []int{1}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		var o handshake.Offer
		var err error
		within(t, len(body), func() { o, err = handshake.ParseOffer(body) })
		if err != nil {
			_ = err.(*handshake.HelloError).Error()
			return
		}
		again, err := handshake.ParseOffer(appendOffer(t, o))
		if err != nil || !reflect.DeepEqual(o, again) {
			t.Errorf("%+v\nbecame %+v, %v", o, again, err)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add(appendAnswer(f, fullAnswer))
	f.Add(appendAnswer(f, refusal))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a handshake.Answer
		var err error
		within(t, len(body), func() { a, err = handshake.ParseAnswer(body) })
		if err != nil {
			_ = err.(*handshake.HelloError).Error()
			return
		}
		again, err := handshake.ParseAnswer(appendAnswer(t, a))
		if err != nil || !reflect.DeepEqual(a, again) {
			t.Errorf("%+v\nbecame %+v, %v", a, again, err)
		}
		if err := fullOffer.Check(a); err != nil && len(err.Error()) > 70<<10 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	})
}

func FuzzLine(f *testing.F) {
	f.Add([]byte("1|5|unix|/tmp/plugin358|grpc|" + padd + "|true"))
	f.Fuzz(func(t *testing.T, line []byte) {
		handshake.LooksLikeLine(line)
		l, err := handshake.ParseLine(line)
		if err != nil {
			if e := err.(*handshake.LineError); e.Class == 0 || len(e.Error()) > 2000 {
				t.Errorf("%v", e)
			}
			return
		}
		if text := l.Append(nil); len(text) <= handshake.MaxLine {
			again, err := handshake.ParseLine(text)
			if err != nil || !reflect.DeepEqual(l, again) {
				t.Errorf("%+v\nbecame %+v, %v", l, again, err)
			}
		}
	})
}

func FuzzPreface(f *testing.F) {
	p := handshake.Preface()
	f.Add(p[:])
	f.Fuzz(func(t *testing.T, found []byte) {
		if text := handshake.NotPreface(found).Error(); text == "" || len(text) > 1000 {
			t.Errorf("%q", text)
		}
		if len(found) < 12 {
			return
		}
		if err := handshake.ParsePreface([8]byte(found)); (err == nil) != ([8]byte(found) == p) {
			t.Errorf("%q: %v", found[:8], err)
		}
		if n, err := handshake.ParseLength([4]byte(found[8:])); n < 0 || n > handshake.MaxBody || err != nil && n != 0 {
			t.Errorf("%d, %v", n, err)
		}
	})
}

func FuzzEnv(f *testing.F) {
	f.Add("1:3")
	f.Fuzz(func(t *testing.T, value string) {
		d, err := handshake.ParseEnv(value)
		if err != nil {
			if d != 0 || len(err.Error()) > 2000 {
				t.Errorf("%d, %v", d, err)
			}
			return
		}
		if again, err := handshake.ParseEnv(handshake.EnvValue(d)); again != d || err != nil {
			t.Errorf("%q: %d, %v", value, again, err)
		}
	})
}
