package host

import (
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// recentLog keeps the last log records of a plugin as lines of text: they often
// say why it ended, and come another way than what it prints. The zero value is
// ready for use.
type recentLog struct {
	mu    sync.Mutex
	lines []string
	at    time.Time // when the last one came
}

const (
	maxWords = 10
	maxLine  = 1 << 10 // bytes of a line; what is longer ends in an ellipsis
)

// add keeps a record, if it may explain an end.
func (l *recentLog) add(r slog.Record) {
	if r.Level < slog.LevelInfo {
		return
	}
	line := lineOf(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == maxWords {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
	l.lines = append(l.lines, line)
	l.at = time.Now()
}

// lineOf is r as a line of text that neither its size nor anything in it does
// harm by.
func lineOf(r slog.Record) string {
	var b strings.Builder
	b.WriteString(r.Level.String() + " " + harmless(cut(r.Message)))
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != slog.SourceKey {
			b.WriteString(" " + harmless(cut(a.Key)) + "=" + harmless(cut(textOf(a.Value))))
		}
		return b.Len() <= maxLine
	})
	return cut(b.String())
}

// textOf is a value as text. Bytes are text here, JSON above all, which as
// numbers would tell nobody anything.
func textOf(v slog.Value) string {
	switch x := v.Any().(type) {
	case []byte:
		return string(x[:min(len(x), maxLine+1)])
	case json.RawMessage:
		return string(x[:min(len(x), maxLine+1)])
	}
	return v.String()
}

// cut returns s, or as much of it as a line can have.
func cut(s string) string {
	if len(s) <= maxLine {
		return s
	}
	n := maxLine - len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// of returns the lines, and whether the last of them came right before the end.
func (l *recentLog) of(end time.Time) (lines []string, final bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...), len(l.lines) > 0 && end.Sub(l.at) < 100*time.Millisecond
}
