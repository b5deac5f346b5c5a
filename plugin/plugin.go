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
	"strings"
	"syscall"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/link"
	"github.com/tenon-go/tenon/internal/logs"
	"github.com/tenon-go/tenon/internal/peer"
	"github.com/tenon-go/tenon/internal/process"
)

// Config says what a plugin serves. It is copied.
type Config struct {
	// App is what the plugin belongs to. Required.
	App tenon.App

	// Services are what the plugin offers to its host: each in the newest
	// version of the app, unless it says otherwise. See [tenon.Service.In].
	Services []tenon.Service

	// Name and Release say what the plugin is, to people: "kv-disk", "1.4.2".
	// Name is the file's name if empty.
	Name, Release string

	// Limits bound what the host can make the plugin hold.
	Limits tenon.Limits

	// OnStop, if not nil, is called once before Serve returns: after the host
	// has asked the plugin to leave and the last call was finished, or when the
	// host is gone. Its context ends after StopTimeout.
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

	// CrashOnPanic lets a panic in a handler end the process, as it would in
	// any program. By default the call is answered with an error that has the
	// panic's text and stack, and the plugin lives on.
	CrashOnPanic bool
}

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
	// The right place for a signal is here: Serve may be used in a program that
	// has other things to do.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	signal.Ignore(os.Interrupt)
	err := Serve(ctx, cfg)
	stop()
	switch {
	case err == nil:
		os.Exit(0)
	case errors.Is(err, ErrHostGone):
		process.KillOwnTree() // what the plugin has started would be orphaned
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// ErrHostGone is what Serve returns when the connection ended although the host
// had not asked the plugin to leave.
var ErrHostGone = errors.New("the host is gone")

// Serve serves cfg's services to the host that started the process, until the
// host has asked the plugin to leave (nil), the host is gone ([ErrHostGone]),
// or ctx ends (nil). It returns a *[NotStartedError] if the process was not
// started by a host, and takes the variables that say so out of the process's
// environment. Only one call in a process can succeed.
func Serve(ctx context.Context, cfg Config) error {
	if err := cfg.App.Validate(); err != nil {
		return err
	}
	file, err := inherited(cfg)
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
	s := &server{cfg: cfg, carrier: c, process: true}
	return s.serve(ctx)
}

// inherited returns the descriptor on which the host waits.
func inherited(cfg Config) (*os.File, error) {
	key, want := cfg.App.CookieEntry()
	value, started := os.LookupEnv(handshake.EnvPlugin)
	cookie := os.Getenv(key)
	for _, name := range append(handshake.Variables(), key) {
		os.Unsetenv(name)
	}
	if !started {
		return nil, &NotStartedError{App: cfg.App.Name, Program: os.Args[0], Cookie: cookie == want}
	}
	fd, err := handshake.ParseEnv(value)
	if err != nil {
		return nil, err
	}
	return process.Inherited(fd)
}

// InProcess serves cfg's services in the host's own process: it is what
// host.Config.InProcess takes. A plugin that is served this way cannot be
// killed, and its panics outside of handlers are the host's.
func InProcess(cfg Config) func(context.Context, carrier.Carrier) error {
	cfg.Services = slices.Clone(cfg.Services)
	return func(ctx context.Context, c carrier.Carrier) error {
		if err := cfg.App.Validate(); err != nil {
			return err
		}
		s := &server{cfg: cfg, carrier: c}
		return s.serve(ctx)
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
		text += "\nThe app's cookie is set, but " + handshake.EnvPlugin + " is not: was it started by a host of another plugin system?"
	}
	return text
}

// A server is a plugin that is being served.
type server struct {
	cfg     Config
	carrier carrier.Carrier
	process bool // it has a process of its own

	peer  *peer.Peer
	log   *link.LogWriter
	asked chan struct{} // closed when the host has asked the plugin to leave
}

func (s *server) serve(ctx context.Context) error {
	s.asked = make(chan struct{})
	level := new(slog.LevelVar)
	if err := s.connect(ctx, level); err != nil {
		s.carrier.Close()
		return err
	}
	defer s.peer.Close()
	defer s.redirect(level)()
	select {
	case <-s.asked:
	case <-ctx.Done():
		return s.leave(context.WithoutCancel(ctx))
	case <-s.peer.Done():
	}
	return s.stop(context.WithoutCancel(ctx))
}

// connect exchanges hellos with the host and starts the peer.
func (s *server) connect(ctx context.Context, level *slog.LevelVar) error {
	body, ahead, err := link.Receive(ctx, s.carrier)
	if err != nil {
		return fmt.Errorf("no hello from the host: %w", err)
	}
	offer, err := handshake.ParseOffer(body)
	if err != nil {
		return err
	}
	level.Set(offer.LogLevel)
	version, refusal := offer.Decide(s.app())
	answer := handshake.Answer{Refusal: refusal}
	var services []tenon.Service
	if refusal == nil {
		services = append(s.offered(version), link.ServeControl(level))
		answer = s.answer(version, services)
	}
	body, err = answer.Append(nil)
	if err == nil {
		err = link.Send(ctx, s.carrier, body)
	}
	if err != nil {
		return err
	}
	if refusal != nil {
		return offer.Check(answer)
	}
	s.peer = peer.New(peer.Config{
		Carrier:      s.carrier,
		Local:        s.cfg.Limits,
		Remote:       offer.Limits,
		Services:     services,
		Offered:      handshake.Offered(offer.ServicesIn(version)),
		OnAsked:      func() { close(s.asked) },
		CrashOnPanic: s.cfg.CrashOnPanic,
	}, ahead)
	return nil
}

// app is the app with the versions that any service is offered in.
func (s *server) app() tenon.App {
	app := s.cfg.App
	app.Versions = slices.Clone(app.Versions)
	for _, service := range s.cfg.Services {
		app.Versions = append(app.Versions, service.Versions...)
	}
	app.Version = slices.Max(app.Supported())
	return app
}

// offered returns the services that are offered in the given version.
func (s *server) offered(version int) []tenon.Service {
	newest := slices.Max(s.cfg.App.Supported())
	var list []tenon.Service
	for _, service := range s.cfg.Services {
		versions := service.Versions
		if len(versions) == 0 {
			versions = []int{newest}
		}
		if slices.Contains(versions, version) {
			list = append(list, service)
		}
	}
	return list
}

func (s *server) answer(version int, services []tenon.Service) handshake.Answer {
	name := s.cfg.Name
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	}
	return handshake.Answer{
		Version:  version,
		Services: handshake.Describe(services),
		Limits:   s.cfg.Limits,
		Name:     name,
		Release:  s.cfg.Release,
		Library:  tenon.Library,
		PID:      os.Getpid(),
	}
}

// redirect sends what the plugin logs to the host, and returns a function that
// undoes it. In the host's own process there is nothing to redirect.
func (s *server) redirect(level *slog.LevelVar) (undo func()) {
	if !s.process {
		return func() {}
	}
	// The log outlives the context of Serve: what is logged on the way out has
	// to arrive too.
	w, err := link.OpenLog(context.Background(), s.peer)
	if err != nil {
		return func() {} // a host without a log: slog's default writes to stderr
	}
	s.log = w
	var h slog.Handler = logs.NewHandler(w.Write, logs.HandlerOptions{
		Level:     level,
		AddSource: s.cfg.AddSource,
		Fallback:  slog.NewTextHandler(os.Stderr, nil),
	})
	if s.cfg.Log != nil {
		if other := s.cfg.Log(h); other != nil {
			h = other
		}
	}
	return logs.Redirect(h, logs.RedirectOptions{AddSource: s.cfg.AddSource})
}

func (s *server) timeout() time.Duration {
	if s.cfg.StopTimeout > 0 {
		return s.cfg.StopTimeout
	}
	return 5 * time.Second
}

// stop ends the plugin because the host wants it, or is gone.
func (s *server) stop(ctx context.Context) error {
	var gone error
	select {
	case <-s.asked:
		// No bound of our own: the host asked, and the host decides how long
		// it waits.
		s.peer.Idle(ctx)
	default:
		gone = ErrHostGone
	}
	s.finish(ctx)
	return gone
}

// leave ends the plugin because it wants to itself.
func (s *server) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	s.peer.Leave()
	s.peer.Idle(ctx)
	s.finish(ctx)
	return nil
}

func (s *server) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	if s.cfg.OnStop != nil {
		s.cfg.OnStop(ctx)
	}
	if s.log != nil {
		s.log.Close(ctx)
	}
	s.peer.Shutdown(ctx)
}
