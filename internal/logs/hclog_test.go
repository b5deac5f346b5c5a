package logs

import (
	"fmt"
	"log/slog"
	"testing"
	"time"
)

func TestParseHCLog(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, tt := range []struct {
		line  string
		level slog.Level
		want  string // message and attributes; empty: text
		time  time.Time
	}{
		{`{"@level":"info","@message":"hi","@timestamp":"2024-01-02T03:04:05.678901Z"}`, 0, "hi []", at},
		{`{"@caller":"a/b.go:12","@level":"trace","@message":"m","@module":"store","n":5,"s":"x","t":true,"z":null}` + "\n", LevelTrace,
			"m [source=&{ a/b.go 12} module=store n=5 s=x t=true z=<nil>]", time.Time{}},
		{`{"@level":"WARN","@message":"","f":1.5,"big":18446744073709551615,"huge":1e999}` + " \r\n", 4, " [big=18446744073709551615 f=1.5 huge=1e999]", time.Time{}},
		{`{"@level":"error","@message":"m","o":{"a":[1, 2]},"l":[]}`, 8, `m [l=[] o={"a":[1, 2]}]`, time.Time{}},
		{`{"@level":"all","@message":"m"}`, 0, "m []", time.Time{}},
		{`{"@level":"debug","@message":"m","@timestamp":"yesterday","@caller":7,"@module":["x"]}`, -4,
			`m [@caller=7 @module=["x"] @timestamp=yesterday]`, time.Time{}},
		{`{"@level":"info","@message":5}`, 0, "", at},
		{`{"@level":5,"@message":"m"}`, 0, "", at},
		{`{"@level":"off","@message":"m"}`, 0, "", at},
		{`{"@level":"loud","@message":"m"}`, 0, "", at},
		{`{"@message":"m"}`, 0, "", at},
		{`{"@level":"info"}`, 0, "", at},
		{`{"@level":"info","@message":"m"} {}`, 0, "", at},
		{`{"@level":"info","@message":"m"`, 0, "", at},
		{`{"@level":"info","@message":"m",}`, 0, "", at},
		{`{"@level":"info" "@message":"m"}`, 0, "", at},
		{`{"@message":"m","@level":"info",5:1}`, 0, "", at},
		{`["@level","info","@message","m"]`, 0, "", at},
		{`{}`, 0, "", at},
		{`{`, 0, "", at},
		{``, 0, "", at},
	} {
		r, ok := ParseHCLog([]byte(tt.line))
		if !ok {
			if tt.want != "" {
				t.Errorf("%s: taken for text", tt.line)
			}
			continue
		}
		if got := r.Message + " " + hclogAttrs(r); got != tt.want || r.Level != tt.level || !r.Time.Equal(tt.time) {
			t.Errorf("%s:\n got %v %s %v\nwant %v %s %v", tt.line, r.Level, got, r.Time, tt.level, tt.want, tt.time)
		}
	}
}

func hclogAttrs(r slog.Record) string {
	s := "["
	for i, a := range attrsOf(r) {
		if i > 0 {
			s += " "
		}
		s += fmt.Sprintf("%s=%s", a.Key, printable(a.Value.Any()))
	}
	return s + "]"
}

func printable(x any) string {
	switch x.(type) {
	case *slog.Source:
		return fmt.Sprintf("%v", x)
	case int64, uint64, float64, bool, nil:
		return fmt.Sprint(x)
	}
	return fmt.Sprintf("%s", x)
}

func FuzzParseHCLog(f *testing.F) {
	f.Add([]byte(`{"@level":"info","@message":"hi","@timestamp":"2024-01-02T03:04:05.678901Z","a":[1],"b":{}}`))
	f.Add([]byte(`{"@level":5,"@message":"hi"}`))
	text := slog.NewTextHandler(discard{}, nil)
	js := slog.NewJSONHandler(discard{}, nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := ParseHCLog(b)
		if !ok {
			return
		}
		if text.Handle(t.Context(), r) != nil || js.Handle(t.Context(), r) != nil {
			t.Error("unprintable")
		}
		roundTrip(t, r)
	})
}

func TestParseLevel(t *testing.T) {
	for name, want := range map[string]slog.Level{
		"trace": -8, "Debug": -4, " info ": 0, "WARN": 4, "warning": 4, "error": 8, "off": LevelOff,
	} {
		if got, ok := ParseLevel(name); !ok || got != want {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
	if _, ok := ParseLevel("loud"); ok {
		t.Error("loud is a level")
	}
}
