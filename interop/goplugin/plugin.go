package main

import (
	"context"
	"os"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/tenon-go/tenon/interop/scenario"
)

func serve() {
	log := hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: os.Stderr, JSONFormat: true})
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: handshake,
		VersionedPlugins: plugins(func(s string) {
			log.Info(s, "key", 7)
		}),
		GRPCServer: goplugin.DefaultGRPCServer,
		Logger:     log,
	})
}

const pluginName = "greeter"

func plugins(log func(string)) map[int]goplugin.PluginSet {
	all := map[int]goplugin.PluginSet{}
	for v := scenario.Oldest; v <= scenario.Newest; v++ {
		all[v] = goplugin.PluginSet{pluginName: &greeter{version: v, log: log}}
	}
	return all
}

// greeter is the greeter as go-plugin has it, on both sides.
type greeter struct {
	goplugin.NetRPCUnsupportedPlugin
	version int
	log     func(string)
}

func (p *greeter) GRPCServer(b *goplugin.GRPCBroker, s *grpc.Server) error {
	(&scenario.Greeter{Broker: broker{b}, Version: p.version, Log: p.log}).Register(s)
	return nil
}

// connected is what the host's side dispenses.
type connected struct {
	cc     *grpc.ClientConn
	broker *goplugin.GRPCBroker
}

func (p *greeter) GRPCClient(_ context.Context, b *goplugin.GRPCBroker, cc *grpc.ClientConn) (any, error) {
	return connected{cc, b}, nil
}
