package handshake_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tenon-go/tenon/internal/handshake"
)

func TestHello(t *testing.T) {
	b, err := handshake.AppendHello([]byte("x"), []byte("body"))
	if err != nil || string(b) != "x\x89TEN\r\n\x01\n\x04\x00\x00\x00body" {
		t.Fatalf("%q, %v", b, err)
	}
	b = b[1:]
	if err := handshake.ParsePreface([8]byte(b)); err != nil {
		t.Error(err)
	}
	if n, err := handshake.ParseLength([4]byte(b[8:])); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	var hello *handshake.HelloError
	if _, err := handshake.ParseLength([4]byte{1, 0, 16, 0}); !errors.As(err, &hello) {
		t.Errorf("a body of 1 MiB and a byte: %v", err)
	}
	if n, err := handshake.ParseLength([4]byte{0, 0, 16, 0}); n != handshake.MaxBody || err != nil {
		t.Errorf("a body of 1 MiB: %v", err)
	}
	if b, err := handshake.AppendHello([]byte("x"), make([]byte, 1<<20+1)); !errors.As(err, &hello) || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestOtherGeneration(t *testing.T) {
	for g, advice := range map[byte]string{2: "rebuild this program", 255: "rebuild this program"} {
		p := handshake.Preface()
		p[6] = g
		err := handshake.ParsePreface(p)
		var other *handshake.GenerationError
		if !errors.As(err, &other) || other.Other != int(g) || !strings.Contains(err.Error(), advice) {
			t.Errorf("%d: %v", g, err)
		}
	}
	if e := (&handshake.GenerationError{Other: 1, Own: 2}); !strings.Contains(e.Error(), "rebuild the other side") {
		t.Error(e)
	}
}

func TestNotPreface(t *testing.T) {
	preface := handshake.Preface()
	utf8 := string([]rune{0x89}) + string(preface[1:])
	for found, want := range map[string]handshake.Look{
		"":                                  handshake.LooksEmpty,
		"\x89TE":                            handshake.LooksCut,
		"2026/01/02 15:04:05 starting":      handshake.LooksText,
		"{\"@level\":\"info\"}":             handshake.LooksText,
		"\x1b[32mINFO\x1b[0m":               handshake.LooksText,
		"grün, schö\xc3":                    handshake.LooksText,
		"PRI * HTTP/2.0\r\n":                handshake.LooksHTTP2,
		"\x00\x00\x06\x04\x00\x00\x00\x00":  handshake.LooksHTTP2,
		"\x00\x00\x00\x04\x00\x00\x00\x00":  handshake.LooksHTTP2,
		"HTTP/1.1 400 Bad Request":          handshake.LooksHTTP,
		"GET / HTTP/1.1":                    handshake.LooksHTTP,
		"\x16\x03\x01\x00\xf4\x01\x00\x00":  handshake.LooksTLS,
		"1|5|unix|/tmp/plugin1|grpc|":       handshake.LooksGoPlugin,
		"1|5|unix":                          handshake.LooksGoPlugin,
		"\x09TEN\r\n\x01\n":                 handshake.LooksMangled,
		"\x89TEN\n\x01\n":                   handshake.LooksMangled,
		"\x89TEN\r\r\n\x01\r\n":             handshake.LooksMangled,
		"\x89TEN\r\n\x01\r\n":               handshake.LooksMangled,
		"\x89TEN\r\n\x00\n":                 handshake.LooksMangled,
		utf8:                                handshake.LooksMangled,
		"\x00\x01\x02\x03\x04\x05\x06\x07":  handshake.LooksUnknown,
		"\xff\xff\xff\xff\xff\xff\xff\xff":  handshake.LooksUnknown,
		strings.Repeat("\x7f", 1_000_000):   handshake.LooksUnknown,
		"\x7fELF\x02\x01\x01\x00\x00\x00 a": handshake.LooksUnknown,
	} {
		err := handshake.NotPreface([]byte(found))
		if err.Looks != want {
			t.Errorf("%.20q looks like %q, want %q", found, err.Looks, want)
		}
		if text := err.Error(); len(text) > 1000 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("not fit to be shown: %q", text)
		}
		if len(found) == 8 {
			if handshake.ParsePreface([8]byte([]byte(found))) == nil {
				t.Errorf("%q is taken for a preface", found)
			}
		}
	}
}

func TestEnv(t *testing.T) {
	for _, d := range []int{3, 4, 1000, 1<<31 - 1} {
		if got, err := handshake.ParseEnv(handshake.EnvValue(d)); got != d || err != nil {
			t.Errorf("%d: %d, %v", d, got, err)
		}
	}
	if d, err := handshake.ParseEnv("1:7:ring=8:x"); d != 7 || err != nil {
		t.Errorf("what is for later is not ignored: %d, %v", d, err)
	}
	for _, value := range []string{"", "1", "3", ":", "1:", ":3", "1:2", "1:0", "1:-3", "1:+3", "1: 3", "1:3 ", "0:3", "-1:3", "x:3", "1:x",
		"1:2147483648", "1:99999999999999999999", "01x:3", strings.Repeat("9", 1000)} {
		_, err := handshake.ParseEnv(value)
		var env *handshake.EnvError
		if !errors.As(err, &env) || env.Value != value || !strings.Contains(err.Error(), `"1:3"`) || len(err.Error()) > 500 {
			t.Errorf("%q: %v", value, err)
		}
	}
	var generation *handshake.GenerationError
	if _, err := handshake.ParseEnv("2:what ever"); !errors.As(err, &generation) {
		t.Errorf("another generation: %v", err)
	}
}

func TestScrub(t *testing.T) {
	env := []string{
		"PATH=/bin", "TENON_PLUGIN=1:3", "TENON_APP=kv", "tenon_plugin=1:3", "PLUGIN_CLIENT_CERT=x", "PLUGIN_MY_OWN=y",
		"=C:=C:\\dir", "ODD", "", "=", "TENON_PLUGIN", "TENON_PLUGINS=1", "KV_COOKIE=1", "A=TENON_PLUGIN=1",
	}
	before := slices.Clone(env)
	want := []string{"PATH=/bin", "PLUGIN_MY_OWN=y", "=C:=C:\\dir", "ODD", "", "=", "TENON_PLUGIN", "TENON_PLUGINS=1", "A=TENON_PLUGIN=1"}
	if got := handshake.Scrub(env, "KV_COOKIE", ""); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !slices.Equal(env, before) {
		t.Error("Scrub changed what it was given")
	}
}
