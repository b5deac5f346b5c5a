package stubtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

func isMisuse(t *testing.T, err any, parts ...string) {
	t.Helper()
	var e *grpcplug.UseError
	if err, ok := err.(error); !ok || !errors.As(err, &e) {
		t.Errorf("no UseError: %v", err)
		return
	}
	for _, part := range parts {
		if !strings.Contains(e.Error(), part) {
			t.Errorf("%q does not say %q", e, part)
		}
	}
}

// panicked returns what f panics with.
func panicked(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func TestMisuse(t *testing.T) {
	ctx := t.Context()
	conn := tenontest.Serve(t, app, Tester.Serve(impl{}))
	for name, c := range map[string]*grpcplug.Contract[pb.TestServiceClient, pb.TestServiceServer]{
		"was given nil":        grpcplug.Service[pb.TestServiceClient, pb.TestServiceServer](nil, nil),
		"no service":           grpcplug.Service(pb.NewTestServiceClient, func(grpc.ServiceRegistrar, pb.TestServiceServer) {}),
		"panicked: on purpose": grpcplug.Service(pb.NewTestServiceClient, func(grpc.ServiceRegistrar, pb.TestServiceServer) { panic("on purpose") }),
		"those of one service": grpcplug.Service(pb.NewTestServiceClient, func(r grpc.ServiceRegistrar, s pb.TestServiceServer) {
			pb.RegisterBenchmarkServiceServer(r, pb.UnimplementedBenchmarkServiceServer{})
		}),
		"registered 2 services": grpcplug.Service(pb.NewTestServiceClient, func(r grpc.ServiceRegistrar, s pb.TestServiceServer) {
			pb.RegisterTestServiceServer(r, s)
			pb.RegisterTestServiceServer(r, s)
		}),
	} {
		_, err := c.Open(ctx, conn)
		isMisuse(t, err, name)
		_, err = c.WithErrors(tenon.ErrorDef{}).Caller(ctx)
		isMisuse(t, err, name)
		isMisuse(t, panicked(func() { c.Serve(impl{}) }), name)
		if c.Name() != "" {
			t.Error(c.Name())
		}
	}
	isMisuse(t, panicked(func() { Tester.Serve(nil) }), "grpc.testing.TestService", "its argument is nil")
	_, err := Tester.Open(ctx, nil)
	isMisuse(t, err, "no connection")
	// An implementation that would fail later, as the generated code finds out.
	isMisuse(t, panicked(func() { Tester.Serve(struct{ *impl }{}) }), "panicked")
	isMisuse(t, panicked(func() { new(grpcplug.Registrar).RegisterService(&pb.TestService_ServiceDesc, 5) }), "a int is no grpc_testing.TestServiceServer")
}

func TestOpen(t *testing.T) {
	ctx := t.Context()
	if Tester.Name() != "grpc.testing.TestService" {
		t.Error(Tester.Name())
	}
	conn := tenontest.Serve(t, app)
	var e *tenon.Error
	if _, err := Tester.Open(ctx, conn); !errors.As(err, &e) || e.Code != tenon.Unimplemented || !strings.Contains(e.Message, "does not offer grpc.testing.TestService") {
		t.Error(err)
	}
	if _, err := Tester.Caller(ctx); !errors.As(err, &e) || e.Code != tenon.FailedPrecondition {
		t.Error(err)
	}
}

// A connection of gRPC's, as a protocol that is gRPC has it, is what the stubs
// get.
func TestOpenOverGRPC(t *testing.T) {
	type conn struct {
		tenon.Conn
		grpc.ClientConnInterface
	}
	c, err := Tester.Open(t.Context(), conn{nil, overGRPC(t)})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ask(t.Context(), c, "echo"); got != "echo" || err != nil {
		t.Error(got, err)
	}
}

// An older plugin lacks a method: the others work.
func TestMissingMethod(t *testing.T) {
	old := pb.TestService_ServiceDesc
	old.Methods = slices.Clone(old.Methods[:2])
	old.Streams = nil
	older := grpcplug.Service(pb.NewTestServiceClient, func(r grpc.ServiceRegistrar, s pb.TestServiceServer) { r.RegisterService(&old, s) })
	c, err := Tester.Open(t.Context(), tenontest.Serve(t, app, older.Serve(impl{})))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ask(t.Context(), c, "echo"); (got != "echo") != (err != nil) {
		t.Error(got, err)
	}
	if _, err := c.FullDuplexCall(t.Context()); status.Code(err) != codes.Unimplemented {
		t.Error(err)
	}
}

// A plugin calls what its host offers, by the same stubs.
type caller struct {
	pb.UnimplementedTestServiceServer
}

func (caller) UnaryCall(ctx context.Context, in *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	c, err := Tester.Caller(ctx)
	if err != nil {
		return nil, err
	}
	return c.UnaryCall(ctx, in)
}

func TestCaller(t *testing.T) {
	p := tenontest.Pair(t, host.Config{App: app, Services: []tenon.Service{Tester.Serve(impl{})}},
		plugin.Config{Services: []tenon.Service{Tester.Serve(caller{})}})
	c, err := Tester.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ask(t.Context(), c, "size:5"); got != "xxxxx" || err != nil {
		t.Error(got, err)
	}
	_, err = ask(t.Context(), c, "details")
	if s := status.Convert(err); s.Code() != codes.NotFound || s.Message() != "detailed" || len(s.Details()) != 1 {
		t.Errorf("by way of two calls: %v, %v", err, s.Details())
	}
	if _, err = ask(t.Context(), c, "odd"); !errors.Is(err, errOdd) {
		t.Errorf("by way of two calls: %v", err)
	}
}

// A Registrar takes what registers itself: here gRPC's own health service.
func TestRegistrar(t *testing.T) {
	var r grpcplug.Registrar
	h := health.NewServer()
	h.SetServingStatus("plugin", healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(&r, h)
	pb.RegisterTestServiceServer(&r, impl{})
	cc := grpcplug.ClientConn(tenontest.Serve(t, app, r.Services()...))
	c := healthpb.NewHealthClient(cc)
	out, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "plugin"})
	if err != nil || out.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Error(out, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w, err := c.Watch(ctx, &healthpb.HealthCheckRequest{Service: "plugin"})
	if err != nil {
		t.Fatal(err)
	}
	w.Recv()
	h.Shutdown()
	if out, err := w.Recv(); err != nil || out.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Error(out, err)
	}
	if got, err := ask(ctx, pb.NewTestServiceClient(cc), "echo"); err != nil {
		t.Error(got, err)
	}
}

// A log of who was there, in order.
type steps struct {
	mu  sync.Mutex
	all []string
}

func (s *steps) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, fmt.Sprintf(format, args...))
}

func (s *steps) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return strings.Join(all, ", ")
}

func TestInterceptors(t *testing.T) {
	var log steps
	server := func(name string) grpcplug.ServerOptions {
		return grpcplug.ServerOptions{
			Unary: []grpc.UnaryServerInterceptor{func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
				log.note("%s %s %T %T", name, info.FullMethod, info.Server, req)
				return next(ctx, req)
			}},
			Stream: []grpc.StreamServerInterceptor{func(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
				log.note("%s %s %T %v %v", name, info.FullMethod, srv, info.IsClientStream, info.IsServerStream)
				return next(srv, s)
			}},
		}
	}
	client := func(name string) grpcplug.ClientOptions {
		return grpcplug.ClientOptions{
			Unary: []grpc.UnaryClientInterceptor{func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
				log.note("%s %s %v", name, method, cc.Target() != "")
				return next(metadata.AppendToOutgoingContext(ctx, "by", name), method, req, reply, cc, opts...)
			}},
			Stream: []grpc.StreamClientInterceptor{func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
				log.note("%s %s %v", name, method, cc.Target() != "")
				return next(metadata.AppendToOutgoingContext(ctx, "by", name), desc, cc, method, opts...)
			}},
		}
	}
	service := Tester.Serve(impl{}, server("s1"), server("s2"), server("s3"))
	var header metadata.MD
	options := []grpcplug.ClientOptions{client("c1"), client("c2"), {Call: []grpc.CallOption{grpc.Header(&header)}}}
	overNative, err := Tester.Open(t.Context(), tenontest.Serve(t, app, service), options...)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]pb.TestServiceClient{
		"native": overNative,
		"grpc": pb.NewTestServiceClient(grpcplug.ClientConn(struct {
			tenon.Conn
			*grpc.ClientConn
		}{nil, serveGRPC(t, service)}, options...)),
	} {
		got, err := ask(t.Context(), c, "metadata:by")
		if err != nil || got != `true ["c1" "c2"]` {
			t.Errorf("%s: %s, %v", name, got, err)
		}
		const unary = "/grpc.testing.TestService/UnaryCall"
		want := fmt.Sprintf("c1 %[1]s true, c2 %[1]s true, s1 %[1]s stubtest.impl *grpc_testing.SimpleRequest, s2 %[1]s stubtest.impl *grpc_testing.SimpleRequest, s3 %[1]s stubtest.impl *grpc_testing.SimpleRequest", unary)
		if got := log.take(); got != want {
			t.Errorf("%s: unary: %s", name, got)
		}
		if got := chat(t, t.Context(), c, "metadata:by"); got[0] != `true ["c1" "c2"]` {
			t.Errorf("%s: %s", name, got)
		}
		const both = "/grpc.testing.TestService/FullDuplexCall"
		want = fmt.Sprintf("c1 %[1]s true, c2 %[1]s true, s1 %[1]s stubtest.impl true true, s2 %[1]s stubtest.impl true true, s3 %[1]s stubtest.impl true true", both)
		if got := log.take(); got != want {
			t.Errorf("%s: stream: %s", name, got)
		}
		header = nil
		if ask(t.Context(), c, "aside"); fmt.Sprint(header["h"]) != "[1 2]" {
			t.Errorf("%s: an option of all calls: %v", name, header)
		}
		log.take()
	}
}

// A context that a handler derives ends with the call, and costs no goroutine.
func TestDerivedContexts(t *testing.T) {
	ended := make(chan error, 1)
	service := grpcplug.Service(pb.NewTestServiceClient, pb.RegisterTestServiceServer).Serve(deriver{ended: ended})
	c := pb.NewTestServiceClient(grpcplug.ClientConn(tenontest.Serve(t, app, service)))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	ask(ctx, c, "")
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type deriver struct {
	pb.UnimplementedTestServiceServer
	ended chan error
}

func (d deriver) UnaryCall(ctx context.Context, _ *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	<-inner.Done()
	d.ended <- inner.Err()
	return nil, inner.Err()
}

// ---- what older generators wrote

// These are the forms of 2020's protoc-gen-go-grpc: interfaces of its own for
// streams, and a ServiceDesc that nobody can see.
type oldClient interface {
	Say(ctx context.Context, in *pb.Payload, opts ...grpc.CallOption) (*pb.Payload, error)
	Hear(ctx context.Context, in *pb.Payload, opts ...grpc.CallOption) (oldHearClient, error)
}

type oldHearClient interface {
	Recv() (*pb.Payload, error)
	grpc.ClientStream
}

type oldServer interface {
	Say(context.Context, *pb.Payload) (*pb.Payload, error)
	Hear(*pb.Payload, oldHearServer) error
}

type oldHearServer interface {
	Send(*pb.Payload) error
	grpc.ServerStream
}

type oldStub struct{ cc grpc.ClientConnInterface }

func newOldClient(cc grpc.ClientConnInterface) oldClient { return &oldStub{cc} }

func (c *oldStub) Say(ctx context.Context, in *pb.Payload, opts ...grpc.CallOption) (*pb.Payload, error) {
	out := new(pb.Payload)
	err := c.cc.Invoke(ctx, "/old.Talk/Say", in, out, opts...)
	return out, err
}

func (c *oldStub) Hear(ctx context.Context, in *pb.Payload, opts ...grpc.CallOption) (oldHearClient, error) {
	stream, err := c.cc.NewStream(ctx, &oldDesc.Streams[0], "/old.Talk/Hear", opts...)
	if err != nil {
		return nil, err
	}
	x := &oldHear{stream}
	if err := x.SendMsg(in); err != nil {
		return nil, err
	}
	return x, x.CloseSend()
}

type oldHear struct{ grpc.ClientStream }

func (x *oldHear) Recv() (*pb.Payload, error) {
	m := new(pb.Payload)
	return m, x.RecvMsg(m)
}

type oldHearing struct{ grpc.ServerStream }

func (x *oldHearing) Send(m *pb.Payload) error { return x.SendMsg(m) }

func registerOldServer(s grpc.ServiceRegistrar, srv oldServer) { s.RegisterService(&oldDesc, srv) }

var oldDesc = grpc.ServiceDesc{
	ServiceName: "old.Talk",
	HandlerType: (*oldServer)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Say", Handler: func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		in := new(pb.Payload)
		if err := dec(in); err != nil {
			return nil, err
		}
		return srv.(oldServer).Say(ctx, in)
	}}},
	Streams: []grpc.StreamDesc{{StreamName: "Hear", ServerStreams: true, Handler: func(srv any, stream grpc.ServerStream) error {
		m := new(pb.Payload)
		if err := stream.RecvMsg(m); err != nil {
			return err
		}
		return srv.(oldServer).Hear(m, &oldHearing{stream})
	}}},
}

type oldTalker struct{}

func (oldTalker) Say(_ context.Context, in *pb.Payload) (*pb.Payload, error) { return in, nil }

func (oldTalker) Hear(in *pb.Payload, s oldHearServer) error {
	for range 3 {
		if err := s.Send(in); err != nil {
			return err
		}
	}
	return nil
}

func TestOldGenerator(t *testing.T) {
	talk := grpcplug.Service(newOldClient, registerOldServer)
	c, err := talk.Open(t.Context(), tenontest.Serve(t, app, talk.Serve(oldTalker{})))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := c.Say(t.Context(), payload("x")); err != nil || string(out.GetBody()) != "x" {
		t.Error(out, err)
	}
	s, err := c.Hear(t.Context(), payload("x"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if out, err := s.Recv(); err != nil || string(out.GetBody()) != "x" {
			t.Error(out, err)
		}
	}
	if _, err := s.Recv(); err == nil {
		t.Error("the stream has no end")
	}
}
