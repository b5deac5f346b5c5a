package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/tenon-go/tenon/internal/logs"
)

// A logWriter takes what a plugin writes to its standard error. It gives all of
// it to the caller's writer, and line by line to the logger.
type logWriter struct {
	logger hclog.Logger
	raw    io.Writer
	most   int // bytes of a line of text

	mu      sync.Mutex
	line    []byte // what has come of the line
	inLine  bool   // a piece of the line was logged
	inPanic bool   // what comes is a stack
	ended   bool   // the last byte for raw was the end of a line
}

// maxRecord is the size in bytes of the longest line that can be a record.
const maxRecord = 4 << 20

func newLogWriter(l hclog.Logger, raw io.Writer, most int) *logWriter {
	return &logWriter{logger: l, raw: raw, most: most, ended: true}
}

// Write never fails: the plugin must not be held up by a writer that does.
func (w *logWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	w.raw.Write(b)
	w.ended = b[len(b)-1] == '\n'
	n := len(b)
	for len(b) > 0 {
		piece, rest, whole := bytes.Cut(b, []byte("\n"))
		b = rest
		w.add(piece, whole)
	}
	return n, nil
}

func (w *logWriter) add(piece []byte, whole bool) {
	for len(piece) > 0 {
		n := min(len(piece), w.room())
		w.line = append(w.line, piece[:n]...)
		if piece = piece[n:]; w.room() == 0 {
			w.logPiece()
		}
	}
	if !whole {
		return
	}
	switch {
	case !w.inLine:
		w.logLine(bytes.TrimSuffix(w.line, []byte("\r")))
	case len(w.line) > 0:
		w.logPiece()
	}
	w.line, w.inLine = w.line[:0], false
	if cap(w.line) > w.most {
		w.line = nil
	}
}

// room is how much more the line may have before it is logged in pieces.
func (w *logWriter) room() int {
	most := w.most
	if !w.inLine && len(w.line) > 0 && w.line[0] == '{' {
		most = max(most, maxRecord)
	}
	return max(0, most-len(w.line))
}

func (w *logWriter) logPiece() {
	w.logger.Debug(string(w.line))
	w.line, w.inLine = w.line[:0], true
}

// flush ends a line that the plugin has not. Nobody waits for a writer or a logger
// that hangs.
func (w *logWriter) flush() {
	if !w.mu.TryLock() {
		return
	}
	defer w.mu.Unlock()
	if !w.ended {
		w.raw.Write([]byte("\n"))
		w.ended = true
	}
	if len(w.line) > 0 {
		w.add(nil, true)
	}
}

func (w *logWriter) logLine(line []byte) {
	if r, ok := logs.ParseHCLog(line); ok {
		w.inPanic = false
		w.logRecord(r)
		return
	}
	w.logger.Log(w.levelOf(line), string(line))
}

// levelOf is the level of a line of text.
func (w *logWriter) levelOf(line []byte) hclog.Level {
	text := string(line[:min(len(line), 16)])
	for prefix, level := range map[string]hclog.Level{
		"[TRACE]": hclog.Trace, "[DEBUG]": hclog.Debug, "[INFO]": hclog.Info, "[WARN]": hclog.Warn, "[ERROR]": hclog.Error,
	} {
		if strings.HasPrefix(text, prefix) {
			return level
		}
	}
	w.inPanic = w.inPanic || strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")
	if w.inPanic {
		return hclog.Error
	}
	return hclog.Debug
}

func (w *logWriter) logRecord(r slog.Record) {
	var pairs []any
	r.Attrs(func(a slog.Attr) bool {
		pairs = append(pairs, hclogKey(a), hclogValue(a.Value))
		return true
	})
	if !r.Time.IsZero() {
		pairs = append(pairs, "timestamp", r.Time.Format(hclog.TimeFormat))
	}
	w.logger.Log(hclogLevel(r.Level), r.Message, pairs...)
}

// hclogKey is the key that the attribute had in hclog's line.
func hclogKey(a slog.Attr) string {
	switch _, isSource := a.Value.Any().(*slog.Source); {
	case isSource:
		return "@caller"
	case a.Key == logs.ModuleKey:
		return "@module"
	}
	return a.Key
}

// hclogValue is a value as package json would have decoded it, but that whole
// numbers stay whole.
func hclogValue(v slog.Value) any {
	switch x := v.Any().(type) {
	case json.RawMessage:
		var decoded any
		if json.Unmarshal(x, &decoded) == nil {
			return decoded
		}
		return string(x)
	case *slog.Source:
		return callerText(x)
	default:
		return x
	}
}

func callerText(s *slog.Source) string { return s.File + ":" + strconv.Itoa(s.Line) }

func hclogLevel(l slog.Level) hclog.Level {
	switch {
	case l < slog.LevelDebug:
		return hclog.Trace
	case l < slog.LevelInfo:
		return hclog.Debug
	case l < slog.LevelWarn:
		return hclog.Info
	case l < slog.LevelError:
		return hclog.Warn
	}
	return hclog.Error
}

// slogTo returns a logger for package host, which has little to say.
func slogTo(l hclog.Logger) *slog.Logger { return slog.New(slogHandler{l}) }

type slogHandler struct{ logger hclog.Logger }

func (h slogHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h slogHandler) Handle(_ context.Context, r slog.Record) error {
	(&logWriter{logger: h.logger}).logRecord(r)
	return nil
}

func (h slogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var pairs []any
	for _, a := range attrs {
		pairs = append(pairs, a.Key, a.Value.Any())
	}
	return slogHandler{h.logger.With(pairs...)}
}

func (h slogHandler) WithGroup(name string) slog.Handler { return slogHandler{h.logger.Named(name)} }
