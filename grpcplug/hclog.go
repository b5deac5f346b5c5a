package grpcplug

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/tenon-go/tenon/internal/logs"
)

// newLogHandler returns a handler that writes the lines in which go-plugin's
// hosts expect a plugin's log: hclog's JSON format, on standard error.
func newLogHandler(w io.Writer, module string, source bool) slog.Handler {
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{
		// The host has the level that it wants.
		Level: logs.LevelTrace, AddSource: source, ReplaceAttr: asHCLog,
	})
	return h.WithAttrs([]slog.Attr{slog.String("@module", module)})
}

// asHCLog gives what a record has by itself the keys and the form of hclog.
func asHCLog(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		if a.Value.Kind() == slog.KindTime {
			return slog.String("@timestamp", a.Value.Time().Format("2006-01-02T15:04:05.000000Z07:00"))
		}
	case slog.LevelKey:
		if level, ok := a.Value.Any().(slog.Level); ok {
			return slog.String("@level", levelName(level))
		}
	case slog.MessageKey:
		a.Key = "@message"
	case slog.SourceKey:
		if src, ok := a.Value.Any().(*slog.Source); ok {
			return slog.String("@caller", fmt.Sprintf("%s:%d", filepath.Base(src.File), src.Line))
		}
	}
	if a.Value.Kind() == slog.KindDuration { // which JSON has as a number
		a.Value = slog.StringValue(a.Value.Duration().Round(time.Microsecond).String())
	}
	return a
}

func levelName(l slog.Level) string {
	switch {
	case l < slog.LevelDebug:
		return "trace"
	case l < slog.LevelInfo, l < slog.LevelWarn, l < slog.LevelError:
		name, _, _ := strings.Cut(strings.ToLower(l.String()), "+")
		return name
	}
	return "error"
}
