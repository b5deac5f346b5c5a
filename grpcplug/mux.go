package grpcplug

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/hashicorp/yamux"
)

// A mux carries many connections over one. Which connection is for what is
// agreed on before it is made: the side that wants one for an id of the broker's
// knocks, and when it has the answer, opens a connection. The other side gives
// each connection that comes to the id that was knocked for the longest ago, or,
// if there is none, to those who call its services. So connections must be made
// one at a time. A nil mux carries nothing.
type mux struct {
	session *yamux.Session
	goes    sync.WaitGroup

	mu       sync.Mutex
	expected []func(net.Conn) // whom the next connections are for
	rest     chan net.Conn    // those that nobody knocked for
	closed   bool
}

// newMux makes a mux of a connection, which it closes. The side that has dialled
// is the first.
func newMux(c net.Conn, first bool) (*mux, error) {
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	// The other side is a process of this machine: it ends, or is being debugged.
	cfg.EnableKeepAlive = false
	cfg.StreamOpenTimeout = 0
	role := yamux.Server
	if first {
		role = yamux.Client
	}
	session, err := role(c, cfg)
	if err != nil {
		c.Close()
		return nil, err
	}
	m := &mux{session: session, rest: newConns()}
	m.goes.Go(m.accept)
	return m, nil
}

// waiting is how many connections may wait to be accepted by one listener.
const waiting = 16

func newConns() chan net.Conn { return make(chan net.Conn, waiting) }

func (m *mux) accept() {
	for {
		c, err := m.session.Accept()
		if err != nil {
			m.end()
			return
		}
		m.give(c)
	}
}

// give brings a connection to whom it is for. Nobody waits for one who does not
// take it.
func (m *mux) give(c net.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.expected) > 0 {
		take := m.expected[0]
		m.expected = m.expected[1:]
		take(c)
		return
	}
	select {
	case m.rest <- c:
	default:
		c.Close()
	}
}

// expect says whom the next connection is for. It reports false if too many are
// expected already.
func (m *mux) expect(take func(net.Conn)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.expected) >= maxPending {
		return false
	}
	m.expected = append(m.expected, take)
	return true
}

// dial makes a connection.
func (m *mux) dial(ctx context.Context) (net.Conn, error) { return m.open(ctx, func() {}) }

// open makes a connection, and calls settled when it is made, or will not be. That
// may be later than open returns: the other side can keep a connection from being
// made, and what was not wanted any more is closed when it is.
func (m *mux) open(ctx context.Context, settled func()) (net.Conn, error) {
	made := make(chan net.Conn)
	failed := make(chan error, 1)
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		settled()
		return nil, errNoSession
	}
	m.goes.Go(func() {
		defer settled()
		c, err := m.session.Open()
		if err != nil {
			failed <- err
			return
		}
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

// end is called by the one who gives.
func (m *mux) end() {
	close(m.rest)
	for c := range m.rest {
		c.Close()
	}
}

func (m *mux) close() {
	if m == nil {
		return
	}
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.session.Close()
	m.goes.Wait()
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

var errNoSession = errors.New("the connection that all others share has ended")

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
	return l.Listener.Close()
}

// end ends the session too.
func (l *muxListener) end() {
	l.Close()
	l.once.Do(func() { l.err = net.ErrClosed; close(l.made) })
	<-l.made
	l.mux.close()
}
