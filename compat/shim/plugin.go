// Package plugin is go-plugin's name for github.com/tenon-go/tenon/compat/goplugin.
// It is what a replace line in a go.mod leads to:
//
//	go mod edit -replace github.com/hashicorp/go-plugin=github.com/tenon-go/tenon/compat/shim@VERSION
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

// The types are those of package goplugin.
type (
	BasicError              = plugin.BasicError
	Client                  = plugin.Client
	ClientConfig            = plugin.ClientConfig
	ClientProtocol          = plugin.ClientProtocol
	GRPCBroker              = plugin.GRPCBroker
	GRPCClient              = plugin.GRPCClient
	GRPCPlugin              = plugin.GRPCPlugin
	GRPCServer              = plugin.GRPCServer
	GRPCServerConfig        = plugin.GRPCServerConfig
	HandshakeConfig         = plugin.HandshakeConfig
	MuxBroker               = plugin.MuxBroker
	NetRPCUnsupportedPlugin = plugin.NetRPCUnsupportedPlugin
	Plugin                  = plugin.Plugin
	PluginSet               = plugin.PluginSet
	Protocol                = plugin.Protocol
	RPCClient               = plugin.RPCClient
	RPCServer               = plugin.RPCServer
	ReattachConfig          = plugin.ReattachConfig
	SecureConfig            = plugin.SecureConfig
	ServeConfig             = plugin.ServeConfig
	ServeMuxMap             = plugin.ServeMuxMap
	ServeTestConfig         = plugin.ServeTestConfig
	ServerProtocol          = plugin.ServerProtocol
	TestOptions             = plugin.TestOptions
	UnixSocketConfig        = plugin.UnixSocketConfig
)

// The constants are those of package goplugin.
const (
	CoreProtocolVersion = plugin.CoreProtocolVersion
	EnvUnixSocketDir    = plugin.EnvUnixSocketDir
	EnvUnixSocketGroup  = plugin.EnvUnixSocketGroup
	GRPCServiceName     = plugin.GRPCServiceName
	ProtocolInvalid     = plugin.ProtocolInvalid
	ProtocolNetRPC      = plugin.ProtocolNetRPC
	ProtocolGRPC        = plugin.ProtocolGRPC
)

// The errors are those of package goplugin.
var (
	ErrProcessNotFound           = plugin.ErrProcessNotFound
	ErrChecksumsDoNotMatch       = plugin.ErrChecksumsDoNotMatch
	ErrSecureConfigNoChecksum    = plugin.ErrSecureConfigNoChecksum
	ErrSecureConfigNoHash        = plugin.ErrSecureConfigNoHash
	ErrSecureConfigAndReattach   = plugin.ErrSecureConfigAndReattach
	ErrGRPCBrokerMuxNotSupported = plugin.ErrGRPCBrokerMuxNotSupported
)

// Killed is set to 1 by CleanupClients. A variable has no alias, so it is one of
// this package's own.
var Killed uint32

// CleanupClients is goplugin.CleanupClients.
func CleanupClients() {
	atomic.StoreUint32(&Killed, 1)
	plugin.CleanupClients()
}

// DefaultGRPCServer is goplugin.DefaultGRPCServer.
func DefaultGRPCServer(opts []grpc.ServerOption) *grpc.Server { return plugin.DefaultGRPCServer(opts) }

// Discover is goplugin.Discover.
func Discover(glob, dir string) ([]string, error) { return plugin.Discover(glob, dir) }

// NewBasicError is goplugin.NewBasicError.
func NewBasicError(err error) *BasicError { return plugin.NewBasicError(err) }

// NewClient is goplugin.NewClient.
func NewClient(config *ClientConfig) (c *Client) { return plugin.NewClient(config) }

// NewRPCClient is goplugin.NewRPCClient.
func NewRPCClient(conn io.ReadWriteCloser, plugins map[string]Plugin) (*RPCClient, error) {
	return plugin.NewRPCClient(conn, plugins)
}

// Serve is goplugin.Serve.
func Serve(opts *ServeConfig) { plugin.Serve(opts) }

// ServeMux is goplugin.ServeMux.
func ServeMux(m ServeMuxMap) { plugin.ServeMux(m) }

// TestConn is goplugin.TestConn.
func TestConn(t testing.TB) (net.Conn, net.Conn) {
	t.Helper()
	return plugin.TestConn(t)
}

// TestGRPCConn is goplugin.TestGRPCConn.
func TestGRPCConn(t testing.TB, register func(*grpc.Server)) (*grpc.ClientConn, *grpc.Server) {
	t.Helper()
	return plugin.TestGRPCConn(t, register)
}

// TestPluginGRPCConn is goplugin.TestPluginGRPCConn.
func TestPluginGRPCConn(t testing.TB, multiplex bool, ps map[string]Plugin) (*GRPCClient, *GRPCServer) {
	t.Helper()
	return plugin.TestPluginGRPCConn(t, multiplex, ps)
}

// TestPluginRPCConn is goplugin.TestPluginRPCConn.
func TestPluginRPCConn(t testing.TB, ps map[string]Plugin, opts *TestOptions) (*RPCClient, *RPCServer) {
	t.Helper()
	return plugin.TestPluginRPCConn(t, ps, opts)
}

// TestRPCConn is goplugin.TestRPCConn.
func TestRPCConn(t testing.TB) (*rpc.Client, *rpc.Server) {
	t.Helper()
	return plugin.TestRPCConn(t)
}
