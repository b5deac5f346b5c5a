// Package interop runs gRPC's own interoperability tests, client and server, over
// gRPC and over the native protocol.
//
// It is a module of its own because those tests need modules that no user of
// grpcplug should inherit.
package interop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

var (
	app     = tenon.App{Name: "interop"}
	service = grpcplug.Service(pb.NewTestServiceClient, pb.RegisterTestServiceServer)
)

func TestMain(m *testing.M) {
	tenontest.Main(m, map[string]func(){
		"plugin": func() { plugin.Main(app, service.Serve(interop.NewTestServer())) },
		"client": client,
	})
}

// cases are gRPC's own, by the names that its documentation has for them.
var cases = []struct {
	name string
	run  func(context.Context, grpc.ClientConnInterface, pb.TestServiceClient)
}{
	{"empty_unary", with(interop.DoEmptyUnaryCall)},
	{"large_unary", with(interop.DoLargeUnaryCall)},
	{"client_streaming", with(interop.DoClientStreaming)},
	{"server_streaming", with(interop.DoServerStreaming)},
	{"ping_pong", with(interop.DoPingPong)},
	{"empty_stream", with(interop.DoEmptyStream)},
	{"timeout_on_sleeping_server", with(interop.DoTimeoutOnSleepingServer)},
	{"cancel_after_begin", with(interop.DoCancelAfterBegin)},
	{"cancel_after_first_response", with(interop.DoCancelAfterFirstResponse)},
	{"custom_metadata", with(interop.DoCustomMetadata)},
	{"status_code_and_message", with(interop.DoStatusCodeAndMessage)},
	{"special_status_message", with(interop.DoSpecialStatusMessage)},
	{"unimplemented_service", func(ctx context.Context, cc grpc.ClientConnInterface, _ pb.TestServiceClient) {
		interop.DoUnimplementedService(ctx, pb.NewUnimplementedServiceClient(cc))
	}},
	{"unimplemented_method", unimplementedMethod},
}

// with makes a case of one of gRPC's functions that need no more than a client.
func with(do func(context.Context, pb.TestServiceClient, ...grpc.CallOption)) func(context.Context, grpc.ClientConnInterface, pb.TestServiceClient) {
	return func(ctx context.Context, _ grpc.ClientConnInterface, c pb.TestServiceClient) { do(ctx, c) }
}

// unimplementedMethod is gRPC's function where there is a *grpc.ClientConn, which
// it wants, and what it does where there is none.
func unimplementedMethod(ctx context.Context, cc grpc.ClientConnInterface, _ pb.TestServiceClient) {
	if real, ok := cc.(*grpc.ClientConn); ok {
		interop.DoUnimplementedMethod(ctx, real)
		return
	}
	var in, out pb.Empty
	if err := cc.Invoke(ctx, "/grpc.testing.TestService/UnimplementedCall", &in, &out); status.Code(err) != codes.Unimplemented {
		fatal(fmt.Errorf("code %v, want Unimplemented", status.Code(err)))
	}
}

// A way is one in which client and server are connected.
type way struct {
	name    string
	connect func(context.Context) (cc grpc.ClientConnInterface, stop func() error, err error)
}

var ways = []way{
	{"grpc", overGRPC},
	{"memory", inMemory},
	{"process", inProcess},
}

// A case that fails ends its process, as gRPC's functions log it as fatal. So
// each has one, which has to say that it has come to the end.
func TestInterop(t *testing.T) {
	for _, w := range ways {
		for _, c := range cases {
			t.Run(w.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				out, err := tenontest.Command(t, "client", w.name, c.name).CombinedOutput()
				if err != nil || !strings.Contains(string(out), passed) {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

// A case must not pass where it does not work: on a connection that loses
// metadata, or if there is none of that name.
func TestFailure(t *testing.T) {
	for _, args := range [][]string{{"lossy", "custom_metadata"}, {"memory", "no_such_case"}} {
		out, err := tenontest.Command(t, "client", args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || strings.Contains(string(out), passed) {
			t.Errorf("%q: %v\n%s", args, err, out)
		}
	}
}

// lossy is a connection without metadata.
func lossy(ctx context.Context) (grpc.ClientConnInterface, func() error, error) {
	cc, stop, err := inMemory(ctx)
	return forgetful{cc}, stop, err
}

type forgetful struct{ grpc.ClientConnInterface }

func (c forgetful) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	return c.ClientConnInterface.Invoke(metadata.NewOutgoingContext(ctx, nil), method, args, reply, opts...)
}

const passed = "the case has passed"

// client is the process that runs one case.
func client() {
	by, name := os.Args[1], os.Args[2]
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, w := range append(ways, way{"lossy", lossy}) {
		for _, c := range cases {
			if w.name != by || c.name != name {
				continue
			}
			cc, stop, err := w.connect(ctx)
			fatal(err)
			c.run(ctx, cc, pb.NewTestServiceClient(cc))
			fatal(stop())
			fmt.Println(passed)
			return
		}
	}
	fatal(fmt.Errorf("there is no case %s/%s", by, name))
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func inMemory(ctx context.Context) (grpc.ClientConnInterface, func() error, error) {
	return started(ctx, host.Config{InProcess: plugin.InProcess(plugin.Config{App: app, Services: []tenon.Service{service.Serve(interop.NewTestServer())}})})
}

func inProcess(ctx context.Context) (grpc.ClientConnInterface, func() error, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), tenontest.PluginVar+"=plugin")
	return started(ctx, host.Config{Cmd: cmd})
}

// started starts a plugin, and sees to it that nothing is left of the calls when
// it is stopped.
func started(ctx context.Context, cfg host.Config) (grpc.ClientConnInterface, func() error, error) {
	cfg.App, cfg.Logger = app, slog.New(slog.DiscardHandler)
	p, err := host.Start(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	stop := func() error {
		for end := time.Now().Add(5 * time.Second); p.Stats().ActiveOut > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				return fmt.Errorf("%d calls are left", p.Stats().ActiveOut)
			}
		}
		return p.Stop(ctx)
	}
	return grpcplug.ClientConn(p), stop, nil
}

func overGRPC(context.Context) (grpc.ClientConnInterface, func() error, error) {
	dir, err := os.MkdirTemp("", "interop-")
	if err != nil {
		return nil, nil, err
	}
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, nil, err
	}
	s := grpc.NewServer()
	pb.RegisterTestServiceServer(s, interop.NewTestServer())
	go s.Serve(listener)
	cc, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	stop := func() error {
		s.Stop()
		return errors.Join(cc.Close(), os.RemoveAll(dir))
	}
	return cc, stop, err
}
