package plugin

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// GRPCClient is a host's connection to a plugin that speaks gRPC. It is what
// Client.Client returns then.
type GRPCClient struct {
	// Conn is the connection, for services that no Plugin knows of.
	Conn *grpc.ClientConn

	// Plugins are what can be dispensed, by name.
	Plugins map[string]Plugin

	doneCtx context.Context // ends with the plugin
	broker  *GRPCBroker
	link    *grpcLink
	timeout time.Duration // of Close
}

const shutdownMethod = "/plugin.GRPCController/Shutdown"

// Close ends the broker, asks the plugin to leave, and closes the connection. A
// plugin that cannot be asked, or does not answer in time, is no error: who wants
// it gone kills it.
func (c *GRPCClient) Close() error {
	if err := c.close(); status.Code(err) != codes.DeadlineExceeded {
		return err
	}
	return nil
}

// close is Close, but that no answer is an error.
func (c *GRPCClient) close() error {
	if c.link != nil && c.link.link != nil {
		c.link.link.leaving.Store(true)
	}
	if c.broker != nil {
		c.broker.Close()
	}
	ctx, cancel := context.WithTimeout(orBackground(c.doneCtx), orDefault(c.timeout, defaultKillTimeout))
	defer cancel()
	err := c.Conn.Invoke(ctx, shutdownMethod, new(emptypb.Empty), new(emptypb.Empty))
	if c.link == nil {
		return c.Conn.Close()
	}
	switch status.Code(err) {
	case codes.OK, codes.Unavailable:
		c.link.awaitOutput()
	case codes.DeadlineExceeded:
		c.link.close()
		return err
	}
	return c.link.close()
}

func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

func orDefault(d, other time.Duration) time.Duration {
	if d <= 0 {
		return other
	}
	return d
}

// Dispense returns what the named plugin's GRPCClient makes of the connection.
func (c *GRPCClient) Dispense(name string) (interface{}, error) {
	raw, ok := c.Plugins[name]
	if !ok {
		return nil, fmt.Errorf("unknown plugin type: %s", name)
	}
	p, ok := raw.(GRPCPlugin)
	if !ok {
		return nil, fmt.Errorf("plugin %q doesn't support gRPC", name)
	}
	return p.GRPCClient(orBackground(c.doneCtx), c.broker, c.Conn)
}

// Ping reports whether the plugin's health service says that it serves.
func (c *GRPCClient) Ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
	defer cancel()
	r, err := grpc_health_v1.NewHealthClient(c.Conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: GRPCServiceName})
	if err != nil {
		return err
	}
	if r.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		return status.Errorf(codes.Unavailable, "the plugin answers, but its health is %s", r.Status)
	}
	return nil
}
