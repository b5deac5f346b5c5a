package host

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/link"
	"github.com/tenon-go/tenon/internal/logs"
	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/internal/protocol"
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
	peer    protocol.Conn
	gate    *link.Gate // what the plugin calls waits for the fields above

	run      runner
	attempts []protocol.Attempt // one for each protocol in Config

	stdin  *os.File    // the host's end, nil if there is nothing to copy
	stdout *stdio.Pump // nil if the plugin has the host's descriptor
	stderr *stdio.Pump
	sent   [2]*stdio.Pump // stdout and stderr as a protocol brings them, nil if it does not

	words    recentLog
	stopping atomic.Bool // Stop was called
	killed   atomic.Bool // Stop, Kill or the host's own judgement has killed it

	// patience ends when slow writers of the output are not waited for any more.
	patience context.Context
	hurry    context.CancelFunc

	ended chan struct{} // closed when exit is set: the process is gone, its output passed on
	done  chan struct{} // closed when the connection has been cleared up as well
	exit  *ExitError    // nil if it ended well
}

func newPlugin(cfg Config) *Plugin {
	p := &Plugin{
		cfg: cfg, started: time.Now(), gate: link.NewGate(),
		ended: make(chan struct{}), done: make(chan struct{}),
	}
	if cfg.Cmd != nil {
		p.path = cfg.Cmd.Path
	}
	p.patience, p.hurry = context.WithCancel(context.Background())
	return p
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
	Protocol string // "tenon", or what go-plugin calls it: "grpc"
}

// A runner is how a plugin comes to run.
type runner interface {
	// Done is closed when the plugin has ended.
	Done() <-chan struct{}
	// terminate asks it to end, kill makes it.
	terminate()
	kill()
	// outcome says how it ended, after Done, and failure with which error, if it
	// is no child.
	outcome() process.Exit
	failure() error
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

// Lost logs a warning: a call of the method with the given index has failed, and
// the method has no error result. Generated code calls it, by [tenon.Ref.Lost].
func (p *Plugin) Lost(r *tenon.Ref, method int, err error) {
	if c, ok := p.peer.(interface {
		Lost(r *tenon.Ref, method int, err error)
	}); ok {
		c.Lost(r, method, err)
		return
	}
	if c := r.Contract(); tenon.CodeOf(err) != tenon.Canceled {
		go p.lost(c.Name, c.Methods[method].Name, err) // the caller must not wait for a log
	}
}

// lost is the warning.
func (p *Plugin) lost(contract, method string, err error) {
	p.cfg.Logger.LogAttrs(context.Background(), slog.LevelWarn, "a call failed, and its method has no error result",
		slog.String(logs.PluginKey, p.cfg.Name), slog.String("contract", contract), slog.String("method", method),
		slog.String("error", err.Error()))
}

// Stats implements [tenon.Conn].
func (p *Plugin) Stats() tenon.Stats { return p.peer.Stats() }

// InUse names the calls and refs that Stats counts: to find a leak by. Of a
// plugin that does not speak Tenon's own protocol it knows none.
func (p *Plugin) InUse() tenon.InUse {
	if c, ok := p.peer.(interface{ InUse() tenon.InUse }); ok {
		return c.InUse()
	}
	return tenon.InUse{}
}

// Done is closed when the plugin has ended, its output and its last log records
// have been passed on, and how it ended is known. Writers and loggers that hang
// delay it by a few seconds at most.
func (p *Plugin) Done() <-chan struct{} { return p.done }

// Err says how the plugin ended: an *[ExitError], or nil if it ended well
// because Stop asked it to, or has not ended.
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

// Unwrap returns the protocol's own connection. It is for the packages of
// protocols, such as grpcplug, which know what more theirs can do.
func (p *Plugin) Unwrap() tenon.Conn { return p.peer }

// Ping waits until the plugin has shown that it is there, no longer than ctx.
// It says nothing of what the plugin's services are able to do.
func (p *Plugin) Ping(ctx context.Context) error { return p.peer.Ping(ctx) }

// SetLogLevel sets the lowest level that the plugin sends log records of. It fails
// with code Unimplemented if the plugin speaks another protocol than Tenon's own:
// what such a plugin logs is its own affair.
func (p *Plugin) SetLogLevel(ctx context.Context, level slog.Level) error {
	if p.info.Protocol != protocolTenon {
		return &tenon.Error{Code: tenon.Unimplemented, Message: fmt.Sprintf("plugin %q speaks %s, which cannot set the level of a plugin's log", p.cfg.Name, p.info.Protocol)}
	}
	return link.SetLogLevel(ctx, p, level)
}

// Kill ends the plugin, and everything that it started, at once. It does not
// wait; see Done. A plugin in this process is only told to end.
func (p *Plugin) Kill() {
	p.kill()
	p.peer.Fail(errKilled)
}

func (p *Plugin) kill() {
	select {
	case <-p.run.Done():
		return // too late to have been what ended it
	default:
	}
	p.killed.Store(true)
	p.run.kill()
}
