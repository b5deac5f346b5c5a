package host

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/internal/stdio"
)

const (
	// drainTimeout bounds how long what a dead plugin has printed is passed on
	// to a slow writer.
	drainTimeout = 5 * time.Second

	// lingerTimeout is how long a connection may outlive its process, and a
	// process its connection.
	lingerTimeout = time.Second
)

var (
	errKept    = errors.New("the process has ended, but something that it started holds the connection")
	errDropped = errors.New("the plugin closed its connection, though it runs")
	errStopped = errors.New("the plugin was stopped")
)

// watch sees the plugin's end: it waits for the process, not for its pipes.
func (p *Plugin) watch() {
	p.awaitEnd()
	p.closeInput()
	p.passOutput(p.patience)
	p.exit = p.exitError()
	close(p.ended)
	p.disconnect()
	p.cleanUp()
	close(p.done)
	p.hurry() // releases the context
}

func (p *Plugin) awaitEnd() {
	select {
	case <-p.run.Done():
		return
	case <-p.peer.Done():
	}
	// A plugin without a connection is of no use. It is on its way out, or has
	// closed its descriptors. If Stop was called it decides how long that takes.
	if !after(p.run.Done(), lingerTimeout) && !p.stopping.Load() {
		p.kill()
	}
	<-p.run.Done()
}

// passOutput passes on what the plugin has printed.
func (p *Plugin) passOutput(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	finish(ctx, p.stdout)
	finish(ctx, p.stderr)
	finish(ctx, p.sent[0])
	finish(ctx, p.sent[1])
}

func finish(ctx context.Context, pump *stdio.Pump) {
	if pump != nil {
		pump.Finish(ctx)
	}
}

// disconnect sees the end of the connection, which follows that of the process,
// unless something that the plugin started holds the other end.
func (p *Plugin) disconnect() {
	if !after(p.peer.Done(), lingerTimeout) {
		p.peer.Fail(errKept)
	}
	p.peer.Close()
	p.settle()
}

// cleanUp removes what was made for the plugin.
func (p *Plugin) cleanUp() {
	for _, a := range p.attempts {
		a.Close()
	}
	p.attempts = nil
}

// settle waits until what the plugin sent before it ended has been dealt with:
// log records, above all. Whoever does not return is not waited for.
func (p *Plugin) settle() {
	ctx, cancel := context.WithTimeout(p.patience, lingerTimeout)
	defer cancel()
	// A peer has no event for the last handler's end after its own.
	t := time.NewTicker(time.Millisecond)
	defer t.Stop()
	for p.peer.Stats().ActiveIn > 0 && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

// after reports whether c was closed within d.
func after(c <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c:
		return true
	case <-t.C:
	}
	select {
	case <-c: // both were
		return true
	default:
		return false
	}
}

// diagnose finds out whether the connection ended because the plugin did.
func (p *Plugin) diagnose(err error) error {
	if broken(err) {
		return err // whether the plugin ends now has nothing to do with it
	}
	if !after(p.run.Done(), lingerTimeout) {
		if errors.Is(err, errKilled) {
			return err // a plugin in this process, which doesn't obey
		}
		return &tenon.TransportError{Op: "read", Err: errDropped}
	}
	// What it printed last is on its way.
	after(p.ended, lingerTimeout)
	if e := p.exitError(); e != nil {
		return e
	}
	return &tenon.TransportError{Op: "call", Err: errStopped}
}

// broken reports whether err is that the plugin broke a rule of the protocol.
func broken(err error) bool {
	var t *tenon.TransportError
	return errors.As(err, &t) && t.Op == "protocol"
}

// exitError says how the process ended, nil if it ended well and as it should.
func (p *Plugin) exitError() *ExitError {
	x := p.run.outcome()
	stopping := p.stopping.Load()
	if x.Code == 0 && x.Signal == 0 && stopping {
		return nil
	}
	e := &ExitError{Name: p.cfg.Name, Path: p.path, Exit: p.exited(x)}
	// Stop's SIGTERM ends a plugin that does not know what to do with it.
	e.Killed = p.killed.Load() || stopping && x.Signal == syscall.SIGTERM
	if err := p.peer.Err(); broken(err) {
		e.Err = err
	}
	return e
}

// last returns what the plugin said last: on standard output, on standard error
// and in its log. What came last of these three stands last, as far as that is
// known.
func (p *Plugin) last(end time.Time) []string {
	var lines []string
	words, final := p.words.of(end)
	if !final {
		lines = words
	}
	for _, pump := range []*stdio.Pump{p.stdout, p.sent[0], p.sent[1], p.stderr} {
		if pump != nil {
			lines = append(lines, p.tail(pump)...)
		}
	}
	if final {
		lines = append(lines, words...)
	}
	return lines
}

// tail is what was printed last, without what was meant for the host.
func (p *Plugin) tail(pump *stdio.Pump) []string {
	lines := pump.Tail()
	if pump != p.stdout || p.info.Protocol == protocolTenon {
		return lines
	}
	return slices.DeleteFunc(lines, func(l string) bool { return handshake.LooksLikeLine([]byte(l)) })
}

// exited adds to x what the plugin printed.
func (p *Plugin) exited(x process.Exit) Exit {
	e := Exit{
		PID:         p.run.pid(),
		Code:        x.Code,
		Uptime:      x.Ended.Sub(x.Started),
		OutOfMemory: x.OutOfMemory,
		CPU:         x.User + x.System,
		MaxRSS:      x.MaxRSS,
		Err:         p.run.failure(),
		text:        x.String(),
	}
	if r, ok := p.run.(interface{ ending() string }); ok {
		e.text = r.ending() // there is no status
	}
	if x.Signal != 0 {
		e.Signal = x.Signal
	}
	e.Last = p.last(x.Ended)
	if p.stderr == nil {
		return e
	}
	// Only a status that the runtime ends a program with makes what looks like a
	// panic one: 2, or the signal of a crash.
	if c, ok := p.stderr.Crash(); ok && (x.Code == 2 || x.Signal == syscall.SIGABRT || x.Signal == syscall.SIGSEGV) {
		e.Panic, e.Stack = c.Message, c.Stack
	}
	return e
}
