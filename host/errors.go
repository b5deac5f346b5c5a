package host

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
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
// each detail.
func (e *StartError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plugin %q did not start: %v", e.Name, e.Err)
	row := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "\n  %-8s%s", key+":", strings.ReplaceAll(value, "\n", "\n          "))
		}
	}
	row("stage", string(e.Stage))
	row("file", e.Path)
	if e.Exit != nil {
		row("ended", e.Exit.String())
		row("panic", e.Exit.Panic)
	}
	row("output", strings.Join(e.Last, "\n"))
	row("try", e.Hint)
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

	// Last are the last lines on standard error, the oldest first.
	Last []string

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

	// Killed says that Stop had to kill it.
	Killed bool
}

// Error is one line: who, how, and the reason as far as it is known.
func (e *ExitError) Error() string {
	what := "ended"
	switch {
	case e.Killed:
		what = "had to be killed"
	case e.Exit.Panic != "" || e.Exit.Signal != nil:
		what = "crashed"
	}
	text := fmt.Sprintf("plugin %q (pid %d) %s: %s", e.Name, e.Exit.PID, what, e.Exit.String())
	switch {
	case e.Exit.Panic != "":
		text += ": " + firstLine(e.Exit.Panic)
	case e.Exit.OutOfMemory:
		text += ": the system was out of memory"
	case len(e.Exit.Last) > 0 && !e.Killed:
		text += ", last output " + strconv.Quote(e.Exit.Last[len(e.Exit.Last)-1])
	}
	return text
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
