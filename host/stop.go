package host

import (
	"context"
	"errors"
	"time"
)

var errKilled = errors.New("the plugin was killed by the host")

const (
	// stopTimeout bounds Stop where its context has no deadline.
	stopTimeout = 10 * time.Second

	// politeTimeout is what a plugin has to leave when Stop's context is canceled.
	politeTimeout = time.Second

	// killTimeout is what Stop waits for the end of a process that was sent
	// SIGKILL, if there is no time left. Most are gone in a millisecond.
	killTimeout = 100 * time.Millisecond
)

// Stop ends the plugin and waits until it is gone. It returns by ctx's deadline
// whatever the plugin does, or after 10 seconds if there is none:
//
//   - The plugin is asked to leave, finishes the calls that it is busy with, and
//     exits. It has half of the time for that. This is left out with a plugin of
//     another system that has no way to be asked.
//   - Then the connection is closed, which fails what is still under way, and
//     the process is sent SIGTERM; it has three quarters of what is left.
//   - Then the process and everything that it has started is sent SIGKILL. For
//     this last step there is always a tenth of a second, even if ctx has ended
//     before.
//
// A ctx that is canceled without a deadline that has passed, as that of a program
// that was interrupted often is, leaves a second for the first two steps.
//
// Stop returns nil if the plugin ended well, and otherwise an *[ExitError] that
// says how it ended. It may be called more than once, and after the plugin has
// ended.
func (p *Plugin) Stop(ctx context.Context) error {
	ctx, cancel := stopContext(ctx)
	defer cancel()
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline)
	p.stopping.Store(true)
	if p.wait(ctx, left/2, p.peer.Ask()) {
		return p.Err()
	}
	// Not waited for: what closes the connection tells its calls, and they are
	// the caller's.
	go p.peer.Close()
	p.run.terminate()
	if p.wait(ctx, left*3/8, nil) {
		return p.Err()
	}
	// Not waited for either: the search for what the plugin has started takes
	// its time if there is much of it. When the plugin has ended it is over.
	go p.Kill()
	p.hurry()
	if ctx.Err() != nil {
		left = 0
	} else {
		left = time.Until(deadline)
	}
	if p.wait(context.Background(), max(left, killTimeout), nil) {
		return p.Err()
	}
	return p.stuck()
}

// stopContext returns the context that bounds Stop: it has a deadline, and ends a
// moment later than ctx if ctx is canceled before its own.
func stopContext(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(stopTimeout)
	}
	if time.Until(deadline) <= 0 {
		return context.WithDeadline(ctx, deadline)
	}
	patient, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(politeTimeout, cancel)
		context.AfterFunc(patient, func() { t.Stop() })
	})
	return patient, func() { stop(); cancel() }
}

// stuck is what Stop returns when the plugin was killed and is there still: its
// process waits for a device, or it has none.
func (p *Plugin) stuck() error {
	text := "it is still there"
	if p.cfg.InProcess != nil {
		text = "what serves it has not returned"
	}
	return &ExitError{
		Name: p.cfg.Name, Path: p.path, Killed: true,
		Exit: Exit{PID: p.run.pid(), Code: -1, Uptime: time.Since(p.started), text: text},
	}
}

// wait waits for the plugin's end and reports whether it came. There is nothing to
// wait for if it turns out to be deaf.
func (p *Plugin) wait(ctx context.Context, most time.Duration, deaf <-chan struct{}) bool {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-p.done:
		return true
	case <-ctx.Done():
	case <-deaf:
	case <-t.C:
	}
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
