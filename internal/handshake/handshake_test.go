package handshake_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
)

var fullOffer = handshake.Offer{
	App:      "kv",
	Cookie:   "kv",
	Versions: []int{1, 3, 2, 3},
	Services: []handshake.Service{
		{Name: "kv.Clock", Methods: []string{"Now"}, Versions: []int{1, 2}},
		{Name: "kv.Clock", Methods: []string{"Now", "Sleep"}, Versions: []int{3}},
		{Name: "kv.Log"},
	},
	Limits:   tenon.Limits{Message: 1 << 20, Calls: 3},
	LogLevel: slog.LevelDebug,
	Plugin:   "kv-disk",
	Features: []string{"shm", "zstd", "shm"},
	Library:  "tenon-go/0.1",
	PID:      4711,
}

var fullAnswer = handshake.Answer{
	Version:  3,
	Services: []handshake.Service{{Name: "kv.Store", Methods: []string{"Get", "Put"}}},
	Name:     "kv-disk",
	Release:  "1.4.2",
	Library:  "tenon-go/0.1",
	PID:      4712,
	Features: []string{"shm"},
}

var refusal = handshake.Answer{Refusal: &handshake.Refusal{
	Reason: handshake.NoCommonVersion, App: "kv", Versions: []int{4, 5}, Text: "too old",
}}

func appendOffer(t testing.TB, o handshake.Offer) []byte {
	t.Helper()
	b, err := o.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func appendAnswer(t testing.TB, a handshake.Answer) []byte {
	t.Helper()
	b, err := a.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOffer(t *testing.T) {
	got, err := handshake.ParseOffer(appendOffer(t, fullOffer))
	if err != nil {
		t.Fatal(err)
	}
	want := fullOffer
	want.Versions = []int{3, 2, 1}
	want.Services = slices.Clone(want.Services)
	want.Services[0].Versions = []int{2, 1}
	want.Limits = want.Limits.WithDefaults()
	want.Features = []string{"shm", "zstd"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if !slices.Equal(fullOffer.Versions, []int{1, 3, 2, 3}) {
		t.Error("Append changed what it was given")
	}
	if s := got.ServicesIn(3); len(s) != 2 || len(s[0].Methods) != 2 || s[0].Versions != nil || s[1].Name != "kv.Log" {
		t.Errorf("services in 3: %+v", s)
	}
	if s := got.ServicesIn(9); len(s) != 1 {
		t.Errorf("services in 9: %+v", s)
	}
}

func TestAnswer(t *testing.T) {
	want := fullAnswer
	want.Limits = want.Limits.WithDefaults()
	if got, err := handshake.ParseAnswer(appendAnswer(t, fullAnswer)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	got, err := handshake.ParseAnswer(appendAnswer(t, refusal))
	if err != nil || got.Version != 0 || !slices.Equal(got.Refusal.Versions, []int{5, 4}) || got.Refusal.Text != "too old" {
		t.Errorf("got %+v, %v", got.Refusal, err)
	}
	both := append(appendAnswer(t, fullAnswer), appendAnswer(t, refusal)...)
	if got, err := handshake.ParseAnswer(both); err != nil || got.Refusal == nil || got.Version != 0 {
		t.Errorf("a refusal does not count for more than an answer: %+v, %v", got, err)
	}
	long := handshake.Answer{Refusal: &handshake.Refusal{Reason: handshake.InitFailed, Text: strings.Repeat("é\xff", 1<<20)}}
	if got, err := handshake.ParseAnswer(appendAnswer(t, long)); err != nil || len(got.Refusal.Text) > 64<<10 || !strings.HasPrefix(got.Refusal.Text, "é?é?") {
		t.Errorf("a long refusal: %v", err)
	}
}

// message builds a body field by field.
func message(f func(m *tenon.Message)) []byte {
	var m tenon.Message
	f(&m)
	return m.Raw()
}

func TestWhatIsNewIsIgnored(t *testing.T) {
	grease := message(func(m *tenon.Message) {
		m.WriteUint(1000, 1)
		m.WriteString(1001, "new")
		m.WriteFixed64(1002, 1)
		m.WriteFixed32(1003, 1)
		m.WriteString(8, "feature-of-tomorrow")
	})
	if o, err := handshake.ParseOffer(append(appendOffer(t, fullOffer), grease...)); err != nil || len(o.Features) != 3 {
		t.Errorf("offer: %v, %v", o.Features, err)
	}
	if a, err := handshake.ParseAnswer(append(appendAnswer(t, fullAnswer), grease...)); err != nil || len(a.Features) != 2 {
		t.Errorf("answer: %v, %v", a.Features, err)
	}
	reason := message(func(m *tenon.Message) {
		mark := m.Begin(9)
		m.WriteUint(1, 77)
		m.End(mark)
	})
	a, err := handshake.ParseAnswer(reason)
	if err != nil {
		t.Fatal(err)
	}
	var refused *handshake.RefusedError
	if err := fullOffer.Check(a); !errors.As(err, &refused) || !strings.Contains(err.Error(), "reason 77") {
		t.Errorf("got %v", err)
	}
}

func TestVersionsNeedNotBePacked(t *testing.T) {
	body := message(func(m *tenon.Message) {
		m.WriteString(1, "kv")
		m.WriteUint(3, 2)
		m.WriteBytes(3, []byte{4, 1})
		m.WriteUint(3, 3)
	})
	if o, err := handshake.ParseOffer(body); err != nil || !slices.Equal(o.Versions, []int{4, 3, 2, 1}) {
		t.Errorf("got %v, %v", o.Versions, err)
	}
}

func TestMalformedHellos(t *testing.T) {
	valid := func(m *tenon.Message) {
		m.WriteString(1, "kv")
		m.WriteUint(3, 1)
	}
	service := func(m *tenon.Message, name string, methods ...string) {
		mark := m.Begin(4)
		m.WriteString(1, name)
		for _, s := range methods {
			m.WriteString(2, s)
		}
		m.End(mark)
	}
	long := strings.Repeat("x", 1000)
	for name, c := range map[string]struct {
		field string
		f     func(m *tenon.Message)
	}{
		"nothing":               {"app", func(m *tenon.Message) {}},
		"no versions":           {"versions", func(m *tenon.Message) { m.WriteString(1, "kv") }},
		"long app":              {"app", func(m *tenon.Message) { valid(m); m.WriteString(1, long) }},
		"version 0":             {"versions", func(m *tenon.Message) { valid(m); m.WriteUint(3, 0) }},
		"version -1":            {"versions", func(m *tenon.Message) { valid(m); m.WriteInt(3, -1) }},
		"version 2^31":          {"versions", func(m *tenon.Message) { valid(m); m.WriteUint(3, 1<<31) }},
		"broken packed version": {"versions", func(m *tenon.Message) { valid(m); m.WriteBytes(3, []byte{0x80}) }},
		"many versions":         {"versions", func(m *tenon.Message) { valid(m); m.WriteBytes(3, slices.Repeat([]byte{1}, 1000)) }},
		"long cookie":           {"cookie", func(m *tenon.Message) { valid(m); m.WriteString(2, strings.Repeat("x", 5000)) }},
		"empty service":         {"services.name", func(m *tenon.Message) { valid(m); service(m, "") }},
		"long service":          {"services.name", func(m *tenon.Message) { valid(m); service(m, long) }},
		"service twice":         {"services", func(m *tenon.Message) { valid(m); service(m, "s"); service(m, "s") }},
		"method twice":          {"services.methods", func(m *tenon.Message) { valid(m); service(m, "s", "a", "a") }},
		"empty method":          {"services.methods", func(m *tenon.Message) { valid(m); service(m, "s", "") }},
		"many services": {"services", func(m *tenon.Message) {
			for range 200_000 {
				m.WriteBytes(4, nil)
			}
		}},
		"many methods": {"services.methods", func(m *tenon.Message) {
			service(m, "s", make([]string, 100_000)...)
		}},
		"many features":   {"features", func(m *tenon.Message) { valid(m); m.WriteRaw(slices.Repeat([]byte{8<<3 | 2, 1, 'x'}, 1000)) }},
		"huge":            {"", func(m *tenon.Message) { valid(m); m.WriteBytes(1000, make([]byte, 1<<20)) }},
		"negative limit":  {"limits", func(m *tenon.Message) { valid(m); m.WriteRaw(message(limits(2, -1))) }},
		"low window":      {"limits", func(m *tenon.Message) { valid(m); m.WriteRaw(message(limits(2, 100))) }},
		"low message":     {"limits", func(m *tenon.Message) { valid(m); m.WriteRaw(message(limits(1, 100))) }},
		"low large":       {"limits", func(m *tenon.Message) { valid(m); m.WriteRaw(message(limits(3, 100))) }},
		"wrong kind":      {"", func(m *tenon.Message) { m.WriteUint(1, 1) }},
		"not UTF-8":       {"", func(m *tenon.Message) { m.WriteBytes(1, []byte{0xff}) }},
		"truncated":       {"", func(m *tenon.Message) { m.WriteRaw([]byte{0x0a, 9, 'k'}) }},
		"broken service":  {"", func(m *tenon.Message) { m.WriteBytes(4, []byte{0x0a, 9}) }},
		"versions a text": {"versions", func(m *tenon.Message) { m.WriteString(1, "kv"); m.WriteString(3, "\x00") }},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := handshake.ParseOffer(message(c.f))
			var hello *handshake.HelloError
			if !errors.As(err, &hello) || hello.Field != c.field || hello.Message != "offer" {
				t.Errorf("got %v", err)
			}
		})
	}
	for name, body := range map[string][]byte{
		"nothing":             nil,
		"version -1":          message(func(m *tenon.Message) { m.WriteInt(1, -1) }),
		"empty refusal":       message(func(m *tenon.Message) { m.WriteBytes(9, nil) }),
		"refusal of a number": message(func(m *tenon.Message) { m.WriteUint(9, 1) }),
	} {
		if _, err := handshake.ParseAnswer(body); err == nil {
			t.Errorf("answer with %s: no error", name)
		}
	}
}

func limits(field int32, v int64) func(m *tenon.Message) {
	return func(m *tenon.Message) {
		mark := m.Begin(5)
		m.WriteInt(field, v)
		m.End(mark)
	}
}

func TestAppendRefusesWhatParseWould(t *testing.T) {
	for _, o := range []handshake.Offer{
		{}, {App: "kv"}, {App: "kv", Versions: []int{0}}, {App: "k\xff", Versions: []int{1}},
		{App: "kv", Versions: []int{1}, Limits: tenon.Limits{Window: 1}},
		{App: "kv", Versions: []int{1}, Services: make([]handshake.Service, 1)},
	} {
		if b, err := o.Append([]byte("kept")); err == nil || string(b) != "kept" {
			t.Errorf("%+v: %q, %v", o, b, err)
		}
	}
	if _, err := (handshake.Answer{}).Append(nil); err == nil {
		t.Error("an empty answer has no error")
	}
}

func TestCheckLimits(t *testing.T) {
	zero, err := handshake.CheckLimits(tenon.Limits{})
	if err != nil || zero != (tenon.Limits{}).WithDefaults() {
		t.Errorf("zero: %+v, %v", zero, err)
	}
	huge, err := handshake.CheckLimits(tenon.Limits{Message: math.MaxInt64, Window: math.MaxInt, Large: math.MaxInt64, Calls: math.MaxInt, Refs: math.MaxInt})
	if err != nil || huge.Message != 1<<40 || huge.Large != 1<<40 || huge.Window != 1<<30 || huge.Calls != 1<<24 || huge.Refs != 1<<24 {
		t.Errorf("huge: %+v, %v", huge, err)
	}
	odd, err := handshake.CheckLimits(tenon.Limits{Message: 1 << 20, Large: 1 << 16})
	if err != nil || odd.Message != 1<<16 {
		t.Errorf("odd: %+v, %v", odd, err)
	}
	for _, l := range []tenon.Limits{{Message: -1}, {Window: 1023}, {Large: 5}, {Calls: -1}, {Refs: math.MinInt}} {
		_, err := handshake.CheckLimits(l)
		var limit *handshake.LimitError
		if !errors.As(err, &limit) || !strings.Contains(err.Error(), limit.Limit) {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		host, plugin []int
		want         int
	}{
		{nil, nil, 0}, {[]int{1}, nil, 0}, {[]int{1, 2, 3}, []int{3, 1, 2}, 3}, {[]int{1, 4}, []int{2, 1, 3}, 1}, {[]int{2}, []int{1, 3}, 0},
	} {
		if got, ok := handshake.Choose(c.host, c.plugin); got != c.want || ok != (c.want != 0) {
			t.Errorf("%v and %v: %d, %v", c.host, c.plugin, got, ok)
		}
	}
}

func TestDecideAndCheck(t *testing.T) {
	offer := handshake.Offer{App: "kv", Cookie: "kv", Versions: []int{2, 1}, Plugin: "kv-disk"}
	for _, c := range []struct {
		app     tenon.App
		version int
		text    string
	}{
		{tenon.App{Name: "kv"}, 1, ""},
		{tenon.App{Name: "kv", Version: 3, Versions: []int{2, 1}}, 2, ""},
		{tenon.App{Name: "kv", Version: 3}, 0,
			`no common version of app "kv": the host speaks 1 and 2, the plugin 3; upgrade the host, or use an older kv-disk`},
		{tenon.App{Name: "audio", Version: 9}, 0, `the plugin belongs to app "audio", the host is of app "kv"`},
		{tenon.App{Name: "kv", Cookie: "K=V"}, 0, `host and plugin are both of app "kv", but their cookies differ: tenon.App.Cookie must be the same on both sides`},
	} {
		version, refusal := offer.Decide(c.app)
		if version != c.version || (refusal == nil) != (c.text == "") {
			t.Errorf("%+v: %d, %+v", c.app, version, refusal)
		}
		answer, err := handshake.ParseAnswer(appendAnswer(t, handshake.Answer{Version: version, Refusal: refusal}))
		if err != nil {
			t.Fatal(err)
		}
		if err := offer.Check(answer); fmt.Sprint(err) != c.text && (err != nil || c.text != "") {
			t.Errorf("%+v: %v", c.app, err)
		}
	}
	var hello *handshake.HelloError
	if err := offer.Check(handshake.Answer{Version: 3}); !errors.As(err, &hello) {
		t.Errorf("a version that was not offered: %v", err)
	}
	failed := handshake.Answer{Refusal: &handshake.Refusal{Reason: handshake.InitFailed, Text: "no such directory"}}
	if err := offer.Check(failed); fmt.Sprint(err) != "the plugin kv-disk failed to initialise: no such directory" {
		t.Errorf("got %v", err)
	}
}

func TestVersionError(t *testing.T) {
	for _, c := range []struct {
		host, plugin []int
		older, text  string
	}{
		{[]int{2, 1}, []int{3}, "host", "the host speaks 1 and 2, the plugin 3; upgrade the host, or use an older plugin"},
		{[]int{5, 4, 6}, []int{3}, "plugin", "the host speaks 4, 5 and 6, the plugin 3; upgrade the plugin, or use an older host"},
		{[]int{1, 3}, []int{2}, "", "the host speaks 1 and 3, the plugin 2; neither side is simply the older one: use a plugin that speaks 1 or 3"},
		{[]int{1}, nil, "", "the host speaks 1, the plugin none; neither side is simply the older one: use a plugin that speaks 1"},
		{[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, []int{11}, "host", "the host speaks …, 3, 4, 5, 6, 7, 8, 9 and 10, the plugin 11; upgrade the host, or use an older plugin"},
	} {
		e := &handshake.VersionError{App: "kv", Host: c.host, Plugin: c.plugin}
		if want := `no common version of app "kv": ` + c.text; e.Error() != want || e.Older() != c.older {
			t.Errorf("%s\ngot  %s\nwant %s", e.Older(), e, want)
		}
	}
}
