package host

import (
	"context"
	"io"
	"log/slog"
	"os"
	"reflect"
	"sync"

	"github.com/tenon-go/tenon/internal/logs"
	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/internal/stdio"
)

// connectOutput makes the pipes for the plugin's output, where they are needed.
func (s *start) connectOutput(spec *process.Spec) error {
	out, errs := s.outputs()
	if f, ok := asFile(out); ok && len(s.attempts) > 0 {
		out = through{f} // the handshake is to be seen
	}
	if len(s.attempts) > 0 && !same(out, errs) {
		// A protocol may bring more of the same.
		out, errs = guarded(out), guarded(errs)
	}
	if same(out, errs) {
		// As with package exec: one writer is not written to by two goroutines.
		w := &locked{w: out}
		if _, ok := asFile(out); !ok {
			out, errs = w, w
		}
	}
	s.text = [2]io.Writer{out, errs}
	var err error
	if f, ok := asFile(out); ok {
		spec.Stdout = f
	} else {
		s.sniffer = newSniffer(out, s.known())
		if spec.Stdout, s.stdout, err = s.pump(stdio.PumpOptions{Text: s.sniffer}); err != nil {
			return err
		}
	}
	if f, ok := asFile(errs); ok {
		spec.Stderr = f
		return nil
	}
	spec.Stderr, s.stderr, err = s.pump(s.errorOutput(errs))
	return err
}

// outputs returns where the plugin's output goes.
func (s *start) outputs() (out, errs io.Writer) {
	out, errs = s.cfg.Cmd.Stdout, s.cfg.Cmd.Stderr
	if out == nil {
		out = through{os.Stderr}
	}
	if errs == nil {
		errs = through{os.Stderr}
	}
	return out, errs
}

// errorOutput says what becomes of standard error.
func (s *start) errorOutput(text io.Writer) stdio.PumpOptions {
	return stdio.PumpOptions{
		Options: stdio.Options{Records: !s.sole, Crashes: true},
		Text:    text,
		Record:  func(r slog.Record) { logs.Deliver(context.Background(), s.cfg.Logger, r, s.cfg.Name) },
	}
}

// guarded is w for more than one goroutine. What is handed over as a file, is.
func guarded(w io.Writer) io.Writer {
	if _, ok := asFile(w); ok {
		return w
	}
	return &locked{w: w}
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
