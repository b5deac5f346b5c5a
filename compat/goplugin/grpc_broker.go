package plugin

import (
	"context"
	"errors"
	"log"
	"net"
	"sync"

	"google.golang.org/grpc"

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/internal/protocol"
)

// GRPCBroker makes further connections between a host and a plugin that speak
// gRPC, either way: for callbacks, or for interfaces as arguments and results. Each
// has an id, which one side makes up (NextId), serves (AcceptAndServe, on a goroutine),
// and tells the other, usually as an argument of a call, which dials it (Dial). It is
// given to both methods of a GRPCPlugin. Its methods are safe for concurrent use.
type GRPCBroker struct {
	broker *grpcplug.Broker
	muxed  bool

	sync.Mutex // of no use, but part of go-plugin's API
}

// Accept returns a listener for the connections that the other side makes to id.
// They are without TLS, whatever the main connection has; AcceptAndServe adds it.
// An id is to be accepted once at a time.
func (b *GRPCBroker) Accept(id uint32) (net.Listener, error) {
	l, err := b.broker.Accept(id)
	return l, b.asBrokerError(id, err)
}

// AcceptAndServe serves the server that newGRPCServer returns to the other side,
// under id, until the server is stopped or the connection has ended. Each id costs
// a listener and a connection, if they are not multiplexed: a server may have
// any number of services. What goes
// wrong is logged with package log, unless it is that the connection has ended.
func (b *GRPCBroker) AcceptAndServe(id uint32, newGRPCServer func([]grpc.ServerOption) *grpc.Server) {
	l, err := b.Accept(id)
	if err != nil {
		if !errors.Is(err, &grpcplug.Error{Problem: grpcplug.BrokerClosed}) {
			log.Printf("[ERR] plugin: plugin acceptAndServe error: %s", err)
		}
		return
	}
	defer l.Close()
	server := newGRPCServer(b.broker.ServerOptions())
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(l)
	}()
	select {
	case <-served:
	case <-b.broker.Done():
		server.Stop()
		<-served
	}
}

// Close ends the broker and all that it serves.
func (b *GRPCBroker) Close() error {
	grpcplug.CloseBroker(protocol.Within{}, b.broker)
	return nil
}

// Dial returns a connection to what the other side serves, or is about to serve,
// under id. It waits five seconds for that.
func (b *GRPCBroker) Dial(id uint32) (conn *grpc.ClientConn, err error) {
	return b.DialWithOptions(id)
}

// DialWithOptions is Dial with options.
func (b *GRPCBroker) DialWithOptions(id uint32, opts ...grpc.DialOption) (conn *grpc.ClientConn, err error) {
	conn, err = b.broker.Dial(context.Background(), id, opts...)
	return conn, b.asBrokerError(id, err)
}

// NextId returns an id that this side has not used yet, unless it has used four
// billion.
func (m *GRPCBroker) NextId() uint32 { return m.broker.NextID() }

// Run returns when the connection has ended. Nobody has to call it.
func (m *GRPCBroker) Run() { <-m.broker.Done() }
