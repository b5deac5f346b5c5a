package grpcplug

import (
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
)

// A pluginConn is what a plugin's handlers have as the connection that they were
// called on. The host serves nothing on it.
type pluginConn struct {
	broker *Broker
	refs   *refs
	offers offering
	done   chan struct{}

	dialing sync.Mutex
	host    *grpc.ClientConn // what the host serves, when it was first called
	hostID  atomic.Uint32    // where, 0 while it is not known

	mu      sync.Mutex
	stats   tenon.Stats
	leaving bool
	over    bool
	goes    sync.WaitGroup // of releases
	idle    chan struct{}  // closed when leaving and nothing is under way
}

func newPluginConn(b *Broker, l tenon.Limits) *pluginConn {
	return &pluginConn{broker: b, refs: newRefs(l), done: make(chan struct{}), idle: make(chan struct{})}
}

// Open implements tenon.Conn.
func (c *pluginConn) Open(ctx context.Context, to *tenon.Ref, method int) (tenon.Stream, error) {
	return newCall(ctx, c, to, method), nil
}

// Offers implements tenon.Conn. A host that is not Tenon's offers nothing.
func (c *pluginConn) Offers(service string) ([]string, bool) {
	if c.hostID.Load() == 0 {
		return nil, false
	}
	return c.offers.get(c, service)
}

// Release implements tenon.Conn.
func (c *pluginConn) Release(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.goes.Go(func() { c.refs.released(c, id) })
	}
}

var errNoHost = &tenon.Error{
	Code:    tenon.Unimplemented,
	Message: "the host serves nothing that could be called: it is not Tenon's, or was not asked yet",
}

// channel dials the host's side when it is first called.
func (c *pluginConn) channel(ctx context.Context) (*grpc.ClientConn, error) {
	id := c.hostID.Load()
	if id == 0 {
		return nil, errNoHost
	}
	c.dialing.Lock()
	defer c.dialing.Unlock()
	if c.host == nil {
		cc, err := c.broker.Dial(ctx, id)
		if err != nil {
			return nil, err
		}
		c.host = cc
	}
	return c.host, nil
}

func (c *pluginConn) table() *refs { return c.refs }

// canExport is always so: the host calls on the connection that there is.
func (c *pluginConn) canExport(context.Context) error { return nil }

func (c *pluginConn) outgoing(_ context.Context, md metadata.MD) metadata.MD { return md }

func (c *pluginConn) explain(_ context.Context, err error, contract *tenon.Contract, method string) error {
	return fromStatus(err, contract, method)
}

// Done implements tenon.Conn.
func (c *pluginConn) Done() <-chan struct{} { return c.done }

// Err implements tenon.Conn.
func (c *pluginConn) Err() error { return nil }

// Stats implements tenon.Conn.
func (c *pluginConn) Stats() tenon.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	c.refs.count(&s)
	return s
}

func (c *pluginConn) raw() Raw { return Raw{Broker: c.broker} }

// end sees the end of what the connection has under way.
func (c *pluginConn) end() {
	close(c.done)
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	c.goes.Wait()
	c.refs.close()
}

var errPluginLeaves = status.Error(codes.Unavailable, "the plugin is about to end")

func (c *pluginConn) enter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaving {
		return errPluginLeaves
	}
	c.stats.CallsIn++
	c.stats.ActiveIn++
	return nil
}

func (c *pluginConn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.ActiveIn--
	if c.leaving && c.stats.ActiveIn == 0 {
		close(c.idle)
	}
}

// drain takes no more calls, and waits for those that are under way.
func (c *pluginConn) drain(ctx context.Context) {
	c.mu.Lock()
	c.leaving = true
	if c.stats.ActiveIn == 0 {
		close(c.idle)
	}
	c.mu.Unlock()
	select {
	case <-c.idle:
	case <-ctx.Done():
	}
}

func (c *pluginConn) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if ours(info.FullMethod) {
		return handle(ctx, req)
	}
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.leave()
	return c.broker.options.attendUnary(c.incoming(ctx), req, info, handle)
}

func (c *pluginConn) stream(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if ours(info.FullMethod) {
		return handle(srv, s)
	}
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	return c.broker.options.attendStream(srv, &streamWith{s, c.incoming(s.Context())}, info, handle)
}

// incoming lets tenon.Caller find the connection.
func (c *pluginConn) incoming(ctx context.Context) context.Context {
	if c.hostID.Load() == 0 {
		if id, ok := number(ctx, hostKey); ok {
			c.hostID.Store(uint32(id))
		}
	}
	return &incomingContext{Context: ctx, conn: c}
}

// An incomingContext is that of a call that came in. What the call came with is
// copied for who asks: gRPC's metadata is a map, and most handlers want none of it.
type incomingContext struct {
	context.Context
	conn tenon.Conn
	once sync.Once
	in   tenon.Incoming
}

// Value implements context.Context.
func (c *incomingContext) Value(key any) any {
	if key != tenon.IncomingKey() {
		return c.Context.Value(key)
	}
	c.once.Do(func() {
		md, _ := metadata.FromIncomingContext(c.Context)
		c.in = tenon.Incoming{Conn: c.conn, Metadata: tenon.Metadata(md)}
	})
	return &c.in
}

type streamWith struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *streamWith) Context() context.Context { return s.ctx }

// describe makes a gRPC service of one of Tenon's. All methods are streams to
// gRPC: on the wire one message each way is no different.
func describe(s tenon.Service, e *exporter) *grpc.ServiceDesc {
	d := &grpc.ServiceDesc{ServiceName: s.Contract.Name, HandlerType: (*any)(nil)}
	for i := range s.Contract.Methods {
		m := &s.Contract.Methods[i]
		if slices.Contains(s.Without, m.Name) {
			continue
		}
		d.Streams = append(d.Streams, grpc.StreamDesc{
			StreamName: m.Name, ClientStreams: m.ClientStream, ServerStreams: m.ServerStream,
			Handler: e.serve, // which may be for a ref with the same contract
		})
	}
	return d
}

// carryOut carries out one call.
func carryOut(s tenon.Service, method int, ss grpc.ServerStream, c caller) error {
	stream := &serverStream{ss: ss, method: &s.Contract.Methods[method], refs: newCallRefs(ss.Context(), c, s.Contract)}
	defer stream.refs.end()
	stream.out.Reset(nil, stream.refs)
	err := s.Server.ServeCall(stream.Context(), method, stream)
	if err == nil && !stream.method.ServerStream {
		err = stream.Send()
	}
	return toStatus(err, s.Contract.Errors)
}

// A serverStream is a call that came in.
type serverStream struct {
	ss      grpc.ServerStream
	method  *tenon.Method
	refs    *callRefs
	out, in tenon.Message
	frame   frame
	got     bool // the question of a method with a single one
}

func (s *serverStream) Context() context.Context { return s.ss.Context() }

func (s *serverStream) Out() *tenon.Message { return &s.out }

func (s *serverStream) Send() error {
	b, err := take(&s.out, s.refs)
	if err != nil {
		return err
	}
	return s.ss.SendMsg(&frame{b})
}

func (s *serverStream) SendLast() error { return s.Send() }

// CloseSend has nothing to do: a call ends when its handler returns.
func (s *serverStream) CloseSend() error { return nil }

func (s *serverStream) Recv() (*tenon.Message, error) {
	if s.got {
		return nil, io.EOF
	}
	if err := s.ss.RecvMsg(&s.frame); err != nil {
		if err != io.EOF {
			err = fromStatus(err, nil, s.method.Name)
		}
		return nil, err
	}
	s.got = !s.method.ClientStream
	s.in.Load(s.frame.b, s.refs)
	return &s.in, nil
}

func (s *serverStream) Call() (*tenon.Message, error) {
	if err := s.SendLast(); err != nil {
		return nil, err
	}
	return s.Recv()
}

func (s *serverStream) Close() error { return nil }
