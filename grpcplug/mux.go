package grpcplug

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/hashicorp/yamux"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/yamuxguard"
)

// A mux carries many connections over one. Which connection is for what is
// agreed on before it is made: the side that wants one for an id of the broker's
// knocks, and when it has the answer, opens a connection. The other side gives
// each connection that comes to the id that was knocked for the longest ago, or,
// if there is none, to those who call its services. So connections must be made
// one at a time. A nil mux carries nothing.
type mux struct {
	session *yamux.Session
	guard   *yamuxguard.Guard
	goes    sync.WaitGroup

	mu       sync.Mutex
	expected []taker       // whom the next connections are for
	rest     chan net.Conn // those that nobody knocked for; nil: they are refused
	deaf     bool          // they are refused from now on
	closed   bool
}

// A taker is given a connection, and reports whether it wants it. It must not wait.
type taker func(net.Conn) bool

// muxPatience is how long a connection that this side has closed waits for the
// other to close it too. yamux's own would be five minutes. What the other side has
// not read by the end is lost.
const muxPatience = patience

// newMux makes a mux of a connection, which it closes. The side that has dialled
// is the first. Nobody but the first opens a connection without a knock.
func newMux(c net.Conn, first bool) (*mux, error) {
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	// The other side is a process of this machine: it ends, or is being debugged.
	cfg.EnableKeepAlive = false
	cfg.StreamOpenTimeout = 0
	cfg.StreamCloseTimeout = muxPatience
	role := yamux.Server
	if first {
		role = yamux.Client
	}
	guard := yamuxguard.New(c, first)
	session, err := role(guard, cfg)
	if err != nil {
		c.Close()
		return nil, err
	}
	m := &mux{session: session, guard: guard}
	if !first {
		m.rest = newConns()
	}
	m.goes.Go(m.accept)
	return m, nil
}

// waiting is how many connections may wait to be accepted by one listener.
const waiting = 16

func newConns() chan net.Conn { return make(chan net.Conn, waiting) }

func (m *mux) accept() {
	for {
		c, err := m.session.AcceptStream()
		if err != nil {
			m.session.Close() // it is not for its end alone that it accepts none
			m.end()
			return
		}
		m.give(c)
	}
}

// give brings a connection to whom it is for. Nobody waits for one who does not
// take it. It is closed without the lock: to close one may take as long as to
// write.
func (m *mux) give(s *yamux.Stream) {
	c := &muxConn{Conn: s, of: m}
	if m.next()(c) {
		return
	}
	if m.guard.Refuse(s.StreamID()) != nil {
		m.session.Close()
	}
	c.Close()
}

// next returns who gets the next connection.
func (m *mux) next() taker {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.expected) == 0 {
		return m.keep
	}
	take := m.expected[0]
	m.expected = m.expected[1:]
	return take
}

func (m *mux) keep(c net.Conn) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.deaf {
		return false
	}
	select {
	case m.rest <- c:
		return true
	default:
		return false
	}
}

// refuseRest closes the connections that nobody knocked for and nobody has taken,
// and those that come: gRPC's client waits twenty seconds for a server to say
// something before it gives up a connection that was made.
func (m *mux) refuseRest() {
	if m == nil {
		return
	}
	m.mu.Lock()
	m.deaf = true
	m.mu.Unlock()
	for {
		select {
		case c, ok := <-m.rest:
			if !ok {
				return
			}
			c.Close()
		default:
			return
		}
	}
}

// expect says whom the next connection is for, unless too many are expected
// already.
func (m *mux) expect(take taker) error {
	if m == nil {
		return errNoSession
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.expected) >= maxPending {
		return errManyExpected
	}
	m.expected = append(m.expected, take)
	return nil
}

// dial makes a connection.
func (m *mux) dial(ctx context.Context) (net.Conn, error) { return m.open(ctx, func() {}) }

// open makes a connection, and calls settled when it is made, or will not be. That
// may be later than open returns: the other side can keep a connection from being
// made, and what was not wanted any more is closed when it is.
func (m *mux) open(ctx context.Context, settled func()) (net.Conn, error) {
	if m == nil {
		settled()
		return nil, errNoSession
	}
	made := make(chan net.Conn)
	failed := make(chan error, 1)
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		settled()
		return nil, m.why(errNoSession)
	}
	m.goes.Go(func() {
		defer settled()
		s, err := m.session.Open()
		if err != nil {
			failed <- m.why(err)
			return
		}
		c := &muxConn{Conn: s, of: m}
		select {
		case made <- c:
		case <-ctx.Done():
			c.Close()
		}
	})
	m.mu.Unlock()
	select {
	case c := <-made:
		return c, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// why returns why the session was ended if the other side is to blame for it, and
// otherwise err.
func (m *mux) why(err error) error {
	if m != nil {
		if why := m.guard.Err(); why != nil {
			return &Error{Problem: BadBrokerMessage, What: "the connection that all others share", Err: why}
		}
	}
	return err
}

// verdict returns what a host is told of the end of the session: that the plugin
// broke a rule, if it did, and otherwise err.
func (m *mux) verdict(err error) error {
	if why := m.why(nil); why != nil {
		return &tenon.TransportError{Op: "protocol", Err: why}
	}
	return err
}

// end is called by the one who gives.
func (m *mux) end() {
	if m.rest == nil {
		return
	}
	close(m.rest)
	for c := range m.rest {
		c.Close()
	}
}

func (m *mux) close() {
	if m == nil {
		return
	}
	m.session.Close() // first: it ends what others wait for
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.goes.Wait()
}

// A muxConn is one of the connections of a mux.
type muxConn struct {
	net.Conn
	of   *mux
	once sync.Once
}

// Read implements net.Conn.
func (c *muxConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		err = c.of.why(err)
	}
	return n, err
}

// Close implements net.Conn. It does not wait until the other side can be told,
// which takes ten seconds if that does not read.
func (c *muxConn) Close() error {
	c.once.Do(func() {
		c.of.mu.Lock()
		defer c.of.mu.Unlock()
		if !c.of.closed {
			c.of.goes.Go(func() { c.Conn.Close() })
		}
	})
	return nil
}

// A muxListener takes the connections that nobody knocked for: the plugin's main
// listener. The session is that of the first who connects.
type muxListener struct {
	net.Listener
	made chan struct{} // closed when mux is set, or will not be
	shut chan struct{} // closed when no more are taken
	mux  *mux
	once sync.Once
	err  error

	closing sync.Once
}

func newMuxListener(l net.Listener) *muxListener {
	return &muxListener{Listener: l, made: make(chan struct{}), shut: make(chan struct{})}
}

var (
	errNoSession    = errors.New("the connection that all others share has ended")
	errManyExpected = errors.New("too many connections are expected")
)

func (l *muxListener) Accept() (net.Conn, error) {
	l.once.Do(func() {
		defer close(l.made)
		c, err := l.Listener.Accept()
		if err == nil {
			l.mux, err = newMux(c, false)
		}
		l.err = err
	})
	if l.err != nil {
		return nil, l.err
	}
	if l.isShut() {
		l.mux.refuseRest() // Close may have come before there was a session
		return nil, net.ErrClosed
	}
	select {
	case c, ok := <-l.mux.rest:
		if ok {
			return c, nil
		}
		return nil, errNoSession
	case <-l.shut:
		return nil, net.ErrClosed
	}
}

// Close ends Accept. The session goes on: gRPC closes its listeners before it lets
// calls end, and these are on it.
func (l *muxListener) Close() error {
	l.closing.Do(func() { close(l.shut) })
	select {
	case <-l.made:
		l.mux.refuseRest()
	default:
	}
	return l.Listener.Close()
}

func (l *muxListener) isShut() bool {
	select {
	case <-l.shut:
		return true
	default:
		return false
	}
}

// end ends the session too.
func (l *muxListener) end() {
	l.Close()
	l.once.Do(func() { l.err = net.ErrClosed; close(l.made) })
	<-l.made
	l.mux.close()
}
