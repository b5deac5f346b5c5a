package host

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// evil are texts of a plugin that would do harm where they are shown.
var evil = map[string]string{
	"escape":      "a\x1b[2J\x1b]0;title\x07b",
	"C1":          "a\u009b2Jb",
	"return":      "nothing wrong\rplugin \"other\" did not start",
	"direction":   "a\u202egpj.exe\u2066b",
	"invisible":   "a\u200bb\ufeffc\u00add",
	"separators":  "a\u2028b\u2029c\u0085d\vE\ff",
	"forged line": "a\nplugin \"other\" did not start: x\n  stage:  done",
	"not UTF-8":   "a\xff\x9bb",
	"tags":        "a\U000e0041b",
}

func checkHarmless(t *testing.T, s string, allowed string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) && !strings.ContainsRune(allowed, r) {
			t.Errorf("%U in %q", r, s)
		}
	}
}

func TestStartErrorIsHarmless(t *testing.T) {
	for name, text := range evil {
		t.Run(name, func(t *testing.T) {
			for field, e := range map[string]*StartError{
				"name":   {Name: text, Err: errors.New("x")},
				"path":   {Path: text, Err: errors.New("x")},
				"hint":   {Hint: text, Err: errors.New("x")},
				"err":    {Err: errors.New(text)},
				"output": {Last: []string{text, text}, Err: errors.New("x")},
				"panic":  {Exit: &Exit{Panic: "panic: " + text, text: "exit status 2"}, Err: errors.New("x")},
				"ended":  {Exit: &Exit{text: text}, Err: errors.New("x")},
			} {
				s := e.Error()
				checkHarmless(t, s, "\n\t")
				checkLines(t, field, s)
			}
		})
	}
}

// checkLines checks that a line is a row of the error's or belongs to the one
// before.
func checkLines(t *testing.T, field, s string) {
	t.Helper()
	rows := map[string]int{}
	for _, line := range strings.Split(s, "\n")[1:] {
		if strings.HasPrefix(line, "          ") {
			continue
		}
		row, _, ok := strings.Cut(line, ":")
		if rows[row]++; !ok || !strings.HasPrefix(line, "  ") || rows[row] > 1 {
			t.Errorf("%s: line %q of %s", field, line, s)
		}
	}
}

func TestStartErrorShows(t *testing.T) {
	e := &StartError{
		Name: "p", Stage: StageHandshake, Hint: "try\tthis",
		Err:  errors.New("refused:\nno\x1b"),
		Last: []string{"é 日本 🙂", `back\slash "quoted"`},
	}
	want := `plugin "p" did not start: refused:
          no\x1b
  stage:  handshake
  output: é 日本 🙂
          back\slash "quoted"
  try:    try	this`
	want = strings.Replace(want, "handshake", string(StageHandshake), 1)
	if got := e.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestExitErrorIsOneHarmlessLine(t *testing.T) {
	for name, text := range evil {
		t.Run(name, func(t *testing.T) {
			for _, e := range []*ExitError{
				{Name: text},
				{Err: errors.New(text)},
				{Exit: Exit{Err: errors.New(text)}},
				{Exit: Exit{Panic: "panic: " + text}},
				{Exit: Exit{Code: 1, Last: []string{text}}},
				{Exit: Exit{text: text}},
			} {
				checkHarmless(t, e.Error(), "")
			}
		})
	}
}

func TestRecentLogIsHarmless(t *testing.T) {
	for name, text := range evil {
		t.Run(name, func(t *testing.T) {
			r := slog.NewRecord(time.Now(), slog.LevelInfo, text, 0)
			r.AddAttrs(slog.String(text, text), slog.Any("b", []byte(text)), slog.Any("j", json.RawMessage(text)),
				slog.Group("g", text, text))
			checkHarmless(t, lineOf(r), "")
		})
	}
}

func TestRecentLogIsBounded(t *testing.T) {
	for name, unit := range map[string]string{"letters": "x", "wide": "日", "escapes": "\x1b", "not UTF-8": "\x9b"} {
		long := strings.Repeat(unit, 64<<10)
		for field, r := range map[string]slog.Record{
			"message": recordOf(long),
			"key":     recordOf("m", slog.Int(long, 1)),
			"value":   recordOf("m", slog.String("k", long)),
			"bytes":   recordOf("m", slog.Any("k", []byte(long))),
			"JSON":    recordOf("m", slog.Any("k", json.RawMessage(long))),
			"group":   recordOf("m", slog.Group("k", long, long)),
		} {
			line := lineOf(r)
			checkHarmless(t, line, "")
			if len(line) > maxLine || !strings.Contains(line, "…") {
				t.Errorf("%s of %s: %d bytes, %.40q", field, name, len(line), line)
			}
		}
	}
	var l recentLog
	for range 3 * maxWords {
		l.add(recordOf("m"))
	}
	if lines, final := l.of(time.Now()); len(lines) != maxWords || !final {
		t.Error(len(lines), final)
	}
}

func TestRecentLogShows(t *testing.T) {
	r := recordOf("saving", slog.Int("n", 3), slog.Any("source", &slog.Source{}), slog.Any("v", json.RawMessage(`{"a":1}`)))
	if got := lineOf(r); got != `INFO saving n=3 v={"a":1}` {
		t.Error(got)
	}
}

func recordOf(text string, attrs ...slog.Attr) slog.Record {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, text, 0)
	r.AddAttrs(attrs...)
	return r
}
