package host

import (
	"context"
	"syscall"
	"time"

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

// watch sees the plugin's end: it waits for the process, not for its pipes.
func (p *Plugin) watch() {
	select {
	case <-p.run.Done():
	case <-p.peer.Done():
		// A plugin without a connection is of no use. It is on its way out, or
		// has closed its descriptors.
		if !after(p.run.Done(), lingerTimeout) {
			p.run.kill()
			<-p.run.Done()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	finish(ctx, p.stdout)
	finish(ctx, p.stderr)
	p.exit = p.exitError()
	close(p.done)
	// The end of the connection follows that of the process, unless something
	// that the plugin started holds the other end.
	if !after(p.peer.Done(), lingerTimeout) {
		p.peer.Fail(errKept)
	}
	p.peer.Close()
}

func finish(ctx context.Context, pump *stdio.Pump) {
	if pump != nil {
		pump.Finish(ctx)
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
		return false
	}
}

// diagnose finds out whether the connection ended because the plugin did.
func (p *Plugin) diagnose(err error) error {
	if !after(p.run.Done(), lingerTimeout) {
		return err
	}
	// What it printed last is on its way.
	after(p.done, lingerTimeout)
	if e := p.exitError(); e != nil {
		return e
	}
	// It ended well, while somebody used it.
	return &ExitError{Name: p.cfg.Name, Path: p.path, Exit: p.ended(p.run.outcome()), Killed: p.killed.Load()}
}

// exitError says how the process ended, nil if it ended well.
func (p *Plugin) exitError() *ExitError {
	x := p.run.outcome()
	if x.Code == 0 && x.Signal == 0 {
		return nil
	}
	return &ExitError{Name: p.cfg.Name, Path: p.path, Exit: p.ended(x), Killed: p.killed.Load()}
}

// ended adds to x what the plugin printed.
func (p *Plugin) ended(x process.Exit) Exit {
	e := Exit{
		PID:         p.run.pid(),
		Code:        x.Code,
		Uptime:      x.Ended.Sub(x.Started),
		OutOfMemory: x.OutOfMemory,
		CPU:         x.User + x.System,
		MaxRSS:      x.MaxRSS,
		text:        x.String(),
	}
	if x.Signal != 0 {
		e.Signal = x.Signal
	}
	if p.stderr == nil {
		return e
	}
	e.Last = p.stderr.Tail()
	// Only a status that the runtime ends a program with makes what looks like a
	// panic one: 2, or the signal of a crash.
	if c, ok := p.stderr.Crash(); ok && (x.Code == 2 || x.Signal == syscall.SIGABRT || x.Signal == syscall.SIGSEGV) {
		e.Panic, e.Stack = c.Message, c.Stack
	}
	return e
}
