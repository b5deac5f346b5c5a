// Package plugin serves contracts to the host that started the process.
//
// A plugin's main function is one line:
//
//	func main() { plugin.Main(kv.App, kv.ServeStore(&memory{})) }
package plugin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/internal/protocol"
)

// Config says what a plugin serves. It is copied.
type Config struct {
	// App is what the plugin belongs to. Required.
	App tenon.App

	// Services are what the plugin offers to its host: each in the newest
	// version of the app, unless it says otherwise. See [tenon.Service.In]. No
	// two of the same version may have contracts of the same name.
	Services []tenon.Service

	// Name and Release say what the plugin is, to people: "kv-disk", "1.4.2".
	// Name is the file's name if empty.
	Name, Release string

	// Limits bound what the host can make the plugin hold.
	Limits tenon.Limits

	// Init, if not nil, is called once after the host has said hello and before it
	// is answered: the place to open what the services need. Its error is why the
	// plugin does not start, and becomes part of the host's *host.StartError. The
	// host waits for it as long as its StartTimeout says; the context ends when
	// that of Serve does. What Init logs is not records yet, but text.
	Init func(context.Context) error

	// OnStop, if not nil, is called once before Serve returns, after the host has
	// asked the plugin to leave and the last call was finished. Its context ends
	// after StopTimeout. If the connection is lost it is called as well, as far as
	// there is time: on Linux a plugin whose host was killed, or ended without
	// having called Stop, is killed by the kernel at once.
	OnStop func(context.Context)

	// StopTimeout bounds OnStop, and the wait for calls that are being
	// finished when the host is gone. Zero means 5 seconds. A host that stops
	// the plugin has a deadline of its own.
	StopTimeout time.Duration

	// Log, if not nil, returns what becomes the handler of slog's default logger
	// and of package log while the plugin is served, in place of the one that it
	// is given, which sends records to the host. Nil returns get that one too.
	Log func(toHost slog.Handler) slog.Handler

	// AddSource sends the source position of each log record along.
	AddSource bool

	// Protocols are what the plugin speaks besides Tenon's own, which it prefers:
	// with a [Protocol] of the module grpcplug it can be run by hosts that use
	// HashiCorp's go-plugin. Of several the first is used.
	Protocols []Protocol

	// CrashOnPanic lets a panic in a handler end the process, as it would in
	// any program. By default the call is answered with an error that has the
	// panic's text and stack, and the plugin lives on.
	CrashOnPanic bool
}

// A Protocol lets a plugin be run by hosts that do not speak Tenon's own
// protocol. The modules of protocols have values of this type.
type Protocol = protocol.Plugin

// Main serves the services to the host that started the process, and does not
// return: it ends the process with status 0 after the host has stopped it, and
// with status 1 otherwise. Run by hand, it prints what the program is and how it
// is used.
//
// SIGINT is ignored: at a terminal it is meant for the host, which decides what
// becomes of its plugins. SIGTERM ends the plugin in good order.
func Main(app tenon.App, services ...tenon.Service) {
	MainConfig(Config{App: app, Services: services})
}

// MainConfig is Main with a [Config].
func MainConfig(cfg Config) {
	parent := process.ParentPid()
	// The right place for a signal is here: Serve may be used in a program that
	// has other things to do. SIGINT is taken and dropped, not ignored: what the
	// plugin starts would inherit that.
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	err := Serve(ctx, cfg)
	if err == nil {
		os.Exit(0)
	}
	if errors.Is(err, ErrHostGone) && orphaned(parent) {
		process.KillOwnTree() // what the plugin has started would be orphaned
	}
	var told *toldError
	if !errors.As(err, &told) {
		fmt.Fprintln(os.Stderr, err)
	}
	tellForeignHost(err)
	os.Exit(1)
}

// tellForeignHost says what is missing where a host of go-plugin shows it: its
// error has the first line of standard output in it, while standard error goes
// into a log that is seldom on.
func tellForeignHost(err error) {
	var e *NotStartedError
	if errors.As(err, &e) && e.Cookie {
		fmt.Printf("%s is a plugin of Tenon's that does not speak go-plugin's protocol; to have it do so, %s\n", filepath.Base(e.Program), addProtocol)
	}
}

// addProtocol is what makes a plugin one that hosts of go-plugin can run.
const addProtocol = "call grpcplug.Main in place of plugin.Main in its main function, and import github.com/tenon-go/tenon/grpcplug" +
	" (with a plugin.Config, set Protocols: []plugin.Protocol{grpcplug.Protocol{}})"

// orphaned reports whether the parent is gone, not just the connection to it: a
// host that is there clears up itself, and can be told why. A dying process
// closes its descriptors a moment before its children change hands, and that is
// no event that can be waited for.
func orphaned(parent int) bool {
	for range 100 {
		if process.ParentPid() != parent {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

// ErrHostGone is what Serve's error is when the connection ended although the
// host had not asked the plugin to leave.
var ErrHostGone = errors.New("the host is gone, or has given up the connection")

// A toldError is one that the host knows already.
type toldError struct{ error }

func (e *toldError) Unwrap() error { return e.error }

// Serve serves cfg's services to the host that started the process, until the
// host has asked the plugin to leave (nil), the host is gone ([ErrHostGone]),
// or ctx ends (nil). It returns a *[NotStartedError] if the process was not
// started by a host, and takes the variables that say so out of the process's
// environment. Only one call in a process can succeed.
func Serve(ctx context.Context, cfg Config) error {
	o := takeOffer(cfg.App)
	if o.cookie && len(cfg.Protocols) > 0 && (!o.started || o.insists(cfg.Protocols[0])) {
		return serveProtocol(ctx, cfg, o)
	}
	file, err := o.inherited(cfg.App)
	if err != nil {
		return err
	}
	c, err := carrier.NewSocket(file)
	if err != nil {
		return err
	}
	// On failure the kernel still ends the process with its host; only what it
	// started may stay behind then.
	process.SurviveParent()
	return newServer(cfg, c, true).serve(ctx)
}

// An offer is what the environment says of the host.
type offer struct {
	started bool // it is Tenon's
	cookie  bool // the app's cookie is right
	env     map[string]string
}

// takeOffer takes the offer out of the environment: what this process starts
// must not take it for its own.
func takeOffer(app tenon.App) offer {
	o := offer{env: make(map[string]string)}
	key, want := app.CookieEntry()
	for _, name := range append(handshake.Variables(), key) {
		if value, ok := os.LookupEnv(name); ok {
			o.env[name] = value
			os.Unsetenv(name)
		}
	}
	_, o.started = o.env[handshake.EnvPlugin]
	o.cookie = o.env[key] != "" && o.env[key] == want
	return o
}

// insists reports whether a protocol is to be used though the host speaks Tenon's
// own as well.
func (o offer) insists(p Protocol) bool {
	i, ok := p.(protocol.Insistent)
	return ok && i.Insists(o.getenv)
}

func (o offer) getenv(name string) string { return o.env[name] }

// inherited returns the descriptor on which the host waits.
func (o offer) inherited(app tenon.App) (*os.File, error) {
	if !o.started {
		return nil, &NotStartedError{App: app.Name, Program: os.Args[0], Cookie: o.cookie}
	}
	fd, err := handshake.ParseEnv(o.env[handshake.EnvPlugin])
	if err != nil {
		return nil, err
	}
	return process.Inherited(fd)
}

// InProcess serves cfg's services in the host's own process: it is what
// host.Config.InProcess takes. A plugin that is served this way cannot be
// killed, its panics outside of handlers are the host's, and what it logs and
// prints goes where the host's own does. Each start serves them anew.
func InProcess(cfg Config) func(context.Context, carrier.Carrier) error {
	cfg.Services = slices.Clone(cfg.Services)
	return func(ctx context.Context, c carrier.Carrier) error {
		return newServer(cfg, c, false).serve(ctx)
	}
}

// A NotStartedError is returned when the program was not started by a host.
type NotStartedError struct {
	App     string // the app's name
	Program string // the program as it was called
	Cookie  bool   // the environment has the app's cookie, though not Tenon's offer
}

// Error says what the program is and how it is used.
func (e *NotStartedError) Error() string {
	text := fmt.Sprintf("%s is a plugin for %s. It is not run by hand: a program that uses %s plugins starts it.", filepath.Base(e.Program), e.App, e.App)
	if e.Cookie {
		text += "\nThe app's cookie is set, but " + handshake.EnvPlugin + " is not: was it started by a host of another plugin system? To have hosts that use go-plugin run it, " + addProtocol + "."
	}
	return text
}
