package stdio

import (
	"bytes"
	"slices"
	"strings"
)

// A Crash is what the Go runtime printed when it ended a program.
type Crash struct {
	// Message says what happened, as the runtime puts it: "panic: boom", with
	// the panics that were recovered on the way and the signal, if there was
	// one, on further lines.
	Message string

	// Stack is that of the first goroutine that was printed, the one to blame.
	// It is empty if the runtime was told to print none.
	Stack string
}

// A detector recognises crashes in text. What it has found is a guess, since a
// program can print such a text and go on; so it neither changes what becomes of
// the text, nor stops looking.
type detector struct {
	max   int
	phase phase
	part  []byte // the beginning of a line that may matter
	skip  bool   // the rest of the current line does not matter
	blank bool   // the line before the current one was empty

	message, stack []byte
	// pure says that since the first line nothing came that is no part of a
	// crash. Only then is a message without a stack taken for one.
	pure  bool
	other int // bytes of what came between message and stack

	found    Crash
	hasFound bool
}

// A phase is where in a crash the detector is.
type phase int

const (
	idle    phase = iota
	message       // in the lines that say what happened
	gap           // after them, before a stack
	stack         // in the first goroutine's stack
)

// write looks at p, which comes after what is in t.
func (d *detector) write(p []byte, t *tail) {
	for i := 0; i < len(p); {
		n := bytes.IndexByte(p[i:], '\n')
		if n < 0 {
			d.begin(p[i:])
			return
		}
		d.end(p[i:i+n], p[:i], t)
		i += n + 1
	}
}

// begin takes the beginning of a line, or a further piece of it.
func (d *detector) begin(b []byte) {
	if d.skip {
		return
	}
	if len(d.part) == 0 && !d.matters(b) {
		d.skip = true
		return
	}
	d.part = append(d.part, b[:min(len(b), d.max-len(d.part))]...)
}

// end takes the end of a line, or a whole one; before is what comes before b in
// the same chunk.
func (d *detector) end(b, before []byte, t *tail) {
	switch {
	case d.skip:
		d.skip, d.blank = false, false
		return
	case len(d.part) > 0:
		d.begin(b)
		b = d.part
	case !d.matters(b), d.phase == idle && !isHeading(b) && b[0] != 'g' && b[0] != '\r':
		d.blank = len(b) == 0
		return
	}
	b = bytes.TrimSuffix(b[:min(len(b), d.max)], []byte("\r"))
	d.line(b, before, t)
	d.part, d.blank = d.part[:0], len(b) == 0
}

// matters reports whether a line that begins with b has to be looked at whole.
func (d *detector) matters(b []byte) bool {
	if d.phase != idle {
		return true
	}
	if len(b) == 0 {
		return false
	}
	switch b[0] {
	case 'p', 'f', 'u', 'r', 'S', 'g', '\r':
		return true
	}
	return false
}

func (d *detector) line(b, before []byte, t *tail) {
	switch {
	case d.phase == stack && len(b) > 0 && !isHeading(b):
		d.stack = d.bounded(d.stack, b, 3*d.max/4)
	case d.phase == stack:
		d.settle()
		d.heading(b)
	case isGoroutine(b):
		d.goroutine(b, before, t)
	case d.phase == message:
		d.inMessage(b)
	case isHeading(b):
		d.heading(b)
	case d.phase == gap:
		d.inGap(b)
	}
}

// heading begins a new candidate if b is the first line of a crash.
func (d *detector) heading(b []byte) {
	if !isHeading(b) {
		return
	}
	d.phase, d.pure, d.other = message, true, 0
	d.message, d.stack = d.bounded(d.message[:0], b, d.max/4), d.stack[:0]
}

func (d *detector) inMessage(b []byte) {
	switch {
	case len(b) == 0:
		d.phase = gap
		return
	case isHeading(b) && !d.pure:
		d.heading(b)
		return
	case !isHeading(b) && !continues(b):
		// Go before 1.23 doesn't indent the further lines of a message.
		d.pure = false
	}
	d.message = d.bounded(d.message, b, d.max/4)
	d.giveUp(len(b))
}

// inGap passes over what the runtime prints between message and stack, such as
// the stack of its own.
func (d *detector) inGap(b []byte) {
	if len(b) > 0 {
		d.pure = false
	}
	d.giveUp(len(b))
}

// giveUp forgets a candidate if too much came since that is not part of it.
func (d *detector) giveUp(n int) {
	if d.pure {
		return
	}
	d.other += n + 1
	if d.other > d.max/4 {
		d.phase = idle
	}
}

// goroutine takes the line above a goroutine's stack.
func (d *detector) goroutine(b, before []byte, t *tail) {
	if d.phase == idle {
		// The message may have begun in the middle of a line that the program
		// had not ended.
		if !d.blank || len(b) > t.max/2 {
			return
		}
		m := headingWithin(before, t)
		if m == nil {
			return
		}
		d.message = append(d.message[:0], m[:min(len(m), d.max/4)]...)
	}
	d.phase = stack
	d.stack = d.bounded(d.stack[:0], b, 3*d.max/4)
}

// settle keeps the candidate, which is complete.
func (d *detector) settle() {
	d.found, d.hasFound = d.candidate(), true
	d.phase = idle
}

func (d *detector) candidate() Crash {
	return Crash{Message: text(d.message), Stack: text(d.stack)}
}

// latest returns the candidate that is being read, if it is good as it is: the
// output may end anywhere.
func (d *detector) latest() (Crash, bool) {
	c := *d
	c.message, c.stack, c.part = bytes.Clone(d.message), bytes.Clone(d.stack), bytes.Clone(d.part)
	if len(c.part) > 0 {
		c.line(c.part, nil, &tail{})
	}
	switch {
	case c.phase == stack, c.phase != idle && c.pure:
		return c.candidate(), true
	}
	return c.found, c.hasFound
}

// bounded appends a line to dst if there is room.
func (d *detector) bounded(dst, line []byte, limit int) []byte {
	if len(dst) > 0 && len(dst) < limit {
		dst = append(dst, '\n')
	}
	return append(dst, line[:max(0, min(len(line), limit-len(dst)))]...)
}

func text(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

// isHeading reports whether b is a line with which the runtime begins.
func isHeading(b []byte) bool {
	if len(b) < 6 {
		return false
	}
	switch b[0] { // lines that begin with these letters are many
	case 'p':
		return hasPrefix(b, "panic: ")
	case 'f':
		return hasPrefix(b, "fatal error: ")
	case 'u':
		return hasPrefix(b, "unexpected fault address ")
	case 'r':
		return hasPrefix(b, "runtime: out of memory") || hasPrefix(b, "runtime: goroutine stack exceeds ")
	}
	return isSignal(b)
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// isSignal reports whether b is like "SIGABRT: abort".
func isSignal(b []byte) bool {
	if !hasPrefix(b, "SIG") {
		return false
	}
	name, _, ok := bytes.Cut(b[:min(len(b), 16)], []byte(": "))
	if !ok || len(name) < 5 {
		return false
	}
	for _, c := range name {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// continues reports whether b goes on with what the lines above it say.
func continues(b []byte) bool {
	return b[0] == '\t' || hasPrefix(b, "[signal ") || hasPrefix(b, "PC=")
}

// isGoroutine reports whether b is like "goroutine 1 [running]:".
func isGoroutine(b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte("goroutine "))
	return ok && len(rest) > 0 && '0' <= rest[0] && rest[0] <= '9' &&
		bytes.Contains(rest, []byte(" [")) && bytes.HasSuffix(rest, []byte("]:"))
}

// headingWithin looks for the beginning of a crash in the middle of one of the
// lines above a goroutine's, which an empty line separates from it: what is in t
// and before.
func headingWithin(before []byte, t *tail) []byte {
	b := bytes.TrimRight(linesAbove(before, t), "\r\n")
	b = lastParagraph(b)
	for _, h := range [...]string{"panic: ", "fatal error: "} {
		if i := bytes.Index(b, []byte(h)); i >= 0 {
			return b[i:]
		}
	}
	return nil
}

// linesAbove returns the last bytes of t and before, without what there is of
// the goroutine's own line in t. They are as many however the input was cut, and
// no more than that are copied: a program can print such a line every 20 bytes.
func linesAbove(before []byte, t *tail) []byte {
	n := t.max / 2
	if len(before) >= n {
		return before[len(before)-n:]
	}
	old := t.bytes()
	if len(before) == 0 {
		old = old[:bytes.LastIndexByte(old, '\n')+1]
	}
	old = old[max(0, len(old)-(n-len(before))):]
	return slices.Concat(old, before)
}

// lastParagraph returns what comes after the last empty line of b. It looks at
// nothing else, so that one paragraph after the other is looked at once.
func lastParagraph(b []byte) []byte {
	start := len(b)
	for end := len(b); end >= 0; end = start - 1 {
		begin := bytes.LastIndexByte(b[:end], '\n') + 1
		if len(bytes.TrimSuffix(b[begin:end], []byte("\r"))) == 0 {
			break
		}
		start = begin
	}
	return b[start:]
}
