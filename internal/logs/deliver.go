package logs

import (
	"context"
	"log"
	"log/slog"
)

// PluginKey is the attribute that names the plugin that a record comes from.
const PluginKey = "plugin"

// Deliver hands r, which the named plugin sent, to logger, if logger is enabled
// for its level. The record keeps its time and its level, and has the name as
// its first attribute.
func Deliver(ctx context.Context, logger *slog.Logger, r slog.Record, plugin string) error {
	if !logger.Enabled(ctx, r.Level) {
		return nil
	}
	named := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	named.AddAttrs(slog.String(PluginKey, plugin))
	r.Attrs(func(a slog.Attr) bool {
		named.AddAttrs(a)
		return true
	})
	return logger.Handler().Handle(ctx, named)
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
