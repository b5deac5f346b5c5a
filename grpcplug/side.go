package grpcplug

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/tenon-go/tenon/internal/protocol"
)

// A Side is a plugin's side of the protocol in parts, for the package that has
// go-plugin's own API: there the server, the output and what the host is told are
// the program's. Other modules cannot make one.
type Side struct {
	s     *server
	calls atomic.Int64 // of the program's own services, under way
}

// A SideConfig says what a [Side] is made of.
type SideConfig struct {
	// Getenv returns what the host has said.
	Getenv func(string) string

	// TLS, if not nil, is used in place of what the host asks for.
	TLS *tls.Config

	// Network is what is listened on, as in [Protocol].
	Network string
}

// NewSide reads what the host has said.
func NewSide(_ protocol.Within, c SideConfig) (*Side, error) {
	s := &server{
		cfg:   Protocol{TLS: c.TLS},
		asked: make(chan struct{}), finished: make(chan struct{}),
	}
	s.leaving, s.leave = context.WithCancel(context.Background())
	var err error
	if s.wish, err = readWish(c.Getenv); err != nil {
		return nil, err
	}
	s.options = &options{limit: s.limit()}
	s.place = newPlace(c.Network, s.wish)
	return &Side{s: s}, s.trust()
}

// TLS returns what the two sides agreed on, nil if that is none, and Certificate
// what the host is told of it.
func (s *Side) TLS() *tls.Config    { return s.s.tls }
func (s *Side) Certificate() []byte { return s.s.der }

// Multiplex reports whether the host wants its broker to share the connection,
// and whether it knows that there is such a thing.
func (s *Side) Multiplex() (wanted, known bool) { return s.s.wish.multiplex, s.s.wish.multiplexAsked }

// Versions are those that the host has.
func (s *Side) Versions() []int { return s.s.wish.versions }

// Listen returns the listener for the host. It is made for the multiplexed
// broker if grpc says that it is gRPC which listens, and the host wants it so.
func (s *Side) Listen(grpc bool) (net.Listener, error) {
	l, err := s.s.place.listen()
	if err != nil || !grpc || !s.s.wish.multiplex {
		return l, err
	}
	return s.Share(l), nil
}

// Share makes a listener one whose first connection carries all others.
func (s *Side) Share(l net.Listener) net.Listener {
	m := newMuxListener(l)
	s.broker().mux = func() *mux { <-m.made; return m.mux }
	return m
}

func (s *Side) broker() *Broker {
	if s.s.broker == nil {
		s.s.broker = makeBroker(s.s.options, s.s.place)
	}
	return s.s.broker
}

// ServerOptions returns what the server needs.
func (s *Side) ServerOptions() []grpc.ServerOption {
	return append(s.s.serverOptions(), grpc.ChainUnaryInterceptor(s.unary), grpc.ChainStreamInterceptor(s.stream))
}

func (s *Side) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	s.calls.Add(1)
	defer s.calls.Add(-1)
	return handle(ctx, req)
}

func (s *Side) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if !ours(info.FullMethod) {
		s.calls.Add(1)
		defer s.calls.Add(-1)
	}
	return handle(srv, stream)
}

// Attach registers the services that each plugin has. The output is what is read
// of stdout and stderr; what no host asks for goes to spill, or waits if that is
// nil.
func (s *Side) Attach(g *grpc.Server, stdout, stderr io.Reader, spill [2]io.Writer) *Broker {
	s.s.grpc = g
	for _, r := range []*io.Reader{&stdout, &stderr} {
		if *r == nil {
			*r = strings.NewReader("")
		}
	}
	s.s.output = &output{changed: make(chan struct{}), pipes: [2]io.Reader{stdout, stderr}, spill: spill}
	s.s.output.start()
	b := s.broker()
	s.s.registerOwn(plainly)
	registerReflection(g, nil)
	return b
}

// Asked is closed when the host has asked the plugin to leave.
func (s *Side) Asked() <-chan struct{} { return s.s.asked }

// Finish sees that the host gets the output, answers it, and ends what would go
// on as long as the connection. If the output ends by itself all of it is waited
// for, otherwise what is there; no longer than ctx. It is called once.
//
// It reports whether the connection may be cut: nothing was printed, ever, and no
// call is under way. Hosts cope without an answer, which they don't get from
// plugins of go-plugin, and to see that they have it takes a while.
func (s *Side) Finish(ctx context.Context, ends bool) (cut bool) {
	o := s.s.output
	if o != nil {
		wait, cancel := ctx, func() {}
		if !ends {
			wait, cancel = context.WithTimeout(ctx, linger)
		}
		o.gather(wait)
		cancel()
		o.drain(ctx)
	}
	close(s.s.finished)
	s.s.leave()
	s.s.broker.close()
	go s.s.place.remove() // while the server ends; Close waits for it
	return s.calls.Load() == 0 && ctx.Err() == nil && (o == nil || ends && o.never())
}

// Announced is called when the host has been told where the plugin is.
func (s *Side) Announced() { s.s.place.sweep() }

// Leave ends the streams that would go on as long as the connection.
func (s *Side) Leave() { s.s.leave() }

// Close ends what is left, and waits for it.
func (s *Side) Close() {
	s.s.leave()
	if o := s.s.output; o != nil {
		o.mu.Lock()
		o.over = true
		o.spillRest()
		o.notify()
		o.mu.Unlock()
	}
	s.s.broker.close()
	s.s.broker.wait()
	s.s.place.remove()
}

// CloseBroker ends a broker before its connection.
func CloseBroker(_ protocol.Within, b *Broker) { b.close() }

// plainly makes a handler do without this package's codec: the server may be one
// that the program has made without it. A message whose fields are all unknown
// carries any bytes.
func plainly(h grpc.StreamHandler) grpc.StreamHandler {
	return func(srv any, s grpc.ServerStream) error { return h(srv, plainStream{s}) }
}

type plainStream struct{ grpc.ServerStream }

func (s plainStream) SendMsg(v any) error {
	m := new(emptypb.Empty)
	m.ProtoReflect().SetUnknown(v.(*frame).b)
	return s.ServerStream.SendMsg(m)
}

func (s plainStream) RecvMsg(v any) error {
	m := new(emptypb.Empty)
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	v.(*frame).b = m.ProtoReflect().GetUnknown()
	return nil
}
