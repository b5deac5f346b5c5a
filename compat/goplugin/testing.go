package plugin

import (
	"context"
	"io"
	"net"
	"net/rpc"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/protocol"
)

// TestOptions are for TestPluginRPCConn.
type TestOptions struct {
	// ServerStdout and ServerStderr are the server's output. Nil is none.
	ServerStdout io.ReadCloser
	ServerStderr io.ReadCloser
}

// TestConn returns the two ends of a TCP connection.
func TestConn(t testing.TB) (net.Conn, net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("err: %s", err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		defer close(accepted)
		if c, err := l.Accept(); err == nil {
			accepted <- c
		}
	}()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("err: %s", err)
	}
	server := <-accepted
	if server == nil {
		t.Fatalf("err: the connection was not accepted")
	}
	return client, server
}

// TestRPCConn returns a client and a server of net/rpc that are connected.
func TestRPCConn(t testing.TB) (*rpc.Client, *rpc.Server) {
	client, conn := TestConn(t)
	server := rpc.NewServer()
	go server.ServeConn(conn)
	return rpc.NewClient(client), server
}

// TestPluginRPCConn returns a client and a server of plugins that are connected.
func TestPluginRPCConn(t testing.TB, ps map[string]Plugin, opts *TestOptions) (*RPCClient, *RPCServer) {
	client, conn := TestConn(t)
	server := &RPCServer{Plugins: ps}
	if opts != nil {
		if opts.ServerStdout != nil {
			server.Stdout = opts.ServerStdout
		}
		if opts.ServerStderr != nil {
			server.Stderr = opts.ServerStderr
		}
	}
	go server.ServeConn(conn)
	c, err := NewRPCClient(client, ps)
	if err != nil {
		t.Fatalf("err: %s", err)
	}
	return c, server
}

// TestGRPCConn returns a client and a server of gRPC that are connected.
func TestGRPCConn(t testing.TB, register func(*grpc.Server)) (*grpc.ClientConn, *grpc.Server) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("err: %s", err)
	}
	server := grpc.NewServer()
	register(server)
	go server.Serve(l)
	conn, err := grpc.Dial(l.Addr().String(), grpc.WithBlock(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatalf("err: %s", err)
	}
	l.Close()
	return conn, server
}

// TestPluginGRPCConn returns a client and a server of plugins that are connected,
// with a broker that shares the connection if multiplex is set. The client's Close
// ends both.
func TestPluginGRPCConn(t testing.TB, multiplex bool, ps map[string]Plugin) (*GRPCClient, *GRPCServer) {
	side, err := newSide(func(string) string { return "" }, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := side.Listen(true)
	if err != nil {
		t.Fatal(err)
	}
	if multiplex {
		l = side.Share(l)
	}
	server := &GRPCServer{Plugins: ps, DoneCh: make(chan struct{}), Server: DefaultGRPCServer, side: side}
	if err := server.Init(); err != nil {
		t.Fatalf("err: %s", err)
	}
	go func() {
		server.Serve(l)
		server.Stop()
		l.Close()
	}()
	client, err := dialTest(l.Addr(), multiplex, ps)
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

func dialTest(addr net.Addr, multiplex bool, ps map[string]Plugin) (*GRPCClient, error) {
	ctx, cancel := context.WithTimeout(context.Background(), defaultStartTimeout)
	defer cancel()
	a, err := grpcplug.Protocol{Multiplex: multiplex}.Prepare(protocol.Launch{App: app, Limits: tenon.Limits{Message: 1<<31 - 1}})
	if err != nil {
		return nil, err
	}
	line := handshake.Line{Protocol: handshake.GRPC, Network: addr.Network(), Address: addr.String(), Multiplex: multiplex}
	inner, err := a.Connect(ctx, line, protocol.Setup{Stdout: discard{}, Stderr: discard{}})
	if err != nil {
		a.Close()
		return nil, err
	}
	cc, broker := grpcConn(inner)
	return &GRPCClient{
		Conn: cc, Plugins: ps, broker: &GRPCBroker{broker: broker}, timeout: 5 * time.Second,
		link: &grpcLink{inner: closing{inner, a}},
	}, nil
}

// closing is a connection that ends what was prepared for it.
type closing struct {
	protocol.Conn
	attempt protocol.Attempt
}

func (c closing) Close() error {
	err := c.Conn.Close()
	c.attempt.Close()
	return err
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Close() error                { return nil }
