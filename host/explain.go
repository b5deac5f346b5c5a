package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/internal/stdio"
)

var (
	errQuiet  = errors.New("it ended before it said hello")
	errCut    = errors.New("it ended in the middle of its hello")
	errSilent = errors.New("it runs, but closed its connection before it said hello")
)

// A slowError is what ends a start after Config.StartTimeout.
type slowError struct{ after time.Duration }

func (e *slowError) Error() string {
	return fmt.Sprintf("it did not say hello within %v", e.after)
}

func (e *slowError) Unwrap() error { return context.DeadlineExceeded }

// explain says what an error of the exchange of hellos means.
func (s *start) explain(err error) error {
	var slow *slowError
	var preface *handshake.PrefaceError
	switch {
	case s.sniffer.broken() != nil:
		return s.sniffer.broken()
	case s.sniffer.goPlugin() != nil:
		if len(s.cfg.Protocols) > 0 {
			return fmt.Errorf("it speaks go-plugin's protocol %q, which none of host.Config.Protocols does", s.sniffer.goPlugin().Protocol)
		}
		return fmt.Errorf("it speaks go-plugin's protocol %q, not Tenon's", s.sniffer.goPlugin().Protocol)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errQuiet):
		return s.explainEnd(err)
	case errors.As(err, &preface) && preface.Looks == handshake.LooksUnknown:
		short := *preface
		short.Found = short.Found[:min(len(short.Found), 32)] // tells nobody anything
		return &short
	case errors.As(err, &slow):
		return slow
	case s.ctx.Err() != nil && errors.Is(err, context.Cause(s.ctx)):
		return fmt.Errorf("it did not say hello before the caller's context ended: %w", err)
	}
	return err
}

// explainEnd tells a process that has ended from one that does not want to talk.
func (s *start) explainEnd(err error) error {
	switch {
	case !after(s.run.Done(), lingerTimeout):
		return errSilent
	case s.run.failure() != nil:
		return s.run.failure()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errCut
	}
	return errQuiet
}

// failed cleans up after a start that failed, and tells its story.
func (s *start) failed(err error) error {
	e := &StartError{Name: s.cfg.Name, Path: s.path, Stage: s.stage, Err: err}
	s.closeFiles()
	s.closeInput()
	if s.carrier != nil {
		s.carrier.Close()
	}
	alone := s.reap()
	s.hurryUp()
	if s.stdout != nil && !s.stdout.Stats().Stuck {
		s.sniffer.stop() // which may hold back what was no handshake
	}
	s.cleanUp()
	if alone && s.cfg.InProcess == nil {
		x := s.exited(s.run.outcome())
		e.Exit = &x
	}
	if s.stdout != nil {
		e.Last = s.stdout.Tail()
	}
	if s.sniffer.goPlugin() != nil { // the error says what of it matters
		e.Last = slices.DeleteFunc(e.Last, func(l string) bool { return handshake.LooksLikeLine([]byte(l)) })
	}
	for _, pump := range []*stdio.Pump{s.sent[0], s.sent[1], s.stderr} {
		if pump != nil {
			e.Last = append(e.Last, pump.Tail()...)
		}
	}
	e.Hint = s.hint(e)
	var cause *process.StartError
	if errors.As(err, &cause) {
		e.Err = &unstartable{cause}
	}
	return e
}

// An unstartable is a *process.StartError as a sentence about the file, without
// the hint, which has a line of its own here.
type unstartable struct{ cause *process.StartError }

func (e *unstartable) Error() string {
	if e.cause.Cause == process.Other {
		return fmt.Sprintf("%s cannot be started: %v", e.cause.Path, e.cause.Err)
	}
	return fmt.Sprintf("%s %s (%v)", e.cause.Path, e.cause.Detail, e.cause.Err)
}

func (e *unstartable) Unwrap() error { return e.cause }

// hurryUp passes on the output of a plugin that did not start. The caller waits
// for the error, so a slow writer gets less time than it has otherwise.
func (s *start) hurryUp() {
	ctx, cancel := context.WithTimeout(s.patience, lingerTimeout)
	defer cancel()
	s.passOutput(ctx)
	s.hurry()
}

// reap sees that the process is gone, and reports whether it went by itself.
func (s *start) reap() (alone bool) {
	if s.run == nil {
		return false
	}
	// A plugin that has refused is on its way out; any other had its time.
	grace := 200 * time.Millisecond
	if s.stage == StageHandshake || s.sole { // in whose protocol nobody refuses
		grace = 0
	}
	alone = after(s.run.Done(), grace)
	s.run.kill()
	return after(s.run.Done(), lingerTimeout) && alone
}

// hint says what to try.
func (s *start) hint(e *StartError) string {
	var cause *process.StartError
	var apps *handshake.AppError
	switch {
	case errors.As(e.Err, &cause):
		return cause.Hint
	case errors.Is(e.Err, exec.ErrNotFound):
		return "give a path with a slash in it, or install the program in a directory that PATH names"
	case errors.Is(e.Err, exec.ErrDot):
		return "write ./ in front of the name, if the program in the working directory is meant"
	case errors.As(e.Err, &apps) && apps.Host != apps.Plugin:
		return fmt.Sprintf("start a plugin of app %q, or set tenon.App.Name to the same on both sides", apps.Host)
	case s.stage == StageHandshake && s.cfg.InProcess == nil && !s.sole:
		return s.hintHello(e)
	}
	return ""
}

// hintHello says what to try with a process that said nothing, or something
// else.
func (s *start) hintHello(e *StartError) string {
	l := s.sniffer.goPlugin()
	question := fmt.Sprintf("is it a Tenon plugin for %s? ", s.cfg.App.Name)
	if len(s.cfg.Protocols) > 0 {
		question = fmt.Sprintf("is it a plugin for %s, of Tenon's or of go-plugin's kind? ", s.cfg.App.Name)
	}
	var preface *handshake.PrefaceError
	var hello *handshake.HelloError
	var slow *slowError
	switch {
	case s.sniffer.broken() != nil:
		return "the plugin may be built with another version of go-plugin, or print something that looks like its handshake"
	case l != nil && l.Protocol == handshake.GRPC:
		return "add this line to host.Config: Protocols: []host.Protocol{grpcplug.Protocol{}}, and import github.com/tenon-go/tenon/grpcplug (go get github.com/tenon-go/tenon/grpcplug)"
	case l != nil:
		return "plugins of go-plugin that use net/rpc are run with the module github.com/tenon-go/tenon/compat/goplugin"
	case e.saysPlugin():
		key, value := s.cfg.App.CookieEntry()
		return fmt.Sprintf("it is a plugin of go-plugin's that did not accept the cookie %s=%s: tenon.App.Cookie is go-plugin's MagicCookieKey=MagicCookieValue", key, value)
	case errors.Is(e.Err, errQuiet), errors.Is(e.Err, errCut):
		return hintEnd(e, question)
	case errors.Is(e.Err, errSilent):
		return question + "If so, something in it closes descriptor 3"
	case errors.As(e.Err, &preface), errors.As(e.Err, &hello):
		return question + "If so, something in it writes to descriptor 3, which is the connection"
	case errors.As(e.Err, &slow):
		return question + "If it is only slow to start, raise host.Config.StartTimeout"
	}
	return ""
}

// saysPlugin reports whether the process has said what a plugin of go-plugin's says
// without its cookie.
func (e *StartError) saysPlugin() bool {
	return slices.ContainsFunc(e.Last, func(l string) bool { return strings.HasPrefix(l, "This binary is a plugin.") })
}

// hintEnd says what to try with a process that has ended too early.
func hintEnd(e *StartError, question string) string {
	switch {
	case e.Exit == nil:
		return ""
	case e.Exit.Panic != "":
		return "it crashed while it started: the stack in its output says where"
	case e.Exit.OutOfMemory:
		return "the system was out of memory: give it more, or start less at a time"
	case e.Exit.Signal != nil:
		return "something sent it that signal: a limit, a supervisor, or the program itself"
	case e.Exit.Code == 0:
		return question + "A plugin's main function calls plugin.Main, which does not return"
	case len(e.Last) > 0:
		return "its output is likely to say why; if not, run it by hand: a Tenon plugin then says what it is"
	}
	return question + "Run it by hand to see what it says: a Tenon plugin then says what it is"
}

// inConfig says what is wrong with an offer in the words of the Config.
func inConfig(err error) error {
	var hello *handshake.HelloError
	if !errors.As(err, &hello) {
		return err
	}
	field, _, _ := strings.Cut(hello.Field, ".")
	name, ok := map[string]string{
		"app": "App.Name", "cookie": "App.Cookie", "versions": "App.Versions",
		"services": "Services", "limits": "Limits", "plugin": "Name",
	}[field]
	if !ok {
		return err
	}
	return fmt.Errorf("host.Config.%s: %s", name, hello.Problem)
}

// checkServices reports which service is none.
func checkServices(services []tenon.Service) error {
	for i, s := range services {
		if s.Contract == nil || s.Server == nil {
			return fmt.Errorf("host.Config.Services[%d] is empty", i)
		}
	}
	return nil
}
