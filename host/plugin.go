package host

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/link"
	"github.com/tenon-go/tenon/internal/peer"
	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/internal/stdio"
)

// Plugin is the host's handle on a plugin that runs, or has run. It is the
// connection that generated code opens services on. Its methods are safe for
// concurrent use.
type Plugin struct {
	cfg     Config
	path    string
	info    Info
	started time.Time
	peer    *peer.Peer

	run    runner
	stdout *stdio.Pump // nil if the plugin has the host's descriptor
	stderr *stdio.Pump

	killed atomic.Bool   // Stop or Kill has killed it
	done   chan struct{} // closed when exit is set and the output was passed on
	exit   *ExitError    // nil if it ended well

	stopping sync.Once
}

// Info is what is known of a plugin since its start.
type Info struct {
	Name     string // as in Config
	Path     string // of the program
	PID      int    // 0 in process
	Version  int    // of the app, which both sides use
	Reported string // the plugin's own name for itself
	Release  string // the plugin's own version, "1.4.2"; may be empty
	Library  string // what the plugin is built with, "tenon-go/0.1.0"
	Protocol string // "tenon"
}

// A runner is how a plugin comes to run.
type runner interface {
	// Done is closed when the plugin has ended.
	Done() <-chan struct{}
	// terminate asks it to end, kill makes it.
	terminate()
	kill()
	// outcome says how it ended, after Done.
	outcome() process.Exit
	pid() int
}

var _ tenon.Conn = (*Plugin)(nil)

// Info returns what is known of the plugin.
func (p *Plugin) Info() Info { return p.info }

// Open implements [tenon.Conn].
func (p *Plugin) Open(ctx context.Context, to *tenon.Ref, method int) (tenon.Stream, error) {
	return p.peer.Open(ctx, to, method)
}

// Offers implements [tenon.Conn].
func (p *Plugin) Offers(service string) ([]string, bool) { return p.peer.Offers(service) }

// Release implements [tenon.Conn].
func (p *Plugin) Release(id uint64) { p.peer.Release(id) }

// Stats implements [tenon.Conn].
func (p *Plugin) Stats() tenon.Stats { return p.peer.Stats() }

// Done is closed when the plugin has ended, its output has been passed on, and
// how it ended is known.
func (p *Plugin) Done() <-chan struct{} { return p.done }

// Err says how the plugin ended: an *[ExitError], or nil if it ended well or
// has not ended.
func (p *Plugin) Err() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	if p.exit == nil {
		return nil
	}
	return p.exit
}

// Ping waits until the plugin has shown that it is there, no longer than ctx.
// It says nothing of what the plugin's services are able to do.
func (p *Plugin) Ping(ctx context.Context) error { return p.peer.Ping(ctx) }

// SetLogLevel sets the lowest level that the plugin sends log records of.
func (p *Plugin) SetLogLevel(ctx context.Context, level slog.Level) error {
	return link.SetLogLevel(ctx, p, level)
}

// Kill ends the plugin, and everything that it started, at once. It does not
// wait; see Done.
func (p *Plugin) Kill() {
	p.killed.Store(true)
	p.run.kill()
	p.peer.Fail(errKilled)
}

var errKilled = errors.New("the plugin was killed by the host")

// stopTimeout bounds Stop where its context has no deadline.
const stopTimeout = 10 * time.Second

// Stop ends the plugin and waits until it is gone. It returns by ctx's deadline
// whatever the plugin does, or after 10 seconds if there is none:
//
//   - The plugin is asked to leave, finishes the calls that it is busy with, and
//     exits. It has half of the time for that.
//   - Then the connection is closed, which fails what is still under way, and
//     the process is sent SIGTERM; it has three quarters of what is left.
//   - Then the process and everything that it has started is sent SIGKILL.
//
// Stop returns nil if the plugin ended well, and otherwise an *[ExitError] that
// says how it ended. It may be called more than once, and after the plugin has
// ended.
func (p *Plugin) Stop(ctx context.Context) error {
	deadline := time.Now().Add(stopTimeout)
	if d, ok := ctx.Deadline(); ok {
		deadline = d
	}
	p.peer.Ask()
	left := time.Until(deadline)
	if p.wait(ctx, left/2) {
		return p.Err()
	}
	go p.peer.Close()
	p.run.terminate()
	if p.wait(ctx, left*3/8) {
		return p.Err()
	}
	p.Kill()
	// A process that was sent SIGKILL ends at once, unless it waits for a
	// device. What is left of the time is kept for that, and a moment more if
	// there is none.
	p.wait(context.Background(), max(time.Until(deadline), 100*time.Millisecond))
	if err := p.Err(); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	default:
		return p.stuck()
	}
}

// stuck is what Stop returns when the process was killed and is there still.
func (p *Plugin) stuck() error {
	return &ExitError{
		Name: p.cfg.Name, Path: p.path, Killed: true,
		Exit: Exit{PID: p.run.pid(), Code: -1, Uptime: time.Since(p.started), text: "not gone yet"},
	}
}

// wait waits for the plugin's end and reports whether it came.
func (p *Plugin) wait(ctx context.Context, most time.Duration) bool {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-p.done:
		return true
	case <-ctx.Done():
	case <-t.C:
	}
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
