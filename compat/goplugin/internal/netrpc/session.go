// Package netrpc carries the streams of go-plugin's net/rpc protocol over one
// connection.
//
// The connection is a yamux session, of which the host is the client. It opens
// three streams first, in this order: control, on which net/rpc serves Control and
// Dispenser, the plugin's standard output, and its standard error. All further
// streams, of either side, are the broker's. Each begins with an id, four bytes,
// the lowest first, which the other side sends back when somebody takes it.
package netrpc

import (
	"io"
	"net"

	"github.com/hashicorp/yamux"
)

// The methods on the control stream.
const (
	ControlName  = "Control"
	PingMethod   = "Control.Ping"
	QuitMethod   = "Control.Quit"
	DispenseName = "Dispenser"
	DispenseCall = "Dispenser.Dispense"

	// ServiceName is what each stream of the broker's serves.
	ServiceName = "Plugin"
)

// A Session is one connection. Close has to be called.
type Session struct {
	Control        net.Conn
	Stdout, Stderr net.Conn
	Broker         *Broker

	mux *yamux.Session
}

// Dial makes a session of a connection, on the host's side.
func Dial(c io.ReadWriteCloser) (*Session, error) {
	return open(c, yamux.Client, (*yamux.Session).Open)
}

// Accept makes a session of a connection, on the plugin's side.
func Accept(c io.ReadWriteCloser) (*Session, error) {
	return open(c, yamux.Server, (*yamux.Session).Accept)
}

func open(c io.ReadWriteCloser, role func(io.ReadWriteCloser, *yamux.Config) (*yamux.Session, error), next func(*yamux.Session) (net.Conn, error)) (*Session, error) {
	mux, err := role(c, config())
	if err != nil {
		c.Close()
		return nil, err
	}
	s := &Session{mux: mux}
	for _, stream := range []*net.Conn{&s.Control, &s.Stdout, &s.Stderr} {
		if *stream, err = next(mux); err != nil {
			mux.Close()
			return nil, err
		}
	}
	s.Broker = newBroker(mux)
	return s, nil
}

func config() *yamux.Config {
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	// The other side is a process of this machine: it ends, or is being debugged.
	cfg.EnableKeepAlive = false
	cfg.StreamOpenTimeout = 0
	return cfg
}

// Done is closed when the connection has ended.
func (s *Session) Done() <-chan struct{} { return s.mux.CloseChan() }

// Close ends the connection, and waits until nothing of it is left.
func (s *Session) Close() error {
	err := s.mux.Close()
	s.Broker.wait()
	return err
}
