package stdio

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"

	"github.com/tenon-go/tenon/internal/logs"
)

// Options say what a [Scanner] looks for and how much it holds. The zero value
// passes everything on, and keeps the last lines.
type Options struct {
	// Records recognises lines that hclog wrote in its JSON format, as plugins
	// of go-plugin do on their standard error.
	Records bool

	// Crashes recognises what the Go runtime prints when it ends a program, on
	// the standard error.
	Crashes bool

	// MaxRecord is the size in bytes of the longest line that can be a record:
	// 64 KiB.
	MaxRecord int

	// TailLines and TailBytes bound what is kept for [Scanner.Tail]: 20 lines,
	// 8 KiB.
	TailLines, TailBytes int

	// MaxCrash bounds in bytes what is kept of a crash: 64 KiB.
	MaxCrash int
}

func (o Options) withDefaults() Options {
	set(&o.MaxRecord, 64<<10)
	set(&o.TailLines, 20)
	set(&o.TailBytes, 8<<10)
	set(&o.MaxCrash, 64<<10)
	return o
}

func set(field *int, value int) {
	if *field <= 0 {
		*field = value
	}
}

// An Event is what a [Scanner] found. The Bytes of all events, one after the
// other, are the input.
type Event struct {
	// Bytes are valid until the Scanner is used again.
	Bytes []byte

	// Record is what Bytes, a whole line, stand for. It is nil if they are text.
	Record *slog.Record
}

// A Scanner tells text from log records. It is not safe for concurrent use.
//
// Text is reported as soon as it is there, without waiting for the end of a
// line: what begins with an opening brace is kept back while it can become a
// record, and nothing else is.
type Scanner struct {
	o     Options
	in    []byte // what was fed and not yet reported
	held  []byte // the beginning of a line that can become a record
	mid   bool   // in begins inside a line that is text
	ended bool

	tail  tail
	crash detector
}

// NewScanner returns a scanner.
func NewScanner(o Options) *Scanner {
	o = o.withDefaults()
	return &Scanner{o: o, tail: tail{max: o.TailBytes}, crash: detector{max: o.MaxCrash}}
}

// Feed gives the scanner more input, which it uses until [Scanner.Next] has
// returned false.
func (s *Scanner) Feed(chunk []byte) {
	if len(s.in) > 0 {
		chunk = slices.Concat(s.in, chunk)
	}
	s.in = chunk
}

// End says that the input has ended, so that Next reports what was kept back.
func (s *Scanner) End() { s.ended = true }

// Next reports what was found next. It returns false when more input is needed.
func (s *Scanner) Next() (Event, bool) {
	ev, ok := s.next()
	switch {
	case ev.Record != nil && ev.Record.Level < slog.LevelInfo:
		// The tail is to explain an end, and some libraries log each of their own
		// steps on the way there.
	case ev.Record != nil:
		s.tail.write(describe(ev.Record))
	case ok:
		if s.o.Crashes {
			s.crash.write(ev.Bytes, &s.tail) // before the tail has them
		}
		s.tail.write(ev.Bytes)
	}
	return ev, ok
}

func (s *Scanner) next() (Event, bool) {
	if len(s.held) > 0 {
		return s.line()
	}
	if n := s.text(); n > 0 {
		ev := Event{Bytes: s.in[:n]}
		s.in = s.in[n:]
		return ev, true
	}
	if len(s.in) > 0 {
		return s.line()
	}
	return Event{}, false
}

// text returns how many bytes of the input can be passed on without a further
// look. Only line beginnings are looked at, so that a flood of text costs little
// more than to find them, and goes on in large pieces.
func (s *Scanner) text() int {
	if !s.o.Records {
		return len(s.in)
	}
	n := 0
	for n < len(s.in) {
		if !s.mid && s.candidate(s.in[n:]) {
			break
		}
		i := bytes.IndexByte(s.in[n:], '\n')
		s.mid = i < 0
		if s.mid {
			return len(s.in)
		}
		n += i + 1
	}
	return n
}

// candidate reports whether b, at the beginning of a line, may begin with a
// record.
func (s *Scanner) candidate(b []byte) bool {
	if b[0] != '{' || !possible(b) {
		return false
	}
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return len(b) <= s.o.MaxRecord
	}
	return i < s.o.MaxRecord && logs.MaybeHCLog(b[:i])
}

// possible reports whether a line that begins with b, and that with a brace, can
// be an object that has a key. It looks at so few bytes that a line that comes
// byte by byte can be asked each time.
func possible(b []byte) bool {
	const look = 16
	b = b[:min(len(b), look)]
	rest := bytes.TrimLeft(b[1:], " \t\r")
	return len(rest) == 0 && len(b) < look || len(rest) > 0 && rest[0] == '"'
}

// line deals with a line that may be a record, of which held is the beginning.
func (s *Scanner) line() (Event, bool) {
	n := bytes.IndexByte(s.in, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(s.in)
	}
	if len(s.held)+n > s.o.MaxRecord {
		return s.release(), true
	}
	if whole && len(s.held) == 0 {
		b := s.in[:n]
		s.in = s.in[n:]
		return event(b), true
	}
	s.held = append(s.held, s.in[:n]...)
	s.in = s.in[n:]
	switch {
	case whole || s.ended:
		b := s.held
		s.held = s.held[:0]
		if !possible(b) { // it was too short to tell until now
			return Event{Bytes: b}, true
		}
		return event(b), true
	case !possible(s.held):
		return s.release(), true
	}
	return Event{}, false
}

// release gives up the hope that a line is a record.
func (s *Scanner) release() Event {
	b := s.held
	s.held, s.mid = s.held[:0], true
	return Event{Bytes: b}
}

func event(line []byte) Event {
	if r, ok := logs.ParseHCLog(line); ok {
		return Event{Bytes: line, Record: &r}
	}
	return Event{Bytes: line}
}

// detach makes the scanner forget its buffers, so that it can be used while the
// bytes of the last event still are.
func (s *Scanner) detach() {
	s.held = bytes.Clone(s.held)
}

// Tail returns the last lines, of text and of records alike, the oldest first,
// without records below [slog.LevelInfo].
// They are valid UTF-8, and have no line ends.
func (s *Scanner) Tail() []string { return s.tail.lines(s.o.TailLines) }

// Crash returns the latest thing that looks like what the Go runtime prints when
// it ends a program. Whether it is one, only the exit status tells, which is 2 or
// a signal then: a program can print anything.
func (s *Scanner) Crash() (Crash, bool) { return s.crash.latest() }

// describe is a record as a line for the tail.
func describe(r *slog.Record) []byte {
	b := fmt.Appendf(nil, "%v: %s", r.Level, r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != slog.SourceKey {
			b = fmt.Appendf(b, " %s=%s", a.Key, a.Value)
		}
		return true
	})
	return append(b, '\n')
}
