// Package protocol says what host and plugin need of a protocol that is not
// Tenon's own.
//
// Such a protocol has go-plugin's handshake: the host puts an offer into the
// plugin's environment, the plugin prints a line on its standard output, and the
// host connects to the address that the line names. The core knows the line, and
// nothing of what is spoken behind it.
package protocol

import (
	"context"
	"io"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
)

// Within is an argument of what is exported for other modules of this repository
// alone: nobody else can name it.
type Within struct{}

// A Host runs plugins that speak a protocol. It is a value: it may be used for
// any number of plugins at a time.
type Host interface {
	// Prepare makes what the start of one plugin needs. Its error is a mistake in
	// the configuration.
	Prepare(Launch) (Attempt, error)
}

// A Launch says which plugin is being started.
type Launch struct {
	App    tenon.App
	Name   string // the plugin's
	Limits tenon.Limits

	// Services are what the host offers, in whatever version.
	Services []tenon.Service

	// Runs says that the plugin runs already: nobody gets what Env returns.
	Runs bool
}

// An Attempt is one plugin's start, and what is left to do when it has ended.
// Its methods are called by one goroutine at a time.
type Attempt interface {
	// Env is what the plugin's environment gets, without the cookie.
	Env() []string

	// Speaks reports whether Connect can be given a line with this protocol.
	Speaks(protocol string) bool

	// Connect connects to a plugin that has printed line. It does so no longer
	// than ctx. The version in the line is one of the app's.
	Connect(ctx context.Context, line handshake.Line, with Setup) (Conn, error)

	// Close removes what Prepare has made. It is called once, after the process
	// and the connection have ended, whether or not there was one.
	Close()
}

// A Sole is an Attempt of a host that has no use for Tenon's own protocol,
// because its API is another system's. The plugin is offered nothing else and
// inherits no connection: its descriptors 3 and up are Cmd.ExtraFiles. Its
// environment is Cmd.Env, and Env with the cookie; to judge the version in a line is left to Connect.
// What the plugin prints is passed on byte for byte, log records included.
type Sole interface {
	Attempt

	// Manner says how the plugin comes to run. It is called once.
	Manner() Manner
}

// A Manner says how a plugin comes to run. The zero value is a process that the
// host starts as it starts its own.
type Manner struct {
	// Detached lets the process outlive the host, and leaves alone what it has
	// started when it ends.
	Detached bool

	// SpareSessions lets daemons alone that the process has started: what is in
	// another session than its own.
	SpareSessions bool

	// Started, if not nil, is called when the process has started.
	Started func(pid int)

	// File, if not nil, is the program, which Cmd.Path is only the name of: what
	// was looked at is what is run, whoever replaces the file meanwhile. The
	// caller closes it after the start.
	File *os.File

	// Run, if not nil, starts the plugin in the host's place, or finds one that
	// runs. Env is the whole environment.
	Run func(ctx context.Context, env []string) (Running, error)
}

// Running is a plugin that somebody else has started: a container, or a process
// that an earlier host has left.
type Running interface {
	// Output returns its standard output and standard error. Nil are those that
	// cannot be read. The others are closed if they are closers.
	Output() (stdout, stderr io.Reader)

	// Line is what it has said to the one who started it, nil if it says it to
	// this host.
	Line() *handshake.Line

	// Done is closed when it has ended. Err says how, afterwards.
	Done() <-chan struct{}
	Err() error

	// Terminate asks it to end, Kill makes it. Neither waits.
	Terminate()
	Kill()

	// PID is 0 for what is no process.
	PID() int
}

// A Setup is what a connection gets from the host.
type Setup struct {
	// Self is what the host's handlers get as the connection that the call came
	// in on.
	Self tenon.Conn

	// Stdout and Stderr take what the plugin sends of its output on the
	// connection. The connection closes each when nothing more will come.
	Stdout, Stderr io.WriteCloser

	// Gone is closed when the plugin's process has ended: whoever answers at its
	// address after that is somebody else.
	Gone <-chan struct{}

	// Exit says how the process has ended, when Gone is closed.
	Exit func() Exit

	// Redials says that a connection which is lost is made again as long as the
	// process lives, where the protocol can. Otherwise its loss is its end.
	Redials bool

	// Diagnose turns the error that ended the connection into the one that calls
	// get. It may wait a short time for the cause to show.
	Diagnose func(error) error

	Logger       *slog.Logger
	CrashOnPanic bool
}

// An Exit says how a process has ended.
type Exit struct {
	PID          int
	Code         int // -1 if a signal has ended it, or it is not known
	Signal       syscall.Signal
	User, System time.Duration // of the processor
	MaxRSS       int64         // bytes
}

// A Conn is a host's connection to a plugin.
type Conn interface {
	tenon.Conn

	// Ping waits until the plugin has shown that it is there.
	Ping(context.Context) error

	// Ask asks the plugin to leave when the calls that it is busy with are
	// finished, and does not wait for that. The channel is closed if it turns out
	// that the plugin cannot be asked; it may be nil.
	Ask() <-chan struct{}

	// Fail ends the connection because of err, and does not wait. Only the first
	// end counts.
	Fail(error)

	// Close ends the connection and waits until nothing of it is left, but for
	// handlers that do not return.
	Close() error
}

// A Plugin serves contracts over a protocol, to a host that does not speak
// Tenon's own.
type Plugin interface {
	// Serve serves until the host has asked the plugin to leave or ctx has ended,
	// and returns an error for any other end.
	Serve(ctx context.Context, s Serving) error
}

// Insistent is a Plugin that may have something to serve which is not among the
// plugin's services, so that Tenon's own protocol cannot carry it.
type Insistent interface {
	Plugin

	// Insists reports whether it has, and the host offers the protocol too.
	Insists(getenv func(string) string) bool
}

// Serving is what is to be served, and the host's offer.
type Serving struct {
	App  tenon.App // with all the versions that a service is offered in
	Name string

	// Getenv returns a variable of the environment that the host gave to the
	// process. Those that carry the offer have been taken out of the process's own.
	Getenv func(string) string

	// Services returns what is offered in a version of the app.
	Services func(version int) []tenon.Service

	// Init is called once, before the host gets to know the address. It may be nil.
	Init func(context.Context) error

	// Finish is called once, when no calls are left. It may be nil. Its context
	// ends after StopTimeout, which bounds the end of calls as well.
	Finish      func(context.Context)
	StopTimeout time.Duration

	// Redirect sends what the program logs to h, by way of what the plugin's
	// author wants in between, until undo is called.
	Redirect func(h slog.Handler) (undo func())

	Limits       tenon.Limits
	AddSource    bool
	CrashOnPanic bool
}
