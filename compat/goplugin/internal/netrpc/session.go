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
	"errors"
	"io"
	"net"
	"time"

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
	// Not DefaultConfig, which looks at os.Stderr: a plugin that is served by a
	// test replaces it. There are no keepalives, because the other side is a
	// process of this machine: it ends, or is being debugged.
	return &yamux.Config{
		AcceptBacklog:          256,
		KeepAliveInterval:      time.Minute, // must be set
		ConnectionWriteTimeout: 10 * time.Second,
		MaxStreamWindowSize:    256 << 10,
		StreamCloseTimeout:     5 * time.Minute,
		LogOutput:              io.Discard,
	}
}

// IsEnd reports whether err is that the connection has ended, which a call may
// learn when it reads or when it writes.
func IsEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, yamux.ErrSessionShutdown) ||
		errors.Is(err, yamux.ErrConnectionReset)
}

// Done is closed when the connection has ended.
func (s *Session) Done() <-chan struct{} { return s.mux.CloseChan() }

// Close ends the connection, and waits until nothing of it is left.
func (s *Session) Close() error {
	err := s.mux.Close()
	s.Broker.wait()
	return err
}
