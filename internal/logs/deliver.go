package logs

import (
	"context"
	"fmt"
	"log"
	"log/slog"
)

// PluginKey is the attribute that names the plugin that a record comes from.
const PluginKey = "plugin"

// Deliver hands r, which the named plugin sent, to logger, if logger is enabled
// for its level. The record keeps its time and its level, and has the name as
// its first attribute. Attributes of the plugin's that would pass for what the
// host says itself get [ReservedPrefix]: those named time, level, msg or plugin,
// and source unless it is the first that holds a *slog.Source. Otherwise two
// attributes can have the same key, as they can in log/slog.
//
// A panic of logger's handler is returned as an error, and the record is lost:
// what a plugin logs must not end its host, and handlers that take
// [slog.HandlerOptions].ReplaceAttr trip easily over what they do not expect.
func Deliver(ctx context.Context, logger *slog.Logger, r slog.Record, plugin string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a log record is lost, since the handler panicked: %v", p)
		}
	}()
	if !logger.Enabled(ctx, r.Level) {
		return nil
	}
	return logger.Handler().Handle(ctx, withName(r, plugin))
}

// ReservedPrefix is put before the key of an attribute that is the host's to use.
const ReservedPrefix = "plugin."

// withName is r with the plugin's name, and nothing in it that the plugin could
// forge what the host says by.
func withName(r slog.Record, plugin string) slog.Record {
	attrs := make([]slog.Attr, 0, 1+r.NumAttrs())
	attrs = append(attrs, slog.String(PluginKey, plugin))
	var n renamer
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, n.rename(a))
		return true
	})
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	out.AddAttrs(attrs...)
	return out
}

// A renamer renames the attributes of a record that are not in a group.
type renamer struct {
	sourced bool // there was a source
}

func (n *renamer) rename(a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey, slog.LevelKey, slog.MessageKey, PluginKey:
		a.Key = ReservedPrefix + a.Key
	case slog.SourceKey:
		if n.sourced || !isSource(a.Value) {
			a.Key = ReservedPrefix + a.Key
			break
		}
		n.sourced = true
	case "":
		if a.Value.Kind() == slog.KindGroup {
			a.Value = slog.GroupValue(n.all(a.Value.Group())...)
		}
	}
	return a
}

// all renames the attributes of a group without a name, which handlers treat as
// if they were outside of it.
func (n *renamer) all(group []slog.Attr) []slog.Attr {
	attrs := make([]slog.Attr, len(group))
	for i, a := range group {
		attrs[i] = n.rename(a)
	}
	return attrs
}

func isSource(v slog.Value) bool {
	src, ok := v.Any().(*slog.Source)
	return ok && src != nil
}

// RedirectOptions say how [Redirect] works.
type RedirectOptions struct {
	// Level is that of what is printed with package log.
	Level slog.Level

	// AddSource keeps where a line was printed from, as the flags of package log
	// do if they ask for it when Redirect is called.
	AddSource bool
}

// Redirect makes h the destination of slog's top-level functions and of package
// log, and returns a function that undoes it.
//
// A line of package log is a record with the line as its message; a prefix that
// was set stays in front of it. The flags of package log are cleared, as
// [slog.SetDefault] does, since a record has a time and a source of its own; a
// program that sets flags later finds them in the message. [log.Fatal] ends the
// process as soon as h has returned, so h should have sent the record by then.
//
// All of this is state of the process. A program does it once, in its main, or
// has it done by plugin.Main.
func Redirect(h slog.Handler, o RedirectOptions) (undo func()) {
	logger, w, flags := slog.Default(), log.Writer(), log.Flags()
	if o.AddSource {
		// SetDefault captures the source if the flags say so, and only then.
		log.SetFlags(flags | log.Lshortfile)
	}
	level := slog.SetLogLoggerLevel(o.Level)
	slog.SetDefault(slog.New(h))
	return func() {
		slog.SetDefault(logger)
		slog.SetLogLoggerLevel(level)
		log.SetOutput(w)
		log.SetFlags(flags)
	}
}
