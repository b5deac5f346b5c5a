package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/process"
)

var (
	errQuiet  = errors.New("it ended before it said hello")
	errSilent = errors.New("it runs, but closed its connection without saying hello")
)

// explain says what an error of the handshake means.
func (s *start) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case s.sniffer.goPlugin() != nil:
		l := s.sniffer.goPlugin()
		return fmt.Errorf("it speaks go-plugin's %s protocol, not Tenon's", l.Protocol)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if after(s.run.Done(), lingerTimeout) {
			return errQuiet
		}
		return errSilent
	case errors.Is(err, errSlow):
		return fmt.Errorf("it said no hello within %v", s.cfg.StartTimeout)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Errorf("it said no hello while the caller waited: %w", err)
	}
	return err
}

// failed cleans up after a start that failed, and tells its story.
func (s *start) failed(err error) error {
	e := &StartError{Name: s.cfg.Name, Path: s.path, Stage: s.stage, Err: err}
	s.closeFiles()
	if s.carrier != nil {
		s.carrier.Close()
	}
	alone := s.reap()
	ctx, cancel := context.WithTimeout(context.Background(), lingerTimeout)
	defer cancel()
	finish(ctx, s.stdout)
	finish(ctx, s.stderr)
	if s.run != nil && alone {
		x := s.ended(s.run.outcome())
		e.Exit = &x
	}
	if s.stdout != nil {
		e.Last = s.stdout.Tail()
	}
	if s.stderr != nil {
		e.Last = append(e.Last, s.stderr.Tail()...)
	}
	e.Hint = s.hint(e)
	return e
}

// reap sees that the process is gone, and reports whether it went by itself.
func (s *start) reap() (alone bool) {
	if s.run == nil {
		return false
	}
	select {
	case <-s.run.Done():
		return true
	default:
	}
	if errors.Is(s.ctx.Err(), context.Canceled) || s.stage == StageHandshake {
		s.run.kill()
	}
	// A plugin that has refused is on its way out.
	alone = after(s.run.Done(), 200*time.Millisecond)
	s.run.kill()
	after(s.run.Done(), lingerTimeout)
	return alone && s.stage == StageVersion
}

// hint says what to try.
func (s *start) hint(e *StartError) string {
	var cause *process.StartError
	switch {
	case errors.As(e.Err, &cause):
		return cause.Hint
	case errors.Is(e.Err, exec.ErrNotFound):
		return "give a path with a slash in it, or install the program where PATH leads"
	case s.sniffer.goPlugin() != nil && s.sniffer.goPlugin().Protocol == handshake.GRPC:
		return "give the module github.com/tenon-go/tenon/grpcplug to host.Config to run plugins of go-plugin that use gRPC"
	case s.sniffer.goPlugin() != nil:
		return "this plugin uses net/rpc; run it with github.com/tenon-go/tenon/compat/goplugin"
	case s.stage == StageHandshake && e.Exit != nil:
		return "run " + s.path + " by hand to see what it says; a Tenon plugin then prints what it is"
	case s.stage == StageHandshake && errors.Is(e.Err, errSilent):
		return "is it a Tenon plugin for " + s.cfg.App.Name + "? Something in it closes descriptor 3"
	case s.stage == StageHandshake:
		return "is it a Tenon plugin for " + s.cfg.App.Name + "? If it is only slow to start, raise host.Config.StartTimeout"
	}
	return ""
}
