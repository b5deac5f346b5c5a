package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"

	"google.golang.org/grpc"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/bench/goplugin"
	"github.com/tenon-go/tenon/bench/harness"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
)

// A pair is a host and a plugin. The first of each list is what the others are
// measured against.
var (
	plain = pairs("", goplugin.GRPC, grpcplug.Protocol{})
	mtls  = pairs(", AutoMTLS", goplugin.AutoMTLS, grpcplug.Protocol{AutoMTLS: true})
)

func pairs(suffix string, theirs harness.Target, p grpcplug.Protocol) []harness.Target {
	return []harness.Target{
		{Name: "go-plugin, go-plugin" + suffix, Start: theirs.Start, Serve: theirs.Serve},
		{Name: "Tenon, go-plugin" + suffix, Start: starter(p), Serve: theirs.Serve},
		{Name: "go-plugin, Tenon" + suffix, Start: theirs.Start, Serve: serve},
		{Name: "Tenon, Tenon" + suffix, Start: starter(p), Serve: serve},
	}
}

var app = tenon.App{Name: "bench", Version: 1, Cookie: goplugin.Cookie}

type session struct {
	goplugin.Client
	plugin *host.Plugin
}

func (s session) Stop() error { return s.plugin.Stop(context.Background()) }

func starter(p grpcplug.Protocol) func(context.Context, *exec.Cmd) (harness.Session, error) {
	return func(ctx context.Context, cmd *exec.Cmd) (harness.Session, error) {
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		h, err := host.Start(ctx, host.Config{
			App: app, Cmd: cmd, Logger: slog.New(slog.DiscardHandler), Protocols: []host.Protocol{p},
		})
		if err != nil {
			return nil, err
		}
		raw, ok := grpcplug.Of(h)
		if !ok {
			return nil, fmt.Errorf("host and plugin do not speak gRPC; %w", h.Stop(ctx))
		}
		return session{goplugin.NewClient(raw.ClientConn), h}, nil
	}
}

// serve is the plugin for either host: two Tenon sides would speak Tenon's own
// protocol, which is not what is measured here.
func serve() error {
	os.Unsetenv("TENON_PLUGIN")
	return plugin.Serve(context.Background(), plugin.Config{App: app, Protocols: []plugin.Protocol{
		grpcplug.Protocol{Register: func(r grpc.ServiceRegistrar, _ *grpcplug.Broker, _ int) error {
			goplugin.Register(r)
			return nil
		}},
	}})
}
