package grpcplug

import (
	"net"
	"sync"
)

// maxConns is how many connections the other side may have at a time to one id of
// the broker. It needs one.
const maxConns = 64

// A trackedListener knows the connections that it has accepted, so that they can
// be closed: gRPC's server does not stop before each new connection has said what
// it is, and gives it two minutes for that.
type trackedListener struct {
	net.Listener
	most int // connections at a time; 0 is no limit

	mu     sync.Mutex
	conns  map[*trackedConn]bool // whether it has said anything
	closed bool
}

func newTracked(l net.Listener, most int) *trackedListener {
	return &trackedListener{Listener: l, most: most, conns: map[*trackedConn]bool{}}
}

// Accept implements net.Listener. What is beyond the limit is closed.
func (l *trackedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if t := l.admit(c); t != nil {
			return t, nil
		}
		c.Close()
	}
}

func (l *trackedListener) admit(c net.Conn) *trackedConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.most > 0 && len(l.conns) >= l.most {
		return nil
	}
	t := &trackedConn{Conn: c, of: l}
	l.conns[t] = false
	return t
}

// Close accepts no more, and closes the connections that have not said anything.
func (l *trackedListener) Close() error {
	l.hangUp(func(spoken bool) bool { return !spoken })
	return l.Listener.Close()
}

// drop closes all connections too.
func (l *trackedListener) drop() {
	l.hangUp(func(bool) bool { return true })
	l.Listener.Close()
}

func (l *trackedListener) hangUp(which func(spoken bool) bool) {
	l.mu.Lock()
	l.closed = true
	var list []*trackedConn
	for c, spoken := range l.conns {
		if which(spoken) {
			list = append(list, c)
		}
	}
	l.mu.Unlock()
	for _, c := range list {
		c.Close()
	}
}

type trackedConn struct {
	net.Conn
	of   *trackedListener
	once sync.Once
}

func (c *trackedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.once.Do(c.spoke)
	}
	return n, err
}

func (c *trackedConn) spoke() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	if _, there := c.of.conns[c]; there {
		c.of.conns[c] = true
	}
}

func (c *trackedConn) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
