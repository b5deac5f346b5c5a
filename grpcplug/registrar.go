package grpcplug

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
)

// ServerOptions say how an implementation is served. The zero value calls it as
// it is.
type ServerOptions struct {
	// Unary and Stream intercept calls, the first of them outermost.
	Unary  []grpc.UnaryServerInterceptor
	Stream []grpc.StreamServerInterceptor
}

// A Registrar collects what is registered on it, as on a gRPC server, for
// plugin.Main or host.Config: that is for code that registers services by itself.
// The zero value is ready to use. It is not safe for concurrent use.
type Registrar struct {
	// Options are for the services that are registered afterwards.
	Options ServerOptions

	services []tenon.Service
}

var _ grpc.ServiceRegistrar = (*Registrar)(nil)

// RegisterService implements [grpc.ServiceRegistrar]. It panics with a *[UseError]
// if impl is not what the service wants, where gRPC ends the program.
func (r *Registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	if impl != nil && desc.HandlerType != nil {
		want := reflect.TypeOf(desc.HandlerType).Elem()
		if got := reflect.TypeOf(impl); !got.Implements(want) {
			panic(misuse(desc.ServiceName, fmt.Sprintf("a %v is no %v: methods are missing, or have other types", got, want)))
		}
	}
	r.services = append(r.services, newShape(desc, nil).serve(impl, []ServerOptions{r.Options}))
}

// Services returns what was registered.
func (r *Registrar) Services() []tenon.Service { return r.services }

// A stubServer runs the handlers that protoc-gen-go-grpc writes.
type stubServer struct {
	*shape
	impl   any
	unary  grpc.UnaryServerInterceptor
	stream grpc.StreamServerInterceptor
}

func newStubServer(s *shape, impl any, opts []ServerOptions) *stubServer {
	var all ServerOptions
	for _, o := range opts {
		all.Unary = append(all.Unary, o.Unary...)
		all.Stream = append(all.Stream, o.Stream...)
	}
	return &stubServer{shape: s, impl: impl, unary: chainUnary(all.Unary), stream: chainStream(all.Stream)}
}

// ServeCall implements [tenon.Server].
func (v *stubServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	t := answering{path: v.paths[method], stream: s}
	var err error
	if singles := len(v.desc.Methods); method < singles {
		err = v.serveUnary(ctx, &v.desc.Methods[method], &t)
	} else {
		err = v.serveStream(ctx, &v.desc.Streams[method-singles], &t)
	}
	if problem := t.end(); err == nil {
		err = problem
	}
	if err != nil {
		return toFault(err)
	}
	return nil
}

// RegisterGRPC registers the implementation on a gRPC server, for whoever calls
// it by gRPC: with its interceptors, which come after the server's own, and with
// codes for Tenon's errors.
func (v *stubServer) RegisterGRPC(r grpc.ServiceRegistrar) {
	desc := *v.desc
	desc.Methods = slices.Clone(v.desc.Methods)
	for i := range desc.Methods {
		handler := desc.Methods[i].Handler
		desc.Methods[i].Handler = func(srv any, ctx context.Context, dec func(any) error, next grpc.UnaryServerInterceptor) (any, error) {
			reply, err := handler(srv, ctx, dec, chainUnary(present(next, v.unary)))
			return reply, v.overGRPC(err)
		}
	}
	desc.Streams = slices.Clone(v.desc.Streams)
	for i := range desc.Streams {
		d := &v.desc.Streams[i]
		desc.Streams[i].Handler = func(_ any, s grpc.ServerStream) error {
			return v.overGRPC(v.runStream(d, v.paths[len(v.desc.Methods)+i], s))
		}
	}
	r.RegisterService(&desc, v.impl)
}

// present leaves out what is nil.
func present(all ...grpc.UnaryServerInterceptor) []grpc.UnaryServerInterceptor {
	return slices.DeleteFunc(all, func(i grpc.UnaryServerInterceptor) bool { return i == nil })
}

// overGRPC makes a status of an error that gRPC would take for an unknown one, or
// one that the contract names.
func (v *stubServer) overGRPC(err error) error {
	if err == nil {
		return nil
	}
	s, ok := status.FromError(err)
	if !ok {
		s = statusOf(err)
	}
	if with := withIdentity(s, err, v.own); with != s || !ok {
		return with.Err()
	}
	return err
}

// serveUnary carries out a call with one question and one answer, which is sent
// when it returns.
func (v *stubServer) serveUnary(ctx context.Context, m *grpc.MethodDesc, t *answering) error {
	reply, err := m.Handler(v.impl, t.context(ctx), t.question, v.unary)
	if err != nil {
		return err
	}
	return encodeProto(t.stream.Out(), reply, 0)
}

// question reads the question of a call that has a single one.
func (t *answering) question(v any) error {
	in, err := t.stream.Recv()
	if err == io.EOF {
		return status.Error(codes.Internal, "the caller sent no message where the method takes one")
	}
	if err != nil {
		return stubStatus(err)
	}
	return decodeProto(in, v, 0)
}

// serveStream carries out a call with a stream in either direction, or both.
func (v *stubServer) serveStream(ctx context.Context, d *grpc.StreamDesc, t *answering) error {
	t.context(ctx)
	s := &stubServerStream{answering: t, single: !d.ServerStreams}
	err := v.runStream(d, t.path, s)
	if err == nil && s.single && !s.answered {
		return status.Error(codes.Internal, "the handler returned without the message that the method answers with")
	}
	return err
}

// runStream runs the handler of a stream, with the interceptors.
func (v *stubServer) runStream(d *grpc.StreamDesc, path string, s grpc.ServerStream) error {
	if v.stream == nil {
		return d.Handler(v.impl, s)
	}
	info := &grpc.StreamServerInfo{FullMethod: path, IsClientStream: d.ClientStreams, IsServerStream: d.ServerStreams}
	return v.stream(v.impl, s, info, d.Handler)
}

// A stubServerStream is a stream as gRPC's handlers use it.
type stubServerStream struct {
	*answering
	single   bool // one message answers
	answered bool // it was sent
}

var _ grpc.ServerStream = (*stubServerStream)(nil)

// Context implements [grpc.ServerStream].
func (s *stubServerStream) Context() context.Context { return &s.ctx }

// SetTrailer implements [grpc.ServerStream], where it cannot fail. What cannot be
// sent fails the call.
func (s *stubServerStream) SetTrailer(md metadata.MD) {
	if err := s.answering.SetTrailer(md); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.problem = err
	}
}

// SendMsg implements [grpc.ServerStream].
func (s *stubServerStream) SendMsg(m any) error {
	if s.single && s.answered {
		return status.Error(codes.Internal, "a second message where the method answers with one")
	}
	if err := encodeProto(s.stream.Out(), m, 0); err != nil {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	if s.single {
		s.answered = true // it is sent with the end
		return nil
	}
	return stubStatus(s.stream.Send())
}

// RecvMsg implements [grpc.ServerStream]. It returns io.EOF when the caller sends
// no more.
func (s *stubServerStream) RecvMsg(m any) error {
	in, err := s.stream.Recv()
	if err != nil {
		return stubStatus(err)
	}
	return decodeProto(in, m, 0)
}
