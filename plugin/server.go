package plugin

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/link"
	"github.com/tenon-go/tenon/internal/logs"
	"github.com/tenon-go/tenon/internal/peer"
)

// A server is a plugin that is being served.
type server struct {
	cfg     Config
	carrier carrier.Carrier
	process bool // it has a process of its own

	level *slog.LevelVar // from which on the host wants records
	gate  *link.Gate     // calls wait for the log
	asked chan struct{}  // closed when the host has asked the plugin to leave
	peer  *peer.Peer
	log   *link.LogWriter
}

func newServer(cfg Config, c carrier.Carrier, process bool) *server {
	return &server{
		cfg: cfg, carrier: c, process: process,
		level: new(slog.LevelVar), gate: link.NewGate(), asked: make(chan struct{}),
	}
}

func (s *server) serve(ctx context.Context) error {
	if err := s.connect(ctx); err != nil {
		s.carrier.Close()
		return err
	}
	defer s.peer.Close()
	defer s.redirect()()
	s.gate.Open()
	select {
	case <-s.asked:
		s.finishCalls(ctx)
	case <-ctx.Done():
		s.peer.Leave()
		s.finishCalls(ctx)
	case <-s.peer.Done():
		return s.abandoned(ctx)
	}
	s.finish(ctx)
	return nil
}

// finishCalls waits for the calls that are under way. Who asked decides for how
// long: the host, which has a deadline, without any of the plugin's own; when
// the plugin has been told to end too, StopTimeout is it.
func (s *server) finishCalls(ctx context.Context) {
	if s.peer.Idle(ctx) == nil {
		return
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	s.peer.Idle(ctx)
}

// abandoned ends a plugin whose connection has ended.
func (s *server) abandoned(ctx context.Context) error {
	s.finish(ctx)
	select {
	case <-s.asked:
		return nil // the host had no more time to wait
	default:
	}
	if err := s.peer.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrHostGone, err)
	}
	return ErrHostGone
}

// finish does what is left to do when no calls are.
func (s *server) finish(ctx context.Context) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	s.onStop(ctx)
	if s.log != nil {
		s.log.Close(ctx)
	}
	s.peer.Shutdown(ctx)
}

// onStop calls Config.OnStop. It may hang, and the plugin must not with it:
// without a host nobody is left to end it.
func (s *server) onStop(ctx context.Context) {
	if s.cfg.OnStop == nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.cfg.OnStop(ctx)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// bounded returns a context for the plugin's end: that of Serve may have ended.
func (s *server) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := s.cfg.StopTimeout
	if timeout <= 0 {
		timeout = stopTimeout
	}
	return context.WithTimeout(context.WithoutCancel(ctx), timeout)
}

// redirect sends what the plugin logs to the host, and returns a function that
// undoes it. In the host's own process there is nothing to redirect.
func (s *server) redirect() (undo func()) {
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
	return s.cfg.redirect(logs.NewHandler(w.Write, logs.HandlerOptions{
		Level:     s.level,
		AddSource: s.cfg.AddSource,
		Fallback:  slog.NewTextHandler(os.Stderr, nil),
	}))
}

// redirect sends what the program logs to h, by way of Config.Log.
func (cfg *Config) redirect(h slog.Handler) (undo func()) {
	if cfg.Log != nil {
		if other := cfg.Log(h); other != nil {
			h = other
		}
	}
	return logs.Redirect(h, logs.RedirectOptions{AddSource: cfg.AddSource})
}
