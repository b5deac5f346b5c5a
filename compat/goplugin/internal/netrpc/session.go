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

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/internal/yamuxguard"
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

	mux   *yamux.Session
	guard *yamuxguard.Guard
}

// Dial makes a session of a connection, on the host's side.
func Dial(c io.ReadWriteCloser) (*Session, error) { return open(c, true, closePatience) }

// Accept makes a session of a connection, on the plugin's side.
func Accept(c io.ReadWriteCloser) (*Session, error) { return open(c, false, closePatience) }

func open(c io.ReadWriteCloser, host bool, patience time.Duration) (*Session, error) {
	role, next := yamux.Server, (*yamux.Session).AcceptStream
	if host {
		role, next = yamux.Client, (*yamux.Session).OpenStream
	}
	guard := yamuxguard.New(c, host)
	mux, err := role(guard, config(patience))
	if err != nil {
		c.Close()
		return nil, err
	}
	s := &Session{mux: mux, guard: guard}
	for _, to := range []*net.Conn{&s.Control, &s.Stdout, &s.Stderr} {
		n, err := next(mux)
		if err != nil {
			mux.Close()
			return nil, s.why(err)
		}
		guard.Claim(n.StreamID())
		*to = &stream{n, s}
	}
	s.Broker = newBroker(s)
	return s, nil
}

func config(patience time.Duration) *yamux.Config {
	// Not DefaultConfig, which looks at os.Stderr: a plugin that is served by a
	// test replaces it. There are no keepalives, because the other side is a
	// process of this machine: it ends, or is being debugged.
	return &yamux.Config{
		AcceptBacklog:          yamuxguard.MostOpening,
		KeepAliveInterval:      time.Minute, // must be set
		ConnectionWriteTimeout: 10 * time.Second,
		MaxStreamWindowSize:    256 << 10,
		StreamCloseTimeout:     patience,
		LogOutput:              io.Discard,
	}
}

// closePatience is how long a stream that this side has closed waits for the other to
// close it too. It is kept for as long, with a timer that outlives the session. yamux's
// own, which is go-plugin's, is five minutes: too much for a host that starts and kills
// plugins all day, or is dialled for nothing. What the other side has not read by the
// end is lost, and it may be a slow reader of something long, so it is not a second.
const closePatience = 30 * time.Second

// A stream is one of the session's. It knows why that has ended.
type stream struct {
	*yamux.Stream
	of *Session
}

// Read implements net.Conn.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Stream.Read(b)
	return n, s.of.why(err)
}

// Write implements net.Conn.
func (s *stream) Write(b []byte) (int, error) {
	n, err := s.Stream.Write(b)
	return n, s.of.why(err)
}

// why returns what an error comes of: that the other side has broken a rule, if it
// did, and otherwise err.
func (s *Session) why(err error) error {
	if err == nil {
		return nil
	}
	if why := s.Breach(); why != nil {
		return why
	}
	return err
}

// Breach returns a *grpcplug.Error that says which rule of the protocol the other side
// has broken, for which the session was ended, or nil.
func (s *Session) Breach() error {
	if why := s.guard.Err(); why != nil {
		return &grpcplug.Error{Problem: grpcplug.BadBrokerMessage, What: "the yamux session of net/rpc", Err: why}
	}
	return nil
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
