package host

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// recentLog keeps the last log records of a plugin as lines of text: they often
// say why it ended, and come another way than what it prints. The zero value is
// ready for use.
type recentLog struct {
	mu    sync.Mutex
	lines []string
	at    time.Time // when the last one came
}

const maxWords = 10

func (l *recentLog) add(r slog.Record) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", r.Level, r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != slog.SourceKey {
			fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
		}
		return b.Len() < 1<<10
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == maxWords {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
	l.lines = append(l.lines, b.String())
	l.at = time.Now()
}

// of returns the lines, and whether the last of them came right before the end.
func (l *recentLog) of(end time.Time) (lines []string, final bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...), len(l.lines) > 0 && end.Sub(l.at) < 100*time.Millisecond
}
