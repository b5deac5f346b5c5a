package handshake

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tenon-go/tenon"
)

// protocolClauses are tests of the clauses of PROTOCOL.md, section 2, by number.
var protocolClauses = map[string]func(t *testing.T){
	"2.1": func(t *testing.T) {
		if EnvPlugin != "TENON_PLUGIN" || EnvValue(3) != "1:3" {
			t.Error(EnvPlugin, EnvValue(3))
		}
		for value, want := range map[string]int{"1:3": 3, "1:77": 77, "1:3:": 3, "1:3:anything:at all": 3} {
			if got, err := ParseEnv(value); err != nil || got != want {
				t.Errorf("%q: %d, %v", value, got, err)
			}
		}
		for _, value := range []string{"", "3", "1:", "1:2", "1:-3", "0:3", "x:3", "1:3x"} {
			var env *EnvError
			if _, err := ParseEnv(value); !errors.As(err, &env) {
				t.Errorf("%q: %v", value, err)
			}
		}
		var generation *GenerationError
		if _, err := ParseEnv("2:3"); !errors.As(err, &generation) {
			t.Error(err)
		}
	},
	"2.2": func(t *testing.T) {
		if key, value := (tenon.App{Name: "kv"}).CookieEntry(); key != EnvApp || value != "kv" {
			t.Error(key, value)
		}
		if key, value := (tenon.App{Name: "kv", Cookie: "KEY=a=b"}).CookieEntry(); key != "KEY" || value != "a=b" {
			t.Error(key, value)
		}
	},
	"2.3": func(t *testing.T) {
		env := Scrub([]string{"PATH=/bin", "TENON_PLUGIN=1:3", "TENON_APP=kv", "KEY=v"}, "KEY")
		if !slices.Equal(env, []string{"PATH=/bin"}) {
			t.Error(env)
		}
	},
	"2.4": func(t *testing.T) {
		hello, err := AppendHello(nil, []byte("body"))
		if want := "\x89TEN\r\n\x01\n\x04\x00\x00\x00body"; err != nil || string(hello) != want {
			t.Errorf("%q, want %q (%v)", hello, want, err)
		}
		if _, err := AppendHello(nil, make([]byte, MaxBody+1)); err == nil {
			t.Error("a body that is too long is sent")
		}
		if n, err := ParseLength([4]byte{0, 0, 0x10, 0}); err != nil || n != 1<<20 {
			t.Error(n, err)
		}
		for _, b := range [][4]byte{{1, 0, 0x10, 0}, {0xff, 0xff, 0xff, 0xff}} {
			if _, err := ParseLength(b); err == nil {
				t.Errorf("% x is accepted", b)
			}
		}
	},
	"2.5": func(t *testing.T) {
		other := Preface()
		other[6] = 2
		var generation *GenerationError
		if err := ParsePreface(other); !errors.As(err, &generation) {
			t.Error(err)
		}
		good := Preface()
		for i := range good {
			if i == 6 {
				continue
			}
			bad := good
			bad[i] ^= 1
			var preface *PrefaceError
			if err := ParsePreface(bad); !errors.As(err, &preface) {
				t.Errorf("byte %d: %v", i, err)
			}
		}
	},
	"2.6": func(t *testing.T) {
		body := protocolOffer(t)
		var m tenon.Message
		m.WriteRaw(body)
		m.WriteString(99, "new")
		m.WriteUint(1000, 7)
		if o, err := ParseOffer(m.Raw()); err != nil || o.App != "kv" || !slices.Equal(o.Versions, []int{3, 1}) {
			t.Errorf("%+v %v", o, err)
		}
	},
	"2.7": func(t *testing.T) {
		o := Offer{App: "kv", Cookie: "kv", Versions: []int{4, 3, 1}}
		if v, refusal := o.Decide(tenon.App{Name: "kv", Version: 3, Versions: []int{2, 1}}); v != 3 || refusal != nil {
			t.Error(v, refusal)
		}
		for want, app := range map[Reason]tenon.App{
			WrongApp:        {Name: "other", Version: 9},
			WrongCookie:     {Name: "kv", Cookie: "TENON_APP=x", Version: 9},
			NoCommonVersion: {Name: "kv", Version: 9},
		} {
			if _, refusal := o.Decide(app); refusal == nil || refusal.Reason != want {
				t.Errorf("%+v, want %v", refusal, want)
			}
		}
	},
	"2.8": func(t *testing.T) {
		o := Offer{App: "kv", Versions: []int{1, 2}, Services: []Service{{Name: "a", Methods: []string{"m"}}, {Name: "b", Versions: []int{2}}}}
		if in := o.ServicesIn(1); len(in) != 1 || in[0].Name != "a" || len(in[0].Methods) != 1 {
			t.Error(in)
		}
		if in := o.ServicesIn(2); len(in) != 2 {
			t.Error(in)
		}
	},
	"2.9": func(t *testing.T) {
		body, err := Answer{Version: 1, Features: []string{"something new", "something new"}}.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := ParseAnswer(body); err != nil || len(a.Features) != 1 {
			t.Errorf("%+v %v", a, err)
		}
	},
	"2.10": func(t *testing.T) {
		for _, l := range []tenon.Limits{{Message: -1}, {Message: 4095}, {Window: 1023}, {Large: 1}, {Calls: -1}, {Refs: -1}} {
			var limit *LimitError
			if _, err := CheckLimits(l); !errors.As(err, &limit) {
				t.Errorf("%+v: %v", l, err)
			}
		}
		l, err := CheckLimits(tenon.Limits{Message: 1 << 62, Window: 1 << 31, Large: 1 << 62, Calls: 1 << 30, Refs: 1 << 30})
		if want := (tenon.Limits{Message: 1 << 40, Window: 1 << 30, Large: 1 << 40, Calls: 1 << 24, Refs: 1 << 24}); err != nil || l != want {
			t.Errorf("%+v, want %+v (%v)", l, want, err)
		}
		l, err = CheckLimits(tenon.Limits{Message: 1 << 20, Large: 1 << 16})
		if err != nil || l.Message != 1<<16 || l.Window != 256<<10 {
			t.Errorf("%+v (%v)", l, err)
		}
		if l, err = CheckLimits(tenon.Limits{Window: 1024}); err != nil || l.Window != 64<<10 {
			t.Errorf("%+v (%v)", l, err)
		}
	},
	"2.11": func(t *testing.T) {
		long := strings.Repeat("x", 257)
		offers := map[string]func(m *tenon.Message){
			"nothing":     func(*tenon.Message) {},
			"no versions": func(m *tenon.Message) { m.WriteString(1, "kv") },
			"no app":      func(m *tenon.Message) { m.WriteUint(3, 1) },
			"long name":   func(m *tenon.Message) { m.WriteString(1, long); m.WriteUint(3, 1) },
			"version 0":   func(m *tenon.Message) { m.WriteString(1, "kv"); m.WriteUint(3, 0) },
			"garbage":     func(m *tenon.Message) { m.WriteRaw([]byte("\xff\xff\xff")) },
			"twice": func(m *tenon.Message) {
				m.WriteString(1, "kv")
				m.WriteUint(3, 1)
				for range 2 {
					mark := m.Begin(4)
					m.WriteString(1, "a")
					m.End(mark)
				}
			},
		}
		for name, write := range offers {
			var m tenon.Message
			write(&m)
			var hello *HelloError
			if _, err := ParseOffer(m.Raw()); !errors.As(err, &hello) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := ParseAnswer(m.Raw()); name != "twice" && !errors.As(err, &hello) {
				t.Errorf("%s, as an answer: %v", name, err)
			}
		}
	},
}

func protocolOffer(t *testing.T) []byte {
	body, err := Offer{App: "kv", Versions: []int{1, 3}}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestProtocol(t *testing.T) {
	for number, f := range protocolClauses {
		t.Run(number, f)
	}
	text, err := os.ReadFile("../../PROTOCOL.md")
	if err != nil {
		t.Skip(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^- \*\*(2\.\d+)\*\*`).FindAllStringSubmatch(string(text), -1) {
		if protocolClauses[m[1]] == nil {
			t.Errorf("clause %s has no test", m[1])
		}
	}
}
