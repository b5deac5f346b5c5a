package plugin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/rpc"

	"google.golang.org/grpc"
)

// Plugin is one kind of plugin, for net/rpc.
type Plugin interface {
	// Server returns what is to be served: a value with methods of the form that
	// package net/rpc asks for.
	Server(*MuxBroker) (interface{}, error)

	// Client returns the host's view of what the other side serves.
	Client(*MuxBroker, *rpc.Client) (interface{}, error)
}

// GRPCPlugin is one kind of plugin, for gRPC. It has to be a Plugin as well, for
// which there is [NetRPCUnsupportedPlugin].
type GRPCPlugin interface {
	// GRPCServer registers the plugin's services. It is called once, so all who
	// Dispense the plugin use the same implementation, unlike with net/rpc.
	GRPCServer(*GRPCBroker, *grpc.Server) error

	// GRPCClient returns the host's view of them. The context ends when the
	// plugin does.
	GRPCClient(context.Context, *GRPCBroker, *grpc.ClientConn) (interface{}, error)
}

// NetRPCUnsupportedPlugin is embedded in plugins that are for gRPC alone.
type NetRPCUnsupportedPlugin struct{}

var errNoNetRPC = errors.New("net/rpc plugin protocol not supported")

// Server returns an error.
func (p NetRPCUnsupportedPlugin) Server(*MuxBroker) (interface{}, error) {
	return nil, errNoNetRPC
}

// Client returns an error.
func (p NetRPCUnsupportedPlugin) Client(*MuxBroker, *rpc.Client) (interface{}, error) {
	return nil, errNoNetRPC
}

// PluginSet is the plugins that a program has, by name.
type PluginSet map[string]Plugin

// Protocol is what host and plugin speak.
type Protocol string

// The protocols.
const (
	ProtocolInvalid Protocol = ""
	ProtocolNetRPC  Protocol = "netrpc"
	ProtocolGRPC    Protocol = "grpc"
)

// CoreProtocolVersion is the version of the line by which plugins announce
// themselves.
const CoreProtocolVersion = 1

// The variables by which a host says where its plugins make their sockets, and
// which group may use them.
const (
	EnvUnixSocketDir   = "PLUGIN_UNIX_SOCKET_DIR"
	EnvUnixSocketGroup = "PLUGIN_UNIX_SOCKET_GROUP"
)

// GRPCServiceName is the name under which the health service knows the plugin.
const GRPCServiceName = "plugin"

// HandshakeConfig is what a host and its plugins agree on before they speak. It is
// usually a variable in a package that both import.
type HandshakeConfig struct {
	// ProtocolVersion is the version of Plugins, on both sides: a plugin of
	// another is an error of Start. Where there are VersionedPlugins it is not
	// needed.
	ProtocolVersion uint

	// MagicCookieKey and MagicCookieValue are a variable of the environment, by
	// which a plugin knows that it was not started by hand. They are no secret, and
	// protect nothing. A plugin needs both.
	MagicCookieKey   string
	MagicCookieValue string
}

// ServerProtocol is a server of either protocol.
type ServerProtocol interface {
	// Init makes the server ready, and says what is wrong with it.
	Init() error

	// Config is of no use any more.
	Config() string

	// Serve serves until the listener is closed.
	Serve(net.Listener)
}

// ClientProtocol is a host's connection to a plugin, of either protocol.
type ClientProtocol interface {
	// Close asks the plugin to leave, and closes the connection.
	io.Closer

	// Dispense returns what the GRPCClient or Client method of the named plugin
	// makes of the connection.
	Dispense(string) (interface{}, error)

	// Ping reports whether the plugin answers, and says that it serves.
	Ping() error
}

var (
	_ ServerProtocol = (*GRPCServer)(nil)
	_ ServerProtocol = (*RPCServer)(nil)
	_ ClientProtocol = (*GRPCClient)(nil)
	_ ClientProtocol = (*RPCClient)(nil)
)
