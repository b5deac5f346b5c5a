package host

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A StartError says why a plugin did not start: how far it came, why not
// further, what it printed last, how it ended, and what to try.
type StartError struct {
	Name  string // the plugin's, as in Config
	Path  string // of its program; empty in process
	Stage Stage
	Hint  string   // what to try; may be empty
	Exit  *Exit    // how the process ended, if it did so by itself
	Last  []string // the last lines that it printed, the oldest first
	Err   error    // the cause
}

// Error tells the whole story, in a first line that stands alone and a line for
// each detail. Text of more than one line goes on further to the right, so that
// it cannot pass for another detail.
func (e *StartError) Error() string {
	var b strings.Builder
	if e.Name != "" {
		fmt.Fprintf(&b, "plugin %q", e.Name)
	} else {
		b.WriteString("the plugin")
	}
	b.WriteString(" did not start: " + indented(e.Err.Error()))
	row := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "\n  %-8s%s", key+":", indented(value))
		}
	}
	row("stage", string(e.Stage))
	row("file", e.Path)
	if e.Exit != nil {
		row("ended", e.Exit.String())
		row("panic", strings.TrimPrefix(e.Exit.Panic, "panic: "))
	}
	row("output", strings.Join(e.Last, "\n"))
	row("try", e.Hint)
	return b.String()
}

// indented is text of several lines, the first of which stands behind something.
func indented(s string) string {
	return strings.ReplaceAll(escaped(s, "\n\t"), "\n", "\n          ")
}

// harmless is text that stays on its line.
func harmless(s string) string { return escaped(s, "") }

// escaped shows what cannot be printed as what it is, except for the runes in
// allowed: the text may end up on a terminal or in a log, which are not the
// plugin's to steer or to forge. Beside control characters that is what changes
// the direction of the text around it, or is not seen at all.
func escaped(s, allowed string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsPrint(r) || strings.ContainsRune(allowed, r):
			b.WriteString(s[:n])
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		s = s[n:]
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// An Exit says how a plugin's process ended.
type Exit struct {
	PID    int
	Code   int       // the exit status, -1 if a signal ended the process
	Signal os.Signal // nil if none
	Uptime time.Duration

	// Panic and Stack are what the Go runtime printed, if the plugin ended by a
	// panic or a fatal error: the message, and the stack of the goroutine that
	// was to blame.
	Panic, Stack string

	// Last is what the plugin said last, a line each: on standard output, on
	// standard error and in its log, there without what is below [slog.LevelInfo].
	// Within each of these the oldest comes first.
	Last []string

	// Err is what serving the plugin returned, if it ran in this process.
	Err error

	// OutOfMemory says that the system probably killed the process for want of
	// memory.
	OutOfMemory bool

	// CPU is the processor time that the process used, MaxRSS the most memory
	// that it had resident, in bytes. They are 0 where they are not known.
	CPU    time.Duration
	MaxRSS int64

	text string
}

// String is a clause: "exit status 3 after 1.2s".
func (e *Exit) String() string {
	return e.text + " after " + e.Uptime.Round(time.Millisecond).String()
}

// An ExitError says that a plugin's process has ended when it should not have,
// or not well: it crashed, exited, or had to be killed. Calls that were under
// way then, and all later ones, fail with it.
type ExitError struct {
	Name string // the plugin's
	Path string // of its program
	Exit Exit

	// Killed says that the host killed it: Kill was called, Stop had to, or the
	// plugin was of no use any more.
	Killed bool

	// Err is the *tenon.TransportError of a plugin that was killed because it
	// broke a rule of the protocol. Otherwise it is nil.
	Err error
}

// Unwrap returns Err, or what a plugin in this process was ended by.
func (e *ExitError) Unwrap() error {
	if e.Err != nil {
		return e.Err
	}
	return e.Exit.Err
}

// Error is one line: who, how, and the reason as far as it is known.
func (e *ExitError) Error() string {
	where := fmt.Sprintf("pid %d", e.Exit.PID)
	if e.Exit.PID == 0 {
		where = "in process"
	}
	text := fmt.Sprintf("plugin %q (%s) %s: %s", e.Name, where, e.verb(), e.Exit.String())
	if reason := e.reason(); reason != "" {
		text += ": " + reason
	}
	return harmless(text)
}

func (e *ExitError) verb() string {
	switch {
	case e.Killed:
		return "was ended by the host"
	case e.Exit.Panic != "" || e.Exit.Signal != nil:
		return "crashed"
	case e.Exit.Code == 0 && e.Exit.Err == nil:
		return "ended by itself"
	}
	return "ended"
}

func (e *ExitError) reason() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Exit.Err != nil:
		return e.Exit.Err.Error()
	case e.Exit.Panic != "":
		return firstLine(e.Exit.Panic)
	case e.Exit.OutOfMemory:
		return "the system was out of memory"
	case len(e.Exit.Last) > 0 && !e.Killed:
		return "last output " + strconv.Quote(e.Exit.Last[len(e.Exit.Last)-1])
	}
	return ""
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
