package interop

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/interop/scenario"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

var app = tenon.App{Name: "interop", Version: scenario.Newest, Versions: []int{scenario.Oldest}, Cookie: scenario.CookieKey + "=" + scenario.CookieValue}

func TestMain(m *testing.M) {
	all := map[string]func(){
		"tenon":       func() { tenonPlugin("") },
		"tenon tcp":   func() { tenonPlugin("tcp") },
		"native only": func() { plugin.Main(app, kept) },
		"relay":       func() { relay(os.Args[1] == "TLS", os.Args[2], os.Args[3:]...) },
	}
	// Plugins and hosts wait for each other most of the time.
	flag.Set("test.parallel", strconv.Itoa(2+runtime.GOMAXPROCS(0)))
	maps.Copy(all, faultyPlugins())
	tenontest.Main(m, all)
}

// tenonPlugin serves the greeter by grpcplug, to whatever host.
func tenonPlugin(network string) {
	os.Unsetenv("TENON_PLUGIN") // a host of our own has to speak gRPC, too
	p := grpcplug.Protocol{Network: network, Register: func(r grpc.ServiceRegistrar, b *grpcplug.Broker, version int) error {
		(&scenario.Greeter{Broker: broker{b}, Version: version, Log: func(s string) { slog.Info(s, "key", 7) }}).Register(r)
		return nil
	}}
	// It waits for calls under way when it is told to end, and the checks leave one.
	plugin.MainConfig(plugin.Config{App: app, Name: "greeter", StopTimeout: 300 * time.Millisecond, Services: []tenon.Service{kept.In(1, 2)}, Protocols: []plugin.Protocol{p}})
}

// broker is grpcplug's, in the words of the scenario.
type broker struct{ *grpcplug.Broker }

func (b broker) Next() uint32 { return b.NextID() }

func (b broker) Dial(ctx context.Context, id uint32) (grpc.ClientConnInterface, func(), error) {
	cc, err := b.Broker.Dial(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	return cc, func() { cc.Close() }, nil
}

func (b broker) Serve(id uint32, register func(scenario.Registrar)) (func(), error) {
	return b.Broker.Serve(id, func(r grpc.ServiceRegistrar) { register(r) })
}

// relay runs a plugin of go-plugin's, which on this system listens on unix sockets
// only, behind a TCP port. What comes from the host must be TLS or not.
func relay(secure bool, program string, args ...string) {
	runtime.LockOSThread() // which the signal below hangs on
	cmd := exec.Command(program, args...)
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
			go join(c, path, secure)
		}
	}()
	fields[2], fields[3] = "tcp", l.Addr().String()
	fmt.Print(strings.Join(fields, "|"))
	go io.Copy(os.Stdout, r)
	cmd.Wait()
	os.Exit(cmd.ProcessState.ExitCode())
}

func join(c net.Conn, path string, secure bool) {
	defer c.Close()
	first := make([]byte, 1)
	if _, err := c.Read(first); err != nil {
		return // who only looks whether somebody listens
	}
	const record = 0x16 // a TLS handshake begins so, HTTP/2 and yamux do not
	if (first[0] == record) != secure {
		fmt.Fprintln(os.Stderr, "relay: the connection is encrypted, or is not, against what was agreed on")
		return
	}
	to, err := net.Dial("unix", path)
	if err != nil {
		return
	}
	defer to.Close()
	to.Write(first)
	go func() { io.Copy(to, c); to.Close(); c.Close() }()
	io.Copy(c, to)
}
