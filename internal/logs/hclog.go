package logs

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// LevelTrace is the level of hclog below debug.
	LevelTrace slog.Level = -8

	// LevelOff is above every level that is logged at.
	LevelOff slog.Level = 1 << 30
)

// ParseLevel returns the level that hclog and slog know by the given name, in
// any case: trace, debug, info, warn, error or off.
func ParseLevel(name string) (slog.Level, bool) {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "trace":
		return LevelTrace, true
	case "debug":
		return slog.LevelDebug, true
	case "info":
		return slog.LevelInfo, true
	case "warn", "warning":
		return slog.LevelWarn, true
	case "error":
		return slog.LevelError, true
	case "off":
		return LevelOff, true
	}
	return 0, false
}

// Keys of a line that hclog writes in its JSON format.
const (
	hclogMessage   = "@message"
	hclogLevel     = "@level"
	hclogTimestamp = "@timestamp"
	hclogCaller    = "@caller"
	hclogModule    = "@module"
)

// ModuleKey is the attribute with the name of the hclog logger that a record
// comes from.
const ModuleKey = "module"

// MaybeHCLog reports whether line can be what [ParseHCLog] understands. It is
// much cheaper than to try.
func MaybeHCLog(line []byte) bool {
	return len(line) > 0 && line[0] == '{' && bytes.Contains(line, []byte(`"`+hclogMessage+`"`))
}

// ParseHCLog makes a record of a line that hclog wrote in its JSON format. The
// second result is false, and the line is to be taken as text, if it is not one
// JSON object whose @message is a string and whose @level is one of hclog's.
//
// What the line says besides becomes attributes: @module under [ModuleKey],
// @caller as [slog.SourceKey], other keys under their names. A key whose value is
// not what hclog writes there keeps its own name and its value. A line with more
// than [MaxAttrs] of them is cut, and says so, as records are.
func ParseHCLog(line []byte) (slog.Record, bool) {
	if !MaybeHCLog(line) {
		return slog.Record{}, false
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(line, &values) != nil {
		return slog.Record{}, false
	}
	var h hclogRecord
	for _, key := range slices.Sorted(maps.Keys(values)) { // as hclog wrote them
		h.set(key, validJSON(values[key]))
	}
	if !h.hasMessage || !h.hasLevel {
		return slog.Record{}, false
	}
	r := slog.NewRecord(h.time, h.level, h.message, 0)
	r.AddAttrs(h.attrs...)
	if h.cut {
		r.AddAttrs(slog.Bool(TruncatedKey, true))
	}
	return r, true
}

type hclogRecord struct {
	time                 time.Time
	level                slog.Level
	message              string
	hasMessage, hasLevel bool
	attrs                []slog.Attr
	cut                  bool // there are more
}

func (h *hclogRecord) add(key string, v slog.Value) {
	if len(h.attrs) == MaxAttrs {
		h.cut = true
		return
	}
	h.attrs = append(h.attrs, slog.Attr{Key: key, Value: v})
}

func (h *hclogRecord) set(key string, v slog.Value) {
	text, isText := "", v.Kind() == slog.KindString
	if isText {
		text = v.String()
	}
	switch key {
	case hclogMessage:
		h.message, h.hasMessage = text, isText
	case hclogLevel:
		h.level, h.hasLevel = hclogRecordLevel(text)
	case hclogTimestamp:
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			h.time = t
			return
		}
		h.add(key, v)
	case hclogCaller:
		if src := caller(text); src != nil {
			key, v = slog.SourceKey, slog.AnyValue(src)
		}
		h.add(key, v)
	case hclogModule:
		if isText {
			key = ModuleKey
		}
		h.add(key, v)
	default:
		h.add(key, v)
	}
}

// hclogRecordLevel is the level of a line. Nothing is logged at off; hclog names
// the level "all" if it was given none that it knows.
func hclogRecordLevel(name string) (slog.Level, bool) {
	if name == "all" {
		return slog.LevelInfo, true
	}
	level, ok := ParseLevel(name)
	return level, ok && level != LevelOff
}

// caller parses "file.go:12".
func caller(s string) *slog.Source {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 {
		return nil
	}
	line, err := strconv.Atoi(s[i+1:])
	if err != nil || line < 0 {
		return nil
	}
	return &slog.Source{File: s[:i], Line: line}
}
