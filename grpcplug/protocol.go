// Package grpcplug lets Tenon's hosts run the gRPC plugins of HashiCorp's
// go-plugin, and lets its hosts run Tenon's plugins.
//
// A host that is to run plugins of either kind:
//
//	host.Config{App: app, Cmd: cmd, Protocols: []host.Protocol{grpcplug.Protocol{}}}
//
// A plugin that is to be run by hosts of either kind:
//
//	func main() { grpcplug.Main(kv.App, kv.ServeStore(&memory{})) }
//
// A Tenon host and a Tenon plugin still speak Tenon's own protocol.
//
// Plugins of go-plugin get its hosts' whole environment, if that does not say
// otherwise; those of Tenon's get what host.EnvAllowed lists. A host whose plugins
// rely on more sets host.Config.InheritEnv.
package grpcplug

import (
	"context"
	"crypto/tls"
	"fmt"

	"google.golang.org/grpc"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/protocol"
	"github.com/tenon-go/tenon/plugin"
)

// Protocol is the protocol of go-plugin's gRPC plugins, for hosts and for
// plugins. The zero value does what go-plugin does without configuration. It is
// copied.
//
// The app's cookie, [tenon.App.Cookie], is go-plugin's magic cookie, and the app's
// versions are its protocol versions.
type Protocol struct {
	// AutoMTLS has host and plugin prove to each other, with certificates that
	// are made for this one start, that they are who the handshake says. For
	// hosts; a plugin does what its host asks for. A plugin that cannot do it does
	// not start.
	AutoMTLS bool

	// TLS, if not nil, is used in place of such certificates: the plugin is its
	// server, the host its client, and with the broker the other way round too.
	// Without a ServerName it is "localhost" that is verified.
	TLS *tls.Config

	// Multiplex has all connections of the broker share one. For hosts; a plugin
	// that cannot do it, as those before v1.6.0 of go-plugin, does not start. The
	// session is that of the first who connects: on TCP another user of the machine
	// can be that.
	Multiplex bool

	// MinPort and MaxPort are the range of the TCP ports that plugins may listen
	// on. Zero means 10000 and 25000. For hosts.
	MinPort, MaxPort int

	// SocketDir is where a private directory is made for the sockets of each
	// plugin, which is removed when the plugin has ended. Empty means the
	// directory for temporary files.
	SocketDir string

	// SocketGroup, the name or the number of a group, lets its members connect to
	// the sockets too. For hosts.
	SocketGroup string

	// Addresses, if not nil, translates the addresses of a plugin that sees other
	// files or another network than its host, as in a container. For hosts.
	Addresses Addresses

	// Network is what a plugin listens on: "unix" or "tcp", the latter on this
	// machine's loopback. Empty means unix, but tcp on Windows.
	Network string

	// Register, if not nil, registers further gRPC services of a plugin, in the
	// version of the app that was agreed on. It is called once, before the host
	// gets to know the address. Such services, and the broker, are there over gRPC
	// only, so a plugin that has them speaks it with each host that does; a host
	// without this package finds the plugin's contracts, and none of them.
	Register func(r grpc.ServiceRegistrar, b *Broker, version int) error

	// DialOptions and ServerOptions are added to this package's own, for each
	// connection and each server, those of the broker included.
	DialOptions   []grpc.DialOption
	ServerOptions []grpc.ServerOption
}

// Addresses translates between what a plugin and its host call the same socket.
// The network is "unix" or "tcp". It is used by several goroutines.
type Addresses interface {
	PluginToHost(network, address string) (hostNetwork, hostAddress string, err error)
	HostToPlugin(network, address string) (pluginNetwork, pluginAddress string, err error)
}

var (
	_ host.Protocol   = Protocol{}
	_ plugin.Protocol = Protocol{}
)

// MaxMessage is the size in bytes of the largest message, either way, if
// host.Config.Limits or plugin.Config.Limits names none; but for what a plugin sends
// to services and refs of its host, where it is Tenon's own. It is larger than
// Tenon's own: go-plugin's hosts have no limit that matters, and its plugins rely
// on that.
const MaxMessage = 256 << 20

// Main is plugin.Main for hosts of either kind.
func Main(app tenon.App, services ...tenon.Service) {
	plugin.MainConfig(plugin.Config{App: app, Services: services, Protocols: []plugin.Protocol{Protocol{}}})
}

// Prepare implements host.Protocol.
func (p Protocol) Prepare(l protocol.Launch) (protocol.Attempt, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return p.prepare(l)
}

// Insists implements protocol.Insistent.
func (p Protocol) Insists(getenv func(string) string) bool {
	return p.Register != nil && getenv(envVersions) != ""
}

// Serve implements plugin.Protocol.
func (p Protocol) Serve(ctx context.Context, s protocol.Serving) error {
	if err := p.check(); err != nil {
		return err
	}
	return p.serve(ctx, s)
}

// check reports what is wrong with p in the words of its fields.
func (p Protocol) check() error {
	switch {
	case p.Network != "" && p.Network != unixNetwork && p.Network != tcpNetwork:
		return fmt.Errorf("grpcplug.Protocol.Network is %q: it is unix or tcp", p.Network)
	case p.AutoMTLS && p.TLS != nil:
		return fmt.Errorf("grpcplug.Protocol has both AutoMTLS and TLS: give one of them")
	case p.MinPort < 0 || p.MaxPort > 65535 || p.MinPort > p.MaxPort && p.MaxPort != 0:
		return fmt.Errorf("grpcplug.Protocol has ports from %d to %d: they are a range within 0 to 65535", p.MinPort, p.MaxPort)
	}
	return nil
}

// limit returns the size of the largest message.
func limit(l tenon.Limits) int {
	const most = 1<<31 - 1 // of gRPC
	if l.Message <= 0 {
		return MaxMessage
	}
	return int(min(l.Message, most))
}

// Raw is what of a connection gRPC's own packages can use.
type Raw struct {
	// ClientConn calls the services of the plugin. It is nil in a plugin: there
	// is no connection to the host but by the broker.
	ClientConn *grpc.ClientConn

	Broker *Broker
}

// Of returns what is behind a connection: a *host.Plugin, or what tenon.Caller
// returns in a plugin. It is false for a connection that is not gRPC.
func Of(conn tenon.Conn) (Raw, bool) {
	c, ok := behind(conn).(caller)
	if !ok {
		return Raw{}, false
	}
	return c.raw(), true
}

// behind returns the connection of a protocol that is behind a host's handle.
func behind(conn tenon.Conn) tenon.Conn {
	if p, ok := conn.(interface{ Unwrap() tenon.Conn }); ok {
		return p.Unwrap()
	}
	return conn
}
