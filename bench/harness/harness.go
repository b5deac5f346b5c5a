// Package harness measures how a host uses a plugin, whatever they speak.
//
// A [Target] is one way of speaking. Each target has a program of its own (see
// [Main]), so that a plugin links what such a plugin links and nothing else:
// what a start costs and what memory is used depend on it. The program is the
// plugin, and it is the host as well: one process that starts the plugin,
// measures what it is told to measure, and has its own memory measured.
package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// A Target is one way for a host to use a plugin.
type Target struct {
	// Name heads the target's column and names it on the command line.
	Name string

	// Start starts the plugin with cmd, which is ready to run, and returns when
	// it can be called.
	Start func(ctx context.Context, cmd *exec.Cmd) (Session, error)

	// Serve is the plugin: it answers until its host goes. Its Echo is the
	// function [Echo]; its Stream sends what [Message] makes.
	Serve func() error

	// OneCaller says that a session answers one call at a time.
	OneCaller bool

	// NoStreams says that there is nothing to stream messages with.
	NoStreams bool

	// Column heads the target's column, if it is not empty, in place of Name.
	Column string

	// Host and Plugin, if not empty, are the programs of the two sides, in place of
	// one for both.
	Host, Plugin string
}

// A Session is a running plugin, seen from its host.
type Session interface {
	// Echo sends request and returns what came back, which is valid until the
	// same caller's next Echo. It is called concurrently, unless the target has
	// OneCaller.
	Echo(ctx context.Context, request []byte) (answer []byte, err error)

	// Stream has the plugin send count messages of size bytes and shows them to
	// visit, one by one and in order. What is shown is valid during the visit.
	Stream(ctx context.Context, count, size int, visit func([]byte) error) error

	// Stop ends the plugin and returns when it is gone.
	Stop() error
}

const (
	plugin = "plugin"
	host   = "host"
)

// programVar names the program of a driver's plugin, if it is another.
const programVar = "BENCH_PLUGIN_PROGRAM"

// Main is a target's program. Its arguments say whether to be the plugin or the
// host, and of which of the targets.
func Main(targets ...Target) {
	if err := run(os.Args[1:], targets); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string, targets []Target) error {
	if len(args) != 2 {
		return fmt.Errorf("this program is started by the benchmark: usage: %s|%s TARGET", plugin, host)
	}
	for _, t := range targets {
		switch {
		case t.Name != args[1]:
		case args[0] == plugin:
			return t.Serve()
		case args[0] == host:
			return drive(t, os.Stdout)
		}
	}
	return fmt.Errorf("this program has no %s for %q", args[0], args[1])
}
