package host

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"reflect"
	"sync"

	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/logs"
	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/internal/stdio"
)

// connectOutput makes the pipes for the plugin's output, where they are needed.
func (s *start) connectOutput(spec *process.Spec) error {
	out, errs := s.cfg.Cmd.Stdout, s.cfg.Cmd.Stderr
	if out == nil {
		out = through{os.Stderr}
	}
	if errs == nil {
		errs = through{os.Stderr}
	}
	if same(out, errs) {
		// As with package exec: one writer is not written to by two goroutines.
		w := &locked{w: out}
		if _, ok := asFile(out); !ok {
			out, errs = w, w
		}
	}
	var err error
	if f, ok := asFile(out); ok {
		spec.Stdout = f
	} else {
		s.sniffer = newSniffer(out)
		if spec.Stdout, s.stdout, err = s.pump(stdio.PumpOptions{Text: s.sniffer}); err != nil {
			return err
		}
	}
	if f, ok := asFile(errs); ok {
		spec.Stderr = f
		return nil
	}
	spec.Stderr, s.stderr, err = s.pump(stdio.PumpOptions{
		Options: stdio.Options{Records: true, Crashes: true},
		Text:    errs,
		Record:  func(r slog.Record) { logs.Deliver(context.Background(), s.cfg.Logger, r, s.cfg.Name) },
	})
	return err
}

// through hides that a file is one, so that the host gets to see what is
// written to it.
type through struct{ f *os.File }

func (t through) Write(p []byte) (int, error) { return t.f.Write(p) }

func same(a, b io.Writer) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.ValueOf(a).Comparable() && a == b
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (s *start) pump(o stdio.PumpOptions) (*os.File, *stdio.Pump, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	s.files = append(s.files, w)
	return w, stdio.Start(r, o), nil
}

// connectInput gives the plugin its standard input.
func (s *start) connectInput(spec *process.Spec) error {
	in := s.cfg.Cmd.Stdin
	if in == nil {
		spec.Stdin = os.Stdin
		return nil
	}
	if f, ok := asFile(in); ok {
		spec.Stdin = f
		return nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	s.files = append(s.files, r)
	spec.Stdin = r
	// As with package exec, but not waited for: a reader that blocks must not
	// keep the plugin's end from being noticed.
	go func() {
		io.Copy(w, in)
		w.Close()
	}()
	return nil
}

// A sniffer passes on what the plugin prints, and looks for the line that a
// plugin of go-plugin says on standard output, until it is told to stop. The nil
// sniffer finds nothing.
type sniffer struct {
	w    io.Writer
	seen chan struct{}

	mu   sync.Mutex
	off  bool
	line []byte
	got  *handshake.Line
}

// maxSniff is more than a line with a certificate has.
const maxSniff = 16 << 10

func newSniffer(w io.Writer) *sniffer { return &sniffer{w: w, seen: make(chan struct{})} }

func (s *sniffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	if !s.off {
		s.look(p)
	}
	s.mu.Unlock()
	return s.w.Write(p)
}

func (s *sniffer) look(p []byte) {
	for len(p) > 0 {
		part, rest, whole := bytes.Cut(p, []byte("\n"))
		if len(s.line)+len(part) <= maxSniff {
			s.line = append(s.line, part...)
		}
		p = rest
		if !whole {
			return
		}
		if handshake.LooksLikeLine(s.line) {
			if l, err := handshake.ParseLine(s.line); err == nil {
				s.got, s.off = &l, true
				close(s.seen)
				return
			}
		}
		s.line = s.line[:0]
	}
}

func (s *sniffer) stop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = true
	s.line = nil
}

func (s *sniffer) found() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.seen
}

func (s *sniffer) goPlugin() *handshake.Line {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}
