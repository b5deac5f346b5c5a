package plugin

import (
	"context"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/protocol"
)

// serveProtocol serves a host that does not speak Tenon's own protocol.
func serveProtocol(ctx context.Context, cfg Config, o offer) error {
	if err := cfg.check(); err != nil {
		return err
	}
	timeout := cfg.StopTimeout
	if timeout <= 0 {
		timeout = stopTimeout
	}
	return cfg.Protocols[0].Serve(ctx, protocol.Serving{
		App:          cfg.app(),
		Name:         cfg.name(),
		Getenv:       o.getenv,
		Services:     func(version int) []tenon.Service { return cfg.offered(version) },
		Init:         cfg.Init,
		Finish:       cfg.OnStop,
		StopTimeout:  timeout,
		Redirect:     cfg.redirect,
		Limits:       cfg.Limits,
		AddSource:    cfg.AddSource,
		CrashOnPanic: cfg.CrashOnPanic,
	})
}

const stopTimeout = 5 * time.Second
