package plugin

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"sync"
	"time"

	"github.com/tenon-go/tenon/compat/goplugin/internal/netrpc"
)

// RPCClient is a host's connection to a plugin that speaks net/rpc.
type RPCClient struct {
	session *netrpc.Session
	broker  *MuxBroker
	control *rpc.Client
	turn    chan struct{} // who has it may write to control
	plugins map[string]Plugin
	timeout time.Duration // of Close
	goes    sync.WaitGroup
	once    sync.Once
	err     error // of Close
}

// NewRPCClient makes a client of a connection, which it closes if it fails.
func NewRPCClient(conn io.ReadWriteCloser, plugins map[string]Plugin) (*RPCClient, error) {
	s, err := netrpc.Dial(conn)
	if err != nil {
		return nil, err
	}
	s.Broker.Start()
	return &RPCClient{
		session: s, broker: &MuxBroker{broker: s.Broker},
		control: rpc.NewClient(controlStream{s.Control, s}), turn: make(chan struct{}, 1),
		plugins: plugins, timeout: defaultKillTimeout,
	}, nil
}

// A controlStream ends the session when it is closed. To close a stream of yamux's
// alone waits until the other side can be told, which takes ten seconds if that does
// not read, and keeps a timer.
type controlStream struct {
	net.Conn
	of *netrpc.Session
}

func (c controlStream) Close() error { return c.of.Close() }

// SyncStreams copies what the plugin prints, until Close. It does not wait, and
// must be called once only.
func (c *RPCClient) SyncStreams(stdout io.Writer, stderr io.Writer) error {
	c.goes.Go(func() { io.Copy(stdout, c.session.Stdout) })
	c.goes.Go(func() { io.Copy(stderr, c.session.Stderr) })
	return nil
}

// Close asks the plugin to leave, and closes the connection when the plugin has
// answered. A plugin that has gone before it could answer has left.
func (c *RPCClient) Close() error {
	c.once.Do(func() {
		if c.err = c.quit(); c.err == nil {
			c.awaitOutput()
		}
		c.drop()
	})
	return c.err
}

// drop closes the connection without a word.
func (c *RPCClient) drop() {
	c.control.Close() // and with it the session
	c.session.Close()
	c.turn <- struct{}{} // who wrote has failed
	<-c.turn
}

func (c *RPCClient) quit() error {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	err := c.call(ctx, netrpc.QuitMethod, true, new(struct{}))
	if netrpc.IsEnd(err) {
		return nil
	}
	return err
}

// awaitOutput waits for what the plugin printed last. A plugin that serves on
// does not end its output.
func (c *RPCClient) awaitOutput() {
	done := make(chan struct{})
	go func() { c.goes.Wait(); close(done) }()
	select {
	case <-done:
	case <-c.session.Done():
	case <-time.After(outputTimeout):
	}
}

// outputTimeout is how long the end of the output is waited for, after the
// plugin has said that it leaves.
const outputTimeout = time.Second

// call is net/rpc's Call with an end. That writes before it waits, and a plugin that
// takes nothing can keep it from doing so until the session ends: so it is another
// goroutine that writes, one at a time.
func (c *RPCClient) call(ctx context.Context, method string, arg, reply any) error {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return noAnswer(ctx, method)
	}
	done := make(chan *rpc.Call, 1)
	go func() {
		defer func() { <-c.turn }()
		c.control.Go(method, arg, reply, done)
	}()
	select {
	case call := <-done:
		if why := c.session.Breach(); why != nil && call.Error == rpc.ErrShutdown {
			return why
		}
		return call.Error
	case <-ctx.Done():
		return noAnswer(ctx, method)
	}
}

func noAnswer(ctx context.Context, method string) error {
	return fmt.Errorf("no answer to %s: %w", method, context.Cause(ctx))
}

// Dispense returns what the named plugin's Client makes of a new connection.
func (c *RPCClient) Dispense(name string) (interface{}, error) {
	p, ok := c.plugins[name]
	if !ok {
		return nil, fmt.Errorf("unknown plugin type: %s", name)
	}
	var id uint32
	if err := c.call(context.Background(), netrpc.DispenseCall, name, &id); err != nil {
		return nil, err
	}
	conn, err := c.broker.Dial(id)
	if err != nil {
		return nil, err
	}
	return p.Client(c.broker, rpc.NewClient(conn))
}

// Ping reports whether the plugin answers.
func (c *RPCClient) Ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
	defer cancel()
	return c.call(ctx, netrpc.PingMethod, true, new(struct{}))
}

// greet asks for a first sign of life. That the plugin has no Ping is one.
func (c *RPCClient) greet(ctx context.Context) error {
	err := c.call(ctx, netrpc.PingMethod, true, new(struct{}))
	if _, answered := err.(rpc.ServerError); answered {
		return nil
	}
	return err
}

// pingTimeout bounds Ping, which has no context.
const pingTimeout = 30 * time.Second
