package interop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

var (
	app       = tenon.App{Name: "interop", Version: 2, Versions: []int{1}, Cookie: "INTEROP_COOKIE=yes"}
	handshake = goplugin.HandshakeConfig{ProtocolVersion: 2, MagicCookieKey: "INTEROP_COOKIE", MagicCookieValue: "yes"}
)

func TestMain(m *testing.M) {
	tenontest.Main(m, map[string]func(){
		"tenon":        func() { tenonPlugin("") },
		"tenon tcp":    func() { tenonPlugin("tcp") },
		"native only":  func() { plugin.Main(app, kept) },
		"goplugin":     goPlugin,
		"goplugin tcp": func() { relay("goplugin") },
	})
}

// tenonPlugin serves the greeter by grpcplug, to whatever host.
func tenonPlugin(network string) {
	os.Unsetenv("TENON_PLUGIN") // a host of our own has to speak gRPC, too
	p := grpcplug.Protocol{Network: network, Register: func(r grpc.ServiceRegistrar, b *grpcplug.Broker, version int) error {
		(&greeter{broker: ours{b}, version: version, log: slogInfo}).register(r)
		return nil
	}}
	plugin.MainConfig(plugin.Config{App: app, Name: "greeter", Services: []tenon.Service{kept.In(1, 2)}, Protocols: []plugin.Protocol{p}})
}

// goPlugin serves the greeter by go-plugin.
func goPlugin() {
	log := hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: os.Stderr, JSONFormat: true})
	set := func(version int) goplugin.PluginSet {
		return goplugin.PluginSet{"greeter": &greeterPlugin{version: version, log: func(s string) { log.Info(s, "key", 7) }}}
	}
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: map[int]goplugin.PluginSet{1: set(1), 2: set(2)},
		GRPCServer:       goplugin.DefaultGRPCServer,
		Logger:           log,
	})
}

// greeterPlugin is the greeter as go-plugin has it, on both sides.
type greeterPlugin struct {
	goplugin.NetRPCUnsupportedPlugin
	version int
	log     func(string)
}

func (p *greeterPlugin) GRPCServer(b *goplugin.GRPCBroker, s *grpc.Server) error {
	(&greeter{broker: theirs{b}, version: p.version, log: p.log}).register(s)
	return nil
}

// connected is what the host's side dispenses.
type connected struct {
	cc     *grpc.ClientConn
	broker *goplugin.GRPCBroker
}

func (p *greeterPlugin) GRPCClient(_ context.Context, b *goplugin.GRPCBroker, cc *grpc.ClientConn) (any, error) {
	return connected{cc, b}, nil
}

// ours and theirs are the two brokers.
type ours struct{ *grpcplug.Broker }

func (b ours) next() uint32 { return b.NextID() }

func (b ours) dial(ctx context.Context, id uint32) (grpc.ClientConnInterface, func(), error) {
	cc, err := b.Dial(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	return cc, func() { cc.Close() }, nil
}

func (b ours) serve(id uint32, register func(grpc.ServiceRegistrar)) (func(), error) {
	return b.Serve(id, register)
}

type theirs struct{ *goplugin.GRPCBroker }

func (b theirs) next() uint32 { return b.NextId() }

func (b theirs) dial(_ context.Context, id uint32) (grpc.ClientConnInterface, func(), error) {
	cc, err := b.Dial(id)
	if err != nil {
		return nil, nil, err
	}
	return cc, func() { cc.Close() }, nil
}

func (b theirs) serve(id uint32, register func(grpc.ServiceRegistrar)) (func(), error) {
	servers := make(chan *grpc.Server, 1)
	go b.AcceptAndServe(id, func(opts []grpc.ServerOption) *grpc.Server {
		s := grpc.NewServer(opts...)
		register(s)
		servers <- s
		return s
	})
	s, ok := <-servers
	if !ok {
		return nil, errors.New("not served")
	}
	return s.Stop, nil
}

// relay runs a plugin of go-plugin's, which on this system listens on unix sockets
// only, behind a TCP port.
func relay(name string) {
	runtime.LockOSThread() // which the signal below hangs on
	self, _ := os.Executable()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), tenontest.PluginVar+"="+name)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	r := bufio.NewReader(out)
	line, err := r.ReadString('\n')
	if err != nil {
		panic(err)
	}
	fields := strings.Split(line, "|")
	path := fields[3]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go join(c, path)
		}
	}()
	fields[2], fields[3] = "tcp", l.Addr().String()
	fmt.Print(strings.Join(fields, "|"))
	go io.Copy(os.Stdout, r)
	cmd.Wait()
	os.Exit(cmd.ProcessState.ExitCode())
}

func join(c net.Conn, path string) {
	defer c.Close()
	to, err := net.Dial("unix", path)
	if err != nil {
		return
	}
	defer to.Close()
	go func() { io.Copy(to, c); to.Close(); c.Close() }()
	io.Copy(c, to)
}
