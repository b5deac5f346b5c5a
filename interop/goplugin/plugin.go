package main

import (
	"context"
	"net/rpc"
	"os"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/tenon-go/tenon/interop/scenario"
)

// serve serves over gRPC, over net/rpc, or, as "both", over net/rpc in the oldest
// version and over gRPC in the newest.
func serve(protocol string) error {
	log := hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: os.Stderr, JSONFormat: true})
	cfg := &goplugin.ServeConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: plugins(protocol, func(s string) { log.Info(s, "key", 7) }),
		GRPCServer:       goplugin.DefaultGRPCServer,
		Logger:           log,
	}
	if protocol == "netrpc" {
		cfg.GRPCServer = nil
	}
	if os.Getenv(scenario.CertEnv) != "" {
		cfg.TLSProvider = scenario.OwnTLS
	}
	goplugin.Serve(cfg)
	scenario.Orderly()
	return nil
}

const pluginName = "greeter"

func plugins(protocol string, log func(string)) map[int]goplugin.PluginSet {
	all := map[int]goplugin.PluginSet{}
	for v := scenario.Oldest; v <= scenario.Newest; v++ {
		all[v] = goplugin.PluginSet{pluginName: &greeter{version: v, log: log}}
		if protocol == "netrpc" || protocol == "both" && v == scenario.Oldest {
			all[v] = goplugin.PluginSet{pluginName: &rpcGreeter{version: v, log: log}}
		}
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

// overGRPC is what the host's side dispenses.
type overGRPC struct {
	cc     *grpc.ClientConn
	broker *goplugin.GRPCBroker
}

func (p *greeter) GRPCClient(_ context.Context, b *goplugin.GRPCBroker, cc *grpc.ClientConn) (any, error) {
	return overGRPC{cc, b}, nil
}

// rpcGreeter is the one for net/rpc.
type rpcGreeter struct {
	version int
	log     func(string)
}

func (p *rpcGreeter) Server(b *goplugin.MuxBroker) (any, error) {
	return scenario.NewRPCGreeter(scenario.RPCWith{Broker: b, Version: p.version, Log: p.log, Secured: scenario.Secured}), nil
}

// overRPC is what the host's side dispenses.
type overRPC struct {
	client *rpc.Client
	broker *goplugin.MuxBroker
}

func (p *rpcGreeter) Client(b *goplugin.MuxBroker, c *rpc.Client) (any, error) {
	return overRPC{c, b}, nil
}
