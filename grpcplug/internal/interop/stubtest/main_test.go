// Package stubtest holds gRPC's stubs on the native protocol to what they do on
// gRPC: the same table, on both.
package stubtest

import (
	"context"
	"net"
	"os"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/test/bufconn"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

var app = tenon.App{Name: "stubs"}

// Tester is the contract under test: gRPC's own test service, which has methods
// of all four kinds.
var Tester = grpcplug.Service(pb.NewTestServiceClient, pb.RegisterTestServiceServer).
	WithErrors(tenon.ErrorDef{Name: "stubs.ErrOdd", Value: errOdd}, countDef)

func TestMain(m *testing.M) {
	tenontest.Main(m, programs)
}

// programs are the plugins that the test binary can be.
var programs = map[string]func(){
	"tester": func() { plugin.Main(app, Tester.Serve(impl{})) },
	"grpc tester": func() {
		os.Unsetenv(handshake.EnvPlugin) // as if the host spoke nothing else
		grpcplug.Main(app, Tester.Serve(impl{}))
	},
}

// A way is one of those in which stubs can be connected with an implementation.
type way struct {
	name   string
	native bool
	dial   func(testing.TB) grpc.ClientConnInterface
	open   func(testing.TB) pb.TestServiceClient
}

var ways = []way{
	{"grpc", false, overGRPC, func(t testing.TB) pb.TestServiceClient { return pb.NewTestServiceClient(overGRPC(t)) }},
	{"grpc plugin", false, through(overPlugin), opened(overPlugin)},
	{"memory", true, through(inMemory), opened(inMemory)},
	{"process", true, through(inProcess), opened(inProcess)},
}

// onEach runs a test on all ways.
func onEach(t *testing.T, test func(*testing.T, way, pb.TestServiceClient)) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) { test(t, w, w.open(t)) })
	}
}

func inMemory(t testing.TB) tenon.Conn { return tenontest.Serve(t, app, Tester.Serve(impl{})) }

func inProcess(t testing.TB) tenon.Conn {
	return tenontest.Start(t, host.Config{App: app, Cmd: tenontest.Command(t, "tester")})
}

// overPlugin is a plugin on go-plugin's protocol: gRPC calls it by the same stubs.
func overPlugin(t testing.TB) tenon.Conn {
	p := tenontest.Start(t, host.Config{App: app, Cmd: tenontest.Command(t, "grpc tester"), Protocols: []host.Protocol{grpcplug.Protocol{}}})
	if got := p.Info().Protocol; got != "grpc" {
		t.Fatalf("the plugin speaks %s", got)
	}
	return p
}

func through(connect func(testing.TB) tenon.Conn) func(testing.TB) grpc.ClientConnInterface {
	return func(t testing.TB) grpc.ClientConnInterface { return grpcplug.ClientConn(connect(t)) }
}

func opened(connect func(testing.TB) tenon.Conn) func(testing.TB) pb.TestServiceClient {
	return func(t testing.TB) pb.TestServiceClient {
		c, err := Tester.Open(t.Context(), connect(t))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func overGRPC(t testing.TB) grpc.ClientConnInterface {
	return serveGRPC(t, Tester.Serve(impl{}))
}

// asGRPC has the registrar register the services as gRPC's own.
func asGRPC(r grpc.ServiceRegistrar, services ...tenon.Service) {
	for _, s := range services {
		s.Server.(interface{ RegisterGRPC(grpc.ServiceRegistrar) }).RegisterGRPC(r)
	}
}

// serveGRPC serves what a contract made on a gRPC server.
func serveGRPC(t testing.TB, service tenon.Service) *grpc.ClientConn {
	listener := bufconn.Listen(1 << 20)
	s := grpc.NewServer()
	asGRPC(s, service)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	cc, err := grpc.NewClient("passthrough:///test",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cc.Close()
		s.Stop()
		<-served
	})
	return cc
}
