// Package goplugin is HashiCorp's go-plugin with its default settings, as its
// users have it: a unix socket, no TLS. Logging is off on both sides, so that it
// costs nothing.
package goplugin

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/tenon-go/tenon/bench/harness"
)

// GRPC and NetRPC are go-plugin's protocols. AutoMTLS is GRPC with certificates.
var (
	GRPC = harness.Target{
		Name:  "go-plugin gRPC",
		Start: starter(plugin.ProtocolGRPC, &grpcPlugin{}, false),
		Serve: server(&grpcPlugin{}, plugin.DefaultGRPCServer),
	}
	AutoMTLS = harness.Target{
		Name:  "go-plugin gRPC, AutoMTLS",
		Start: starter(plugin.ProtocolGRPC, &grpcPlugin{}, true),
		Serve: GRPC.Serve,
	}
	NetRPC = harness.Target{
		Name:      "go-plugin net/rpc",
		Start:     starter(plugin.ProtocolNetRPC, &rpcPlugin{}, false),
		Serve:     server(&rpcPlugin{}, nil),
		NoStreams: true,
	}
)

const name = "echo"

// Cookie is what a host of another library puts into the plugin's environment.
const Cookie = cookieKey + "=" + cookieValue

const cookieKey, cookieValue = "BENCH_PLUGIN", "echo"

var handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   cookieKey,
	MagicCookieValue: cookieValue,
}

// A caller is what either protocol's client has.
type caller interface {
	Echo(ctx context.Context, request []byte) ([]byte, error)
	Stream(ctx context.Context, count, size int, visit func([]byte) error) error
}

type session struct {
	caller
	client *plugin.Client
}

// Stop is quick only as long as the plugin ends by itself within the time that
// go-plugin gives it. That it does is checked.
func (s *session) Stop() error {
	s.client.Kill()
	if !s.client.Exited() {
		return errors.New("the plugin is still running")
	}
	return nil
}

func starter(protocol plugin.Protocol, p plugin.Plugin, autoMTLS bool) func(context.Context, *exec.Cmd) (harness.Session, error) {
	return func(_ context.Context, cmd *exec.Cmd) (harness.Session, error) {
		client := plugin.NewClient(&plugin.ClientConfig{
			HandshakeConfig:  handshake,
			Plugins:          plugin.PluginSet{name: p},
			Cmd:              cmd,
			AllowedProtocols: []plugin.Protocol{protocol},
			AutoMTLS:         autoMTLS,
			Logger:           hclog.NewNullLogger(),
		})
		c, err := dispense(client)
		if err != nil {
			client.Kill()
			return nil, err
		}
		return &session{caller: c, client: client}, nil
	}
}

func dispense(client *plugin.Client) (caller, error) {
	protocol, err := client.Client()
	if err != nil {
		return nil, err
	}
	raw, err := protocol.Dispense(name)
	if err != nil {
		return nil, err
	}
	c, ok := raw.(caller)
	if !ok {
		return nil, fmt.Errorf("the plugin dispensed a %T", raw)
	}
	return c, nil
}

func server(p plugin.Plugin, newGRPC func([]grpc.ServerOption) *grpc.Server) func() error {
	return func() error {
		plugin.Serve(&plugin.ServeConfig{
			HandshakeConfig: handshake,
			Plugins:         plugin.PluginSet{name: p},
			GRPCServer:      newGRPC,
			Logger:          hclog.NewNullLogger(),
		})
		return nil
	}
}
