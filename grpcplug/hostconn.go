package grpcplug

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/protocol"
)

// A hostConn is a host's connection to a plugin.
type hostConn struct {
	*options
	with   protocol.Setup
	cc     *grpc.ClientConn
	mux    *mux // nil if the broker has sockets
	broker *Broker
	refs   *refs
	calls  uint32 // that the plugin can make at a time
	most   int    // bytes of a message that one of them may have
	offers offering

	services []tenon.Service // in the version that was agreed on
	serving  sync.Once
	hostID   uint32 // under which they and the refs are served, 0 if they cannot be
	hostErr  error
	served   chan struct{} // closed when these two are set

	ctx  context.Context // ends with the connection
	stop context.CancelFunc
	goes sync.WaitGroup
	deaf chan struct{} // closed when the plugin cannot be asked to leave
	done chan struct{} // closed when err is set
	over chan struct{} // closed when nothing is left but what goes counts

	mu    sync.Mutex
	ended bool // the end has begun
	asked bool // Ask was called: no more calls
	idle  chan struct{}
	err   error
	stats tenon.Stats
}

var (
	errGone   = errors.New("the plugin's process has ended")
	errClosed = errors.New("the host has closed the connection")
	errLost   = errors.New("the plugin has closed the connection, and takes no other")

	errRestless = errors.New("the plugin closes each connection as soon as it is made")
)

func newHostConn(o *options, with protocol.Setup) *hostConn {
	c := &hostConn{options: o, with: with, deaf: make(chan struct{}), done: make(chan struct{}), over: make(chan struct{}), idle: make(chan struct{}), served: make(chan struct{})}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// open connects, and starts what goes on as long as the connection does.
func (c *hostConn) open(ctx context.Context, a *attempt, line handshake.Line) (err error) {
	what := whereabouts(line.Network, line.Address)
	dial := guard(c.with.Gone, addressDialer(line.Network, line.Address))
	defer func() {
		if err != nil {
			c.stop()
			c.mux.close()
		}
	}()
	if a.cfg.Multiplex {
		raw, err := dial(ctx)
		if err != nil {
			return &Error{Problem: NobodyThere, What: what, Err: err}
		}
		if c.mux, err = newMux(raw, true); err != nil {
			return &Error{Problem: NoMultiplex, What: what, Err: err}
		}
		dial = guard(c.with.Gone, c.mux.dial)
	}
	c.cc, err = c.connect(ctx, what, dial,
		grpc.WithChainUnaryInterceptor(c.unary), grpc.WithChainStreamInterceptor(c.stream))
	if err != nil {
		return err
	}
	c.broker = newBroker(c.options, a.place, c.mux)
	c.refs = newRefs(a.limits)
	// A plugin that calls its host needs no larger messages than one of Tenon's own
	// protocol may send: go-plugin's habits are about what plugins answer.
	c.calls, c.most = uint32(a.limits.WithDefaults().Calls), limit(a.limits.WithDefaults())
	c.services = a.offered(line.App)
	c.goes.Go(func() { c.broker.call(c.ctx, c.cc) })
	c.goes.Go(c.readStdio)
	c.goes.Go(c.watch)
	return nil
}

const (
	// shortLife is how long a connection lasts at least that is closed because of
	// its age, and not because the plugin does not want any.
	shortLife = time.Second

	// mostShort is how many in a row may be shorter.
	mostShort = 10
)

// watch sees the end of the connection. A plugin may close it and take another,
// as servers do that bound the age of connections. One that does nothing else
// would keep the host as busy.
func (c *hostConn) watch() {
	began, short := time.Now(), 0
	for {
		state := c.cc.GetState()
		switch state {
		case connectivity.Idle:
			if short++; time.Since(began) >= shortLife {
				short = 0
			}
			if short > mostShort {
				c.Fail(errRestless)
				return
			}
			began = time.Now()
			c.cc.Connect()
		case connectivity.TransientFailure, connectivity.Shutdown:
			if c.with.Redials && c.mux == nil && state == connectivity.TransientFailure {
				break // gRPC tries again by itself
			}
			c.Fail(c.mux.verdict(errLost))
			return
		}
		if !c.cc.WaitForStateChange(c.ctx, state) {
			return
		}
	}
}

// Fail implements protocol.Conn.
func (c *hostConn) Fail(err error) { c.end(err, true) }

func (c *hostConn) end(err error, diagnose bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	// On a goroutine of its own, because to find the cause may take a moment.
	go func() {
		var t *tenon.TransportError
		if !errors.As(err, &t) {
			err = &tenon.TransportError{Op: "read", Err: err}
		}
		if diagnose && c.with.Diagnose != nil {
			err = c.with.Diagnose(err)
		}
		c.mu.Lock()
		c.err = err
		c.mu.Unlock()
		close(c.done)
		defer close(c.over)
		c.stop()
		c.broker.close()
		c.refs.close()
		c.cc.Close()
		c.mux.close()
	}()
}

// Close implements protocol.Conn.
func (c *hostConn) Close() error {
	c.end(errClosed, false)
	<-c.over
	c.goes.Wait()
	c.broker.wait()
	return nil
}

// Done implements tenon.Conn.
func (c *hostConn) Done() <-chan struct{} { return c.done }

// Err implements tenon.Conn.
func (c *hostConn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(c.err, errClosed) {
		return nil
	}
	return c.err
}

// Ping implements protocol.Conn. Any answer of the health service shows that the
// plugin is there, and so does one that it has none.
func (c *hostConn) Ping(ctx context.Context) error {
	_, err := grpc_health_v1.NewHealthClient(c.cc).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: healthName})
	if err == io.EOF { // an end without an answer is one
		return nil
	}
	switch status.Code(err) {
	case codes.OK, codes.Unimplemented, codes.NotFound:
		return nil
	}
	return c.explain(ctx, err, nil, "ping")
}

// Ask implements protocol.Conn. A plugin of go-plugin ends at once when it is
// asked to, so it is asked when nothing is under way.
func (c *hostConn) Ask() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked || c.ended {
		return c.deaf
	}
	c.asked = true
	if c.stats.ActiveOut == 0 {
		close(c.idle)
	}
	c.goes.Go(c.askWhenIdle)
	return c.deaf
}

func (c *hostConn) askWhenIdle() {
	select {
	case <-c.idle:
	case <-c.ctx.Done():
		return
	}
	err := c.cc.Invoke(c.ctx, "/"+controllerService+"/"+shutdownMethod, &frame{}, &frame{}, grpc.ForceCodec(codec{}))
	switch status.Code(err) {
	case codes.OK, codes.Unavailable, codes.Canceled:
		// go-plugin's own end before they have answered
	default:
		close(c.deaf)
	}
}

// errLeaving is the answer to calls after Ask.
var (
	errStopping = errors.New("the plugin is being stopped")
	errLeaving  = status.Error(codes.Unavailable, errStopping.Error())
)

// enter counts a call that begins. leave ends it.
func (c *hostConn) enter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked {
		return errLeaving
	}
	c.stats.CallsOut++
	c.stats.ActiveOut++
	return nil
}

func (c *hostConn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.ActiveOut--
	if c.asked && c.stats.ActiveOut == 0 {
		select {
		case <-c.idle:
		default:
			close(c.idle)
		}
	}
}

// ours reports whether a call is part of running the plugin, not of its use.
func ours(method string) bool {
	return strings.HasPrefix(method, "/plugin.GRPC") || strings.HasPrefix(method, "/"+refsService+"/") || strings.HasPrefix(method, "/grpc.health.") ||
		strings.HasPrefix(method, "/grpc.reflection.")
}

func (c *hostConn) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if ours(method) {
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	return invoke(ctx, method, req, reply, cc, opts...)
}

func (c *hostConn) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if ours(method) {
		return open(ctx, desc, cc, method, opts...)
	}
	if err := c.enter(); err != nil {
		return nil, err
	}
	var once sync.Once
	opts = append(opts, grpc.OnFinish(func(error) { once.Do(c.leave) }))
	s, err := open(ctx, desc, cc, method, opts...)
	if err != nil {
		once.Do(c.leave)
	}
	return s, err
}

// Stats implements tenon.Conn.
func (c *hostConn) Stats() tenon.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	c.refs.count(&s)
	return s
}

// Open implements tenon.Conn.
func (c *hostConn) Open(ctx context.Context, to *tenon.Ref, method int) (tenon.Stream, error) {
	return newCall(ctx, c, to, method), nil
}

// Offers implements tenon.Conn. A plugin of go-plugin does not say what it has.
func (c *hostConn) Offers(service string) ([]string, bool) { return c.offers.get(c, service) }

// Release implements tenon.Conn.
func (c *hostConn) Release(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.goes.Go(func() { c.refs.released(c, id) })
	}
}

// channel refuses what would not be sent any more.
func (c *hostConn) channel(context.Context) (*grpc.ClientConn, error) {
	select {
	case <-c.done:
	default:
		return c.cc, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.err.(*tenon.TransportError); ok {
		return nil, &tenon.TransportError{Op: t.Op, Unsent: true, Err: t.Err}
	}
	return nil, c.err
}

func (c *hostConn) table() *refs { return c.refs }

// canExport has the host's side served when it is first needed: the plugin calls it
// by way of the broker. No caller waits for that longer than its context.
func (c *hostConn) canExport(ctx context.Context) error {
	c.serving.Do(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.ended {
			c.hostErr = errClosed
			close(c.served)
			return
		}
		c.goes.Go(c.serveHost)
	})
	select {
	case <-c.served:
		return c.hostErr
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *hostConn) serveHost() {
	defer close(c.served)
	e := newExporter(c, c.services)
	handle := func(srv any, ss grpc.ServerStream) error {
		if err := c.enterIn(); err != nil {
			return err
		}
		defer c.leaveIn()
		return e.serve(srv, &streamWith{ss, &incomingContext{Context: ss.Context(), conn: c.with.Self}})
	}
	id := c.broker.NextID()
	_, c.hostErr = c.broker.serve(id, func(grpc.ServiceRegistrar) {}, grpc.UnknownServiceHandler(handle),
		grpc.MaxConcurrentStreams(c.calls), grpc.MaxRecvMsgSize(c.most))
	if c.hostErr == nil {
		c.hostID = id
	}
}

// enterIn counts a call of the plugin's that begins. leaveIn ends it. gRPC counts
// those of each connection, and the plugin may have many.
func (c *hostConn) enterIn() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stats.ActiveIn >= int(c.calls) {
		return status.Errorf(codes.ResourceExhausted, "%d calls are under way, the limit (tenon.Limits.Calls)", c.calls)
	}
	c.stats.CallsIn++
	c.stats.ActiveIn++
	return nil
}

func (c *hostConn) leaveIn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.ActiveIn--
}

func (c *hostConn) outgoing(ctx context.Context, md metadata.MD) metadata.MD {
	if c.canExport(ctx) == nil {
		md.Set(hostKey, strconv.FormatUint(uint64(c.hostID), 10))
	}
	return md
}

func (c *hostConn) raw() Raw { return Raw{ClientConn: c.cc, Broker: c.broker} }

// explain turns the error of a call into Tenon's: one that the plugin answered
// with, or what ended the connection.
func (c *hostConn) explain(ctx context.Context, err error, contract *tenon.Contract, method string) error {
	if err == errLeaving {
		return &tenon.TransportError{Op: "call", Unsent: true, Err: errStopping}
	}
	code := status.Code(err)
	if s, _ := status.FromError(err); slices.ContainsFunc(s.Proto().GetDetails(), isIdentity) {
		return fromStatus(err, contract, method) // the plugin's own answer
	}
	if (code == codes.Unavailable || code == codes.Canceled && c.isEnded()) && ctx.Err() == nil && c.lost() {
		<-c.done
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.err
	}
	return fromStatus(err, contract, method)
}

// isEnded reports whether the end has begun: gRPC calls all canceled then.
func (c *hostConn) isEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// lost reports whether the connection has ended. A call learns of it a little
// before the connection's state does.
func (c *hostConn) lost() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	first, stopFirst := context.WithTimeout(ctx, 50*time.Millisecond)
	defer stopFirst()
	wait := first
	for {
		state := c.cc.GetState()
		switch {
		case c.isEnded(), state == connectivity.Shutdown:
			return true
		case state == connectivity.TransientFailure, state == connectivity.Idle, state == connectivity.Connecting:
			wait = ctx
		}
		if !c.cc.WaitForStateChange(wait, state) {
			return c.isEnded()
		}
	}
}
