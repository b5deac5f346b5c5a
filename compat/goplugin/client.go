package plugin

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/protocol"
)

// Client starts one plugin, connects to it, and kills it. Each process that is to
// run has a Client of its own, which NewClient makes; for what the plugin offers
// call Client, and Dispense of what that returns. The methods are safe for
// concurrent use, and none of them waits for ever.
type Client struct {
	cfg    ClientConfig
	logger hclog.Logger

	mu sync.Mutex
	st clientState
}

// clientState is what of a Client changes.
type clientState struct {
	starting chan struct{}           // closed when the start that is under way has ended; nil: none is
	cancel   context.CancelCauseFunc // of that start
	run      *running                // nil until a start has succeeded
	killed   bool                    // Kill was called when the plugin ran
	failed   bool                    // the last start failed, when the program ran
}

// A running is a plugin that was started.
type running struct {
	plugin *host.Plugin
	launch *launch
	id     string
	over   chan struct{} // closed when nothing of it is left, and its last words are logged
}

// NewClient returns a client of a plugin that is not started yet. Whoever makes one
// has to call Kill in the end, or, if ClientConfig.Managed is set, CleanupClients:
// otherwise the plugin runs as long as this process, and holds goroutines and
// descriptors. The configuration is copied, and may be used again.
func NewClient(config *ClientConfig) (c *Client) {
	c = &Client{cfg: config.withDefaults()}
	c.logger = c.cfg.Logger
	if c.cfg.Managed {
		managed.add(c)
	}
	return c
}

// Start starts the plugin, unless it was started before, and returns where it
// listens. A start that has failed may be tried again; one that has succeeded is the
// only one, also when the plugin has gone: for another make another Client. That
// the plugin was killed, or has ended, is no error here.
func (c *Client) Start() (addr net.Addr, err error) {
	run, err := c.started()
	if err != nil {
		return nil, err
	}
	return run.launch.addr, nil
}

// started starts the plugin if that has not been done.
func (c *Client) started() (*running, error) {
	for {
		c.mu.Lock()
		run, busy := c.st.run, c.st.starting
		if run != nil {
			c.mu.Unlock()
			return run, nil
		}
		if busy == nil {
			ctx, cancel := context.WithCancelCause(context.Background())
			c.st.starting, c.st.cancel = make(chan struct{}), cancel
			c.mu.Unlock()
			return c.finishStart(ctx, cancel)
		}
		c.mu.Unlock()
		<-busy
	}
}

func (c *Client) finishStart(ctx context.Context, cancel context.CancelCauseFunc) (run *running, err error) {
	defer cancel(nil)
	defer func() { // also if a RunnerFunc panics
		c.mu.Lock()
		defer c.mu.Unlock()
		var told *host.StartError
		c.st.run, c.st.failed = run, errors.As(err, &told) && told.Stage != host.StageFind && told.Stage != host.StageStart
		close(c.st.starting)
		c.st.starting, c.st.cancel = nil, nil
	}()
	return c.start(ctx)
}

// Client returns the connection to the plugin, which it starts if need be. There
// is one connection: further calls return the same.
func (c *Client) Client() (ClientProtocol, error) {
	run, err := c.started()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.cfg.StartTimeout)
	defer cancel()
	return run.launch.link.client(ctx)
}

// NegotiatedVersion returns the version that host and plugin have agreed on, 0
// before Start.
func (c *Client) NegotiatedVersion() int {
	if run := c.running(); run != nil {
		return run.launch.version
	}
	return 0
}

// running returns the plugin, nil if it was not started.
func (c *Client) running() *running {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.st.run
}

// ID returns what tells the plugin from others: its process id, or what its runner
// calls it. It is empty before the start, and when the plugin was killed.
func (c *Client) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.st.run == nil || c.st.killed {
		return ""
	}
	return c.st.run.id
}

// Exited reports whether the plugin was started and has ended, after a start that
// failed too.
func (c *Client) Exited() bool {
	c.mu.Lock()
	run, failed := c.st.run, c.st.failed
	c.mu.Unlock()
	if run == nil {
		return failed
	}
	select {
	case <-run.over:
		return true
	default:
		return run.launch.link.gone()
	}
}

// Protocol starts the plugin, if need be, and returns what it speaks. It returns
// ProtocolInvalid if that fails: to find out why, call Start before.
func (c *Client) Protocol() Protocol {
	run, err := c.started()
	if err != nil {
		return ProtocolInvalid
	}
	return Protocol(run.launch.line.Protocol)
}

// Killed is set to 1, atomically, by CleanupClients: connections that end from
// then on were meant to. Code that calls plugins may read it, with package
// sync/atomic, to tell such an error from a fault.
var Killed uint32

// managed are the clients that CleanupClients kills.
var managed managedClients

type managedClients struct {
	mu   sync.Mutex
	list map[*Client]bool
}

func (m *managedClients) add(c *Client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.list == nil {
		m.list = make(map[*Client]bool)
	}
	m.list[c] = true
}

func (m *managedClients) remove(c *Client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.list, c)
}

func (m *managedClients) all() (list []*Client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for c := range m.list {
		list = append(list, c)
	}
	return list
}

// CleanupClients kills the plugins of all clients that are Managed, at the same
// time, and waits for their end. It may be called more than once.
func CleanupClients() {
	atomic.StoreUint32(&Killed, 1)
	var goes sync.WaitGroup
	for _, c := range managed.all() {
		goes.Go(c.Kill)
	}
	goes.Wait()
}

// start starts the plugin.
func (c *Client) start(ctx context.Context) (*running, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(contextOf(c.cfg.Cmd), func() { cancel(contextOf(c.cfg.Cmd).Err()) })()
	l := &launch{cfg: &c.cfg, attached: c.cfg.Reattach}
	l.first.come = func(line string) {
		if strings.Count(line, "|") >= 3 {
			cancel(errJunk) // it was meant as what announces a plugin
			return
		}
		t := time.AfterFunc(junkTimeout, func() { cancel(errJunk) })
		context.AfterFunc(ctx, func() { t.Stop() })
	}
	if err := l.openProgram(ctx); err != nil {
		return nil, err
	}
	defer l.closeProgram()
	cmd := l.command()
	l.started = func(pid int) {
		publishProcess(c.cfg.Cmd, pid)
		c.logger.Debug("plugin started", "path", cmd.Path, "pid", pid)
		c.logger.Debug("waiting for RPC address", "plugin", cmd.Path)
	}
	log := newLogWriter(c.logger.Named(filepath.Base(cmd.Path)), c.cfg.Stderr, c.cfg.PluginLogBufferSize)
	cmd.Stderr = log
	if l.attached == nil {
		c.logger.Debug("starting plugin", "path", cmd.Path, "args", cmd.Args)
	}
	p, err := host.Start(ctx, host.Config{
		App: app, Cmd: cmd, Protocols: []host.Protocol{l},
		Logger: slogTo(c.logger), StartTimeout: c.cfg.StartTimeout,
	})
	if err != nil {
		log.flush()
		c.reportStart(cmd.Path, err)
		return nil, l.asStartError(err)
	}
	run := &running{plugin: p, launch: l, id: l.id(p), over: make(chan struct{})}
	c.logger.Debug("using plugin", "version", l.version)
	stop := context.AfterFunc(contextOf(c.cfg.Cmd), func() { c.cancel(p) })
	go func() {
		defer close(run.over)
		<-p.Done()
		stop()
		log.flush()
		c.report(run)
	}()
	return run, nil
}

// cancel ends a plugin whose command's context has ended, as package os/exec does: by
// Cmd.Cancel, and after Cmd.WaitDelay by force.
func (c *Client) cancel(p *host.Plugin) {
	cmd := c.cfg.Cmd
	if cmd.Cancel == nil || cmd.Process == nil {
		p.Kill()
		return
	}
	if err := cmd.Cancel(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.logger.Warn("error canceling the plugin's command", "err", err)
	}
	if cmd.WaitDelay <= 0 {
		return
	}
	select {
	case <-p.Done():
	case <-time.After(cmd.WaitDelay):
		p.Kill()
	}
}

// junkTimeout is how long a program that has printed something else has to announce
// itself, if StartTimeout is not shorter. go-plugin gives it no time at all, and
// libraries that print are many.
const junkTimeout = 10 * time.Second

// check says what is wrong with the configuration.
func (c *Client) check() error {
	set := 0
	for _, is := range []bool{c.cfg.Cmd != nil, c.cfg.Reattach != nil, c.cfg.RunnerFunc != nil} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		return errNotOne
	case c.cfg.SecureConfig != nil && c.cfg.Reattach != nil:
		return ErrSecureConfigAndReattach
	case c.cfg.GRPCBrokerMultiplex && c.cfg.Reattach != nil:
		return errMuxReattach
	case contextOf(c.cfg.Cmd).Err() != nil:
		return contextOf(c.cfg.Cmd).Err()
	case c.cfg.Cmd != nil && c.cfg.Cmd.Stdout != nil:
		return errStdoutSet
	case c.cfg.Cmd != nil && c.cfg.Cmd.Stderr != nil:
		return errStderrSet
	}
	return nil
}

func (l *launch) id(p *host.Plugin) string {
	switch {
	case l.runner != nil:
		return l.runner.ID()
	case l.isTest():
		return ""
	}
	return strconv.Itoa(p.Info().PID)
}

// reportStart logs the end of a plugin that did not start, and what Cmd has to say of
// it.
func (c *Client) reportStart(path string, err error) {
	var e *host.StartError
	if !errors.As(err, &e) || e.Exit == nil {
		return
	}
	x := protocol.Exit{PID: e.Exit.PID, Code: e.Exit.Code, User: e.Exit.CPU, MaxRSS: e.Exit.MaxRSS}
	x.Signal, _ = e.Exit.Signal.(syscall.Signal)
	publishState(c.cfg.Cmd, x)
	c.logger.Error("plugin process exited", "plugin", path, "id", strconv.Itoa(x.PID), "error", endingOf(e.Exit))
}

// report logs the plugin's end.
func (c *Client) report(run *running) {
	path := run.plugin.Info().Path
	if run.launch.attached != nil {
		c.logger.Debug("reattached plugin process exited")
		return
	}
	if text := ending(run.plugin.Err()); text != "" {
		c.logger.Error("plugin process exited", "plugin", path, "id", run.id, "error", text)
		return
	}
	c.logger.Info("plugin process exited", "plugin", path, "id", run.id)
}
