package host

import (
	"context"
	"fmt"
	"time"

	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/internal/protocol"
	"github.com/tenon-go/tenon/internal/stdio"
)

// takeOver has somebody else start the plugin, or find it.
func (s *start) takeOver() error {
	running, err := s.manner.Run(s.ctx, s.environment())
	if err != nil {
		return err
	}
	s.run = watchForeign(running)
	s.line = running.Line()
	s.text[0], s.text[1] = s.outputs()
	out, errs := running.Output()
	if out != nil {
		s.sniffer = newSniffer(s.text[0], s.known())
		s.stdout = stdio.Start(out, stdio.PumpOptions{Text: s.sniffer})
	}
	if errs != nil {
		s.stderr = stdio.Start(errs, s.errorOutput(s.text[1]))
	}
	return nil
}

// awaitLine waits for the plugin's line, and connects.
func (s *start) awaitLine() error {
	s.stage = StageHandshake
	if s.line != nil {
		return s.join(s.attempts[0], *s.line)
	}
	var err error
	select {
	case <-s.sniffer.found():
	case <-s.run.Done():
		after(s.sniffer.found(), lastWords)
		err = errQuiet
	case <-s.ctx.Done():
		err = context.Cause(s.ctx)
	}
	if a := s.spoken(); a != nil {
		return s.join(a, *s.sniffer.goPlugin())
	}
	return s.explain(err)
}

// A foreign is a runner: a plugin that somebody else has started.
type foreign struct {
	protocol.Running
	started time.Time
	done    chan struct{} // closed when ended is set
	ended   time.Time
}

func watchForeign(r protocol.Running) *foreign {
	f := &foreign{Running: r, started: time.Now(), done: make(chan struct{})}
	go func() {
		<-r.Done()
		f.ended = time.Now()
		close(f.done)
	}()
	return f
}

func (f *foreign) Done() <-chan struct{} { return f.done }
func (f *foreign) terminate()            { f.Terminate() }
func (f *foreign) kill()                 { f.Kill() }
func (f *foreign) pid() int              { return f.PID() }

func (f *foreign) outcome() process.Exit {
	<-f.done
	e := process.Exit{Started: f.started, Ended: f.ended}
	if f.Err() != nil {
		e.Code = -1
	}
	return e
}

func (f *foreign) failure() error {
	<-f.done
	return f.Err()
}

func (f *foreign) ending() string {
	if err := f.failure(); err != nil {
		return fmt.Sprintf("it ended (%v)", err)
	}
	return "it ended"
}
