package grpcplug

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
)

// ClientConn returns what the stubs of any protobuf service can be made on, for
// the services that the other side of conn offers: those of a [Contract], those
// of a [Registrar], and also contracts whose messages a .proto describes.
//
// Where the connection speaks the native protocol, calls behave as gRPC's do:
// metadata, headers and trailers, status details, deadlines, cancellation. What
// a [grpc.CallOption] asks of HTTP/2 or of a network (compression, waiting for a
// connection, retries) has no effect; one that asks for another encoding than
// protobuf's fails the call. How large a message may be is what the receiver's
// [tenon.Limits] say, not gRPC's 4 MiB, unless an option says less.
func ClientConn(conn tenon.Conn, opts ...ClientOptions) grpc.ClientConnInterface {
	if cc, ok := overItself(conn, nil); ok {
		return intercept(cc, opts)
	}
	return intercept(&stubConn{conn: conn}, opts)
}

// overItself returns gRPC's own connection where that is what conn speaks. The
// contract may be nil.
func overItself(conn tenon.Conn, contract *tenon.Contract) (grpc.ClientConnInterface, bool) {
	if cc, ok := conn.(grpc.ClientConnInterface); ok {
		return cc, true
	}
	c, ok := behind(conn).(*hostConn)
	if !ok {
		return nil, false // also in a plugin, which calls its host by way of the broker
	}
	return &identified{c.cc, c, contract}, true
}

// A stubConn is gRPC's idea of a connection, on one of the native protocol.
type stubConn struct {
	conn  tenon.Conn
	known map[string]stubTarget // by path; not written to

	mu    sync.Mutex
	found map[string]stubTarget // those that were asked for besides
}

// A stubTarget is a method that can be called.
type stubTarget struct {
	ref    *tenon.Ref
	method int
}

var _ grpc.ClientConnInterface = (*stubConn)(nil)

// Invoke implements [grpc.ClientConnInterface].
func (c *stubConn) Invoke(ctx context.Context, path string, args, reply any, opts ...grpc.CallOption) error {
	if len(opts) == 0 || isOption(onlyOne(opts), "StaticMethodCallOption") {
		// Today's stubs give that option, which says nothing to us, to every call.
		return c.invoke(ctx, path, args, reply, nil)
	}
	set, err := newCallSettings(opts)
	if err == nil {
		err = c.invoke(ctx, path, args, reply, set)
		set.finish(err)
	}
	return err
}

// invoke is a call with one question and one answer.
func (c *stubConn) invoke(ctx context.Context, path string, args, reply any, set *callSettings) error {
	s, err := c.open(ctx, path, tenon.Method{}, set)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := encodeProto(s.Out(), args, set.maxSend()); err != nil {
		return err
	}
	in, err := s.Call()
	if err != nil {
		s.Close() // a call that could not be sent has not ended by itself
	}
	if set != nil {
		set.collect(s)
	}
	if err != nil {
		return stubStatus(err)
	}
	return decodeProto(in, reply, set.maxReceive())
}

// open begins a call, whose method has the given kinds of streams.
func (c *stubConn) open(ctx context.Context, path string, kind tenon.Method, set *callSettings) (tenon.Stream, error) {
	t, ok := c.known[path]
	if !ok {
		var err error
		if t, err = c.find(path, kind); err != nil {
			return nil, err
		}
	}
	ctx, err := outgoingContext(ctx, path, set.credentials())
	if err != nil {
		return nil, err
	}
	s, err := t.ref.Open(ctx, t.method)
	return s, stubStatus(err)
}

// find makes a target of a path that is none of the contract's.
func (c *stubConn) find(path string, kind tenon.Method) (stubTarget, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.found[path]; ok {
		return t, nil
	}
	service, method, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok {
		return stubTarget{}, status.Errorf(codes.Unimplemented, "%q is no method: it wants the form /package.Service/Method", path)
	}
	methods, ok := c.conn.Offers(service)
	if !ok {
		return stubTarget{}, status.Errorf(codes.Unimplemented, "unknown service %s: the other side does not offer it", service)
	}
	if !slices.Contains(methods, method) {
		return stubTarget{}, status.Errorf(codes.Unimplemented, "unknown method %s for service %s: the other side does not offer it; it may be older", method, service)
	}
	// Only what is offered is kept, so that nobody's guesses are.
	kind.Name = method
	contract := &tenon.Contract{Name: service, Methods: []tenon.Method{kind}, Errors: errorDefs(nil)}
	t := stubTarget{tenon.NewRef(c.conn, contract, 0, false), 0}
	if c.found == nil {
		c.found = make(map[string]stubTarget)
	}
	c.found[path] = t
	return t, nil
}

// String names the connection, for messages.
func (c *stubConn) String() string { return fmt.Sprintf("grpcplug.ClientConn(%T)", c.conn) }
