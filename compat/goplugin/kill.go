package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenon-go/tenon/host"
)

// Kill ends the plugin, and everything that it has started, and waits until it is
// gone and what it has printed and logged has been passed on: not longer than
// KillTimeout, and some ten seconds for the rest.
//
// The plugin is asked to leave; when it has answered it has two seconds to exit, and
// then it is killed. One that does not answer is killed at once. If Start is under
// way, it fails. A plugin in test mode is let alone, and so is the connection to
// it, until the plugin ends it.
//
// Kill may be called more than once.
func (c *Client) Kill() {
	defer managed.remove(c)
	run := c.toKill()
	if run == nil {
		return
	}
	if run.launch.isTest() {
		// The plugin's Kill ends the watch of it, and nothing else.
		run.launch.link.whenLost(run.plugin.Kill)
		return
	}
	if !run.isOver() {
		c.end(run)
	}
	select {
	case <-run.over:
	case <-time.After(stuckTimeout):
		c.logger.Error("plugin is still there after it was killed", "plugin", run.plugin.Info().Path, "id", run.id)
	}
}

// stuckTimeout is how long the end of a plugin that was killed is waited for: a
// process may wait for a device, and the caller's writers for whatever they like.
const stuckTimeout = 15 * time.Second

// toKill gives up a start that is under way, and returns the plugin, nil if there
// is none.
func (c *Client) toKill() *running {
	c.mu.Lock()
	busy := c.st.starting
	if busy != nil {
		c.st.cancel(errKilled)
	}
	c.mu.Unlock()
	if busy != nil {
		<-busy
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.st.run != nil {
		c.st.killed = true
	}
	return c.st.run
}

func (r *running) isOver() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

func (c *Client) end(run *running) {
	if c.leaves(run) {
		c.logger.Debug("plugin exited")
		return
	}
	if !run.launch.link.gone() {
		c.logger.Warn("plugin failed to exit gracefully")
		run.plugin.Kill()
	}
}

// leaves asks the plugin to, and reports whether it does.
func (c *Client) leaves(run *running) bool {
	timeout := c.cfg.KillTimeout
	if run.launch.link.silent() {
		timeout = min(timeout, leaveTimeout) // who did not answer before will hardly do so now
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	client, err := run.launch.link.client(ctx)
	if err != nil {
		if !run.launch.link.gone() {
			c.logger.Error("client", "error", err)
		}
		return false
	}
	if err := closeAsked(client); err != nil && !run.launch.link.gone() {
		c.logger.Warn("error closing client during Kill", "err", err)
		return false
	}
	go run.launch.Close()
	select {
	case <-run.launch.link.left:
		return true
	case <-time.After(leaveTimeout):
		return false
	}
}

// closeAsked closes a connection, and says so if the plugin has not answered.
func closeAsked(p ClientProtocol) error {
	if g, ok := p.(*GRPCClient); ok {
		return g.close()
	}
	return p.Close()
}

// gone reports whether the plugin has ended, and the caller's Cmd says how.
func (k *link) gone() bool {
	select {
	case <-k.left:
		return true
	default:
		return false
	}
}

// ending is how a plugin ended, in the words of package os; empty if it exited
// with status 0.
func ending(err error) string {
	var e *host.ExitError
	if !errors.As(err, &e) {
		return ""
	}
	return endingOf(&e.Exit)
}

func endingOf(e *host.Exit) string {
	switch {
	case e.Signal != nil:
		return "signal: " + e.Signal.String()
	case e.Err != nil:
		return e.Err.Error()
	case e.Code == 0:
		return ""
	}
	return fmt.Sprintf("exit status %d", e.Code)
}
