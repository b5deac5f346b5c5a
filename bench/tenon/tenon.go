// Package tenonbench is Tenon's native protocol, used as its users do: through
// the stubs of a contract.
package tenonbench

import (
	"context"
	"iter"
	"log/slog"
	"os"
	"os/exec"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/bench/harness"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
)

// Target is a plugin on the native protocol.
var Target = harness.Target{Name: "Tenon", Start: start, Serve: serve}

var app = tenon.App{Name: "bench"}

func serve() error {
	return plugin.Serve(context.Background(), plugin.Config{App: app, Services: []tenon.Service{ServeBench(server{})}})
}

type server struct{}

func (server) Echo(_ context.Context, request []byte) ([]byte, error) {
	return harness.Echo(request), nil
}

func (server) Messages(_ context.Context, count, size int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		m := harness.NewMessage(size)
		for i := range count {
			if !yield(m.Number(i), nil) {
				return
			}
		}
	}
}

type session struct {
	bench  Bench
	plugin *host.Plugin
}

func start(ctx context.Context, cmd *exec.Cmd) (harness.Session, error) {
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	p, err := host.Start(ctx, host.Config{App: app, Cmd: cmd, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	b, err := OpenBench(ctx, p)
	if err != nil {
		return nil, err
	}
	return &session{b, p}, nil
}

func (s *session) Echo(ctx context.Context, request []byte) ([]byte, error) {
	return s.bench.Echo(ctx, request)
}

func (s *session) Stream(ctx context.Context, count, size int, visit func([]byte) error) error {
	for m, err := range s.bench.Messages(ctx, count, size) {
		if err != nil {
			return err
		}
		if err := visit(m); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) Stop() error {
	return s.plugin.Stop(context.Background())
}
