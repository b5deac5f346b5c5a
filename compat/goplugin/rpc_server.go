package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/rpc"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenon-go/tenon/compat/goplugin/internal/netrpc"
)

// RPCServer serves plugins over net/rpc.
type RPCServer struct {
	// Plugins are what is served, by name.
	Plugins map[string]Plugin

	// Stdout and Stderr are what the host gets as the plugin's output. Nil is
	// none.
	Stdout io.Reader
	Stderr io.Reader

	// DoneCh, if not nil, is closed when the host has asked the plugin to leave,
	// or Serve has ended.
	DoneCh chan<- struct{}

	lock   sync.Mutex
	flush  func() // sees that the output has been read
	conns  map[io.Closer]bool
	closed bool
	goes   sync.WaitGroup
}

// Init does nothing.
func (s *RPCServer) Init() error { return nil }

// Config returns nothing.
func (s *RPCServer) Config() string { return "" }

// Serve serves each connection to a listener until that is closed.
func (s *RPCServer) Serve(lis net.Listener) {
	defer s.done()
	for {
		c, err := lis.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				log.Printf("[ERR] plugin: plugin server: %s", err)
			}
			return
		}
		s.spawn(c)
	}
}

// spawn serves a connection, unless the server has been closed.
func (s *RPCServer) spawn(c net.Conn) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.closed {
		c.Close()
		return
	}
	s.goes.Go(func() { s.ServeConn(c) })
}

// ServeConn serves one connection, until it ends.
func (s *RPCServer) ServeConn(conn io.ReadWriteCloser) {
	defer conn.Close()
	if !s.enter(conn) {
		return
	}
	defer s.leave(conn)
	session, err := netrpc.Accept(conn)
	if err != nil {
		if !netrpc.IsEnd(err) && !errors.Is(err, net.ErrClosed) {
			log.Printf("[ERR] plugin: error accepting a connection: %s", err)
		}
		return
	}
	defer session.Close()
	session.Broker.Start()
	var copies sync.WaitGroup
	copies.Go(func() { feed(session.Stdout, s.Stdout) })
	copies.Go(func() { feed(session.Stderr, s.Stderr) })
	control := &controlConn{Conn: session.Control}
	control.quit = func() { s.quit(&copies) }
	// The host hangs up when it has the answer. If the plugin did, a host that has
	// something to say at that moment could lose the answer with the connection.
	control.answered = func() { time.AfterFunc(endTimeout, s.done) }
	broker := &MuxBroker{broker: session.Broker}
	server := rpc.NewServer()
	server.RegisterName(netrpc.ControlName, &controlServer{control})
	server.RegisterName(netrpc.DispenseName, &dispenseServer{broker, s.Plugins})
	server.ServeConn(control)
	if control.quitting.Load() {
		s.done()
	}
	if err := session.Breach(); err != nil {
		log.Printf("[ERR] plugin: the connection was ended: %s", err)
	}
}

// feed copies output, and tells the host when there will be no more.
func feed(dst net.Conn, src io.Reader) {
	if src != nil {
		io.Copy(dst, src)
		dst.Close()
	}
}

// enter keeps a connection, to be closed with the server.
func (s *RPCServer) enter(c io.Closer) bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.conns == nil {
		s.conns = make(map[io.Closer]bool)
	}
	s.conns[c] = true
	return !s.closed
}

func (s *RPCServer) leave(c io.Closer) {
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.conns, c)
}

// quit sees that the host has the output before the answer.
func (s *RPCServer) quit(copies *sync.WaitGroup) {
	if s.flush == nil {
		return
	}
	s.flush()
	copied := make(chan struct{})
	go func() { copies.Wait(); close(copied) }()
	select {
	case <-copied:
	case <-time.After(finishTimeout):
	}
}

// done tells that the server is to end.
func (s *RPCServer) done() {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.DoneCh != nil {
		close(s.DoneCh)
		s.DoneCh = nil
	}
}

// close ends all connections.
func (s *RPCServer) close(ctx context.Context) {
	s.lock.Lock()
	s.closed = true
	for c := range s.conns {
		c.Close()
	}
	s.lock.Unlock()
	ended := make(chan struct{})
	go func() { s.goes.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// A controlConn knows when the answer to the request to leave has been sent: a
// plugin that exits before has hosts take it for crashed.
type controlConn struct {
	net.Conn
	quit     func()
	answered func()
	quitting atomic.Bool
}

func (c *controlConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if c.quitting.Load() {
		c.answered()
	}
	return n, err
}

// A controlServer is the service Control. Its methods are called by name.
type controlServer struct{ conn *controlConn }

// Ping answers.
func (c *controlServer) Ping(_ bool, _ *struct{}) error { return nil }

// Quit ends the server.
func (c *controlServer) Quit(_ bool, _ *struct{}) error {
	c.conn.quit()
	c.conn.quitting.Store(true)
	return nil
}

// A dispenseServer is the service Dispenser.
type dispenseServer struct {
	broker  *MuxBroker
	plugins map[string]Plugin
}

// Dispense serves a new instance of the named plugin on a connection of the
// broker's, and returns its id.
func (d *dispenseServer) Dispense(name string, response *uint32) error {
	p, ok := d.plugins[name]
	if !ok {
		return fmt.Errorf("unknown plugin type: %s", name)
	}
	impl, err := p.Server(d.broker)
	if err != nil {
		return errors.New(err.Error()) // net/rpc has only texts
	}
	id := d.broker.NextId()
	*response = id
	go d.serve(name, id, impl)
	return nil
}

func (d *dispenseServer) serve(name string, id uint32, impl any) {
	c, err := d.broker.Accept(id)
	if err != nil {
		log.Printf("[ERR] go-plugin: plugin dispense error: %s: %s", name, err)
		return
	}
	serveRPC(c, impl)
}
