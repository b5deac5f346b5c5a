// Package plugin is go-plugin's name for github.com/tenon-go/tenon/compat/goplugin.
// It is what a replace line in a go.mod leads to:
//
//	go mod edit -replace github.com/hashicorp/go-plugin=github.com/tenon-go/tenon/compat/shim@VERSION
//	go mod tidy
//
// It consists of aliases. What they stand for is documented there:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin
//	go doc github.com/tenon-go/tenon/compat/goplugin.ClientConfig
//	go doc github.com/tenon-go/tenon/compat/goplugin.Client.Kill
package plugin

import (
	"io"
	"net"
	"net/rpc"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"

	plugin "github.com/tenon-go/tenon/compat/goplugin"
)

// The types are those of package goplugin. Where each says go doc, its fields and
// methods are documented.
type (
	// BasicError is an error as its text:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.BasicError
	BasicError = plugin.BasicError

	// Client starts one plugin, connects to it, and kills it:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.Client
	Client = plugin.Client

	// ClientConfig says which plugin is started, and how:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.ClientConfig
	ClientConfig = plugin.ClientConfig

	// ClientProtocol is a host's connection to a plugin:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.ClientProtocol
	ClientProtocol = plugin.ClientProtocol

	// GRPCBroker makes further connections between host and plugin, over gRPC:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.GRPCBroker
	GRPCBroker = plugin.GRPCBroker

	// GRPCClient is a host's connection to a plugin that speaks gRPC:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.GRPCClient
	GRPCClient = plugin.GRPCClient

	// GRPCPlugin is one kind of plugin, for gRPC:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.GRPCPlugin
	GRPCPlugin = plugin.GRPCPlugin

	// GRPCServer serves plugins over gRPC:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.GRPCServer
	GRPCServer = plugin.GRPCServer

	// GRPCServerConfig is of no use any more:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.GRPCServerConfig
	GRPCServerConfig = plugin.GRPCServerConfig

	// HandshakeConfig is what a host and its plugins agree on before they speak:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.HandshakeConfig
	HandshakeConfig = plugin.HandshakeConfig

	// MuxBroker makes further connections between host and plugin, over net/rpc:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.MuxBroker
	MuxBroker = plugin.MuxBroker

	// NetRPCUnsupportedPlugin is embedded in plugins that are for gRPC alone:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.NetRPCUnsupportedPlugin
	NetRPCUnsupportedPlugin = plugin.NetRPCUnsupportedPlugin

	// Plugin is one kind of plugin, for net/rpc:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.Plugin
	Plugin = plugin.Plugin

	// PluginSet is the plugins that a program has, by name:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.PluginSet
	PluginSet = plugin.PluginSet

	// Protocol is what host and plugin speak: net/rpc or gRPC:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.Protocol
	Protocol = plugin.Protocol

	// RPCClient is a host's connection to a plugin that speaks net/rpc:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.RPCClient
	RPCClient = plugin.RPCClient

	// RPCServer serves plugins over net/rpc:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.RPCServer
	RPCServer = plugin.RPCServer

	// ReattachConfig says where a plugin is that runs already:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.ReattachConfig
	ReattachConfig = plugin.ReattachConfig

	// SecureConfig is the checksum that a program must have to be run:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.SecureConfig
	SecureConfig = plugin.SecureConfig

	// ServeConfig says what a plugin serves, and how:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.ServeConfig
	ServeConfig = plugin.ServeConfig

	// ServeMuxMap is what one program can serve, by its argument:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.ServeMuxMap
	ServeMuxMap = plugin.ServeMuxMap

	// ServeTestConfig is how a plugin is served in the process of a test:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.ServeTestConfig
	ServeTestConfig = plugin.ServeTestConfig

	// ServerProtocol is a server of either protocol:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.ServerProtocol
	ServerProtocol = plugin.ServerProtocol

	// TestOptions are for TestPluginRPCConn:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.TestOptions
	TestOptions = plugin.TestOptions

	// UnixSocketConfig says where sockets are, and who may use them:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin.UnixSocketConfig
	UnixSocketConfig = plugin.UnixSocketConfig
)

// The constants are those of package goplugin:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.CoreProtocolVersion
const (
	CoreProtocolVersion = plugin.CoreProtocolVersion
	EnvUnixSocketDir    = plugin.EnvUnixSocketDir
	EnvUnixSocketGroup  = plugin.EnvUnixSocketGroup
	GRPCServiceName     = plugin.GRPCServiceName
	ProtocolInvalid     = plugin.ProtocolInvalid
	ProtocolNetRPC      = plugin.ProtocolNetRPC
	ProtocolGRPC        = plugin.ProtocolGRPC
)

// The errors are those of package goplugin, so that errors.Is finds them by either name:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.ErrProcessNotFound
var (
	ErrProcessNotFound           = plugin.ErrProcessNotFound
	ErrChecksumsDoNotMatch       = plugin.ErrChecksumsDoNotMatch
	ErrSecureConfigNoChecksum    = plugin.ErrSecureConfigNoChecksum
	ErrSecureConfigNoHash        = plugin.ErrSecureConfigNoHash
	ErrSecureConfigAndReattach   = plugin.ErrSecureConfigAndReattach
	ErrGRPCBrokerMuxNotSupported = plugin.ErrGRPCBrokerMuxNotSupported
)

// Killed is set to 1, atomically, by CleanupClients: connections that end from then
// on were meant to. A variable has no alias, so it is one of this package's own.
var Killed uint32

// CleanupClients kills the plugins of all clients that are Managed, and waits for their end:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.CleanupClients
func CleanupClients() {
	atomic.StoreUint32(&Killed, 1)
	plugin.CleanupClients()
}

// DefaultGRPCServer makes a gRPC server with nothing but the options:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.DefaultGRPCServer
func DefaultGRPCServer(opts []grpc.ServerOption) *grpc.Server { return plugin.DefaultGRPCServer(opts) }

// Discover returns the paths in a directory that match a pattern:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.Discover
func Discover(glob, dir string) ([]string, error) { return plugin.Discover(glob, dir) }

// NewBasicError returns the text of an error:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.NewBasicError
func NewBasicError(err error) *BasicError { return plugin.NewBasicError(err) }

// NewClient returns a client of a plugin that is not started yet. Somebody has to Kill it:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.NewClient
func NewClient(config *ClientConfig) (c *Client) { return plugin.NewClient(config) }

// NewRPCClient makes a net/rpc client of a connection:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.NewRPCClient
func NewRPCClient(conn io.ReadWriteCloser, plugins map[string]Plugin) (*RPCClient, error) {
	return plugin.NewRPCClient(conn, plugins)
}

// Serve serves plugins to the host that started the process. A plugin calls it in main:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.Serve
func Serve(opts *ServeConfig) { plugin.Serve(opts) }

// ServeMux is Serve for the configuration that the program's only argument names:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.ServeMux
func ServeMux(m ServeMuxMap) { plugin.ServeMux(m) }

// TestConn returns the two ends of a TCP connection:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.TestConn
func TestConn(t testing.TB) (net.Conn, net.Conn) {
	t.Helper()
	return plugin.TestConn(t)
}

// TestGRPCConn returns a client and a server of gRPC that are connected:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.TestGRPCConn
func TestGRPCConn(t testing.TB, register func(*grpc.Server)) (*grpc.ClientConn, *grpc.Server) {
	t.Helper()
	return plugin.TestGRPCConn(t, register)
}

// TestPluginGRPCConn returns a client and a server of gRPC plugins that are connected:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.TestPluginGRPCConn
func TestPluginGRPCConn(t testing.TB, multiplex bool, ps map[string]Plugin) (*GRPCClient, *GRPCServer) {
	t.Helper()
	return plugin.TestPluginGRPCConn(t, multiplex, ps)
}

// TestPluginRPCConn returns a client and a server of net/rpc plugins that are connected:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.TestPluginRPCConn
func TestPluginRPCConn(t testing.TB, ps map[string]Plugin, opts *TestOptions) (*RPCClient, *RPCServer) {
	t.Helper()
	return plugin.TestPluginRPCConn(t, ps, opts)
}

// TestRPCConn returns a client and a server of net/rpc that are connected:
//
//	go doc github.com/tenon-go/tenon/compat/goplugin.TestRPCConn
func TestRPCConn(t testing.TB) (*rpc.Client, *rpc.Server) {
	t.Helper()
	return plugin.TestRPCConn(t)
}
