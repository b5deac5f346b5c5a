// Package yamuxguard bounds what the other side of a yamux session can make the
// session keep, or believe.
//
// yamux starts a goroutine for each ping, keeps each connection that is announced,
// however many there are, and lets what may be sent wrap around to nothing. What
// passes a bound here fails the reading, which ends the session.
package yamuxguard

import (
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
)

const (
	// MostStreams is how many connections the other side may have open at a time,
	// but for those that this side has said that it wants. Each can cost what its
	// window has, 256 KiB.
	MostStreams = 1024

	// MostRefused is how many of them may be of those that nobody wanted. They are
	// closed, but stay until the other side has closed them too, or the session
	// gives them up.
	MostRefused = 64

	// MostOpening is how many of them may wait for the answer that they are there.
	// It is yamux's own: who keeps to it waits with more.
	MostOpening = 256

	// MostPings is how many pings may wait for their answer. A side that keeps a
	// connection alive sends the next when it has the last one's.
	MostPings = 64

	// firstWindow is what either side may send on a connection before it is told
	// that it may send more.
	firstWindow = 256 << 10
)

// An Error says which rule the other side has broken.
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

// A Guard is the connection below a session. It passes on what it sees, and looks at
// the headers only.
type Guard struct {
	io.ReadWriteCloser
	odd     uint32 // the lowest bit of the other side's ids
	in, out frames
	why     atomic.Pointer[Error] // what has passed a bound

	mu      sync.Mutex
	pings   int
	theirs  int // of the streams, those that the other side has opened and nobody claimed
	opening int
	refused int
	streams map[uint32]*stream
}

// A stream is what is known of a connection.
type stream struct {
	window   uint64  // what this side may send
	ended    [2]bool // what they, and we, send
	ours     bool    // this side has opened it
	answered bool
	refused  bool
	claimed  bool
}

// New returns a guard of what a session is to be made of. The first side is yamux's
// client.
func New(c io.ReadWriteCloser, first bool) *Guard {
	g := &Guard{ReadWriteCloser: c, streams: map[uint32]*stream{}}
	if !first {
		g.odd = 1
	}
	return g
}

// Read implements io.Reader. One reads at a time.
func (g *Guard) Read(b []byte) (int, error) {
	if why := g.why.Load(); why != nil {
		return 0, why
	}
	n, err := g.ReadWriteCloser.Read(b)
	if wrong := g.in.each(b[:n], g.heard); wrong != nil {
		return 0, wrong
	}
	return n, err
}

// Write implements io.Writer. One writes at a time.
func (g *Guard) Write(b []byte) (int, error) {
	answered := 0
	g.out.each(b, func(h *header) error {
		switch {
		case h.kind() != typePing:
			g.said(h) // before the other side can know, who may answer before this returns
		case h.flags()&flagAck != 0:
			answered++
		}
		return nil
	})
	n, err := g.ReadWriteCloser.Write(b)
	if answered > 0 && err == nil {
		g.mu.Lock()
		g.pings -= answered
		g.mu.Unlock()
	}
	return n, err
}

// heard counts what a header of the other side's announces.
func (g *Guard) heard(h *header) error {
	if h.version() != 0 {
		return nil // what is not yamux's the session refuses by itself
	}
	if h.flags() == 0 && h.kind() != typeWindow {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	opens := h.flags()&flagOpen != 0
	if h.kind() == typePing {
		if opens {
			g.pings++
		}
		if g.pings > MostPings {
			return g.fail("it does not wait for the answers to %d pings", MostPings)
		}
		return nil
	}
	if opens {
		if err := g.opened(h.id()); err != nil {
			return err
		}
	}
	if err := g.widens(h); err != nil {
		return err
	}
	g.ends(h, 0)
	return nil
}

// said notes what a header of this side's says.
func (g *Guard) said(h *header) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.streams[h.id()]
	if s == nil {
		if h.flags()&flagOpen == 0 {
			return
		}
		s = &stream{window: firstWindow, ours: true, answered: true}
		g.streams[h.id()] = s
	}
	if h.kind() == typeData {
		s.window -= min(s.window, uint64(h.length()))
	}
	if !s.answered && h.flags()&flagAck != 0 {
		s.answered = true
		g.opening--
	}
	g.ends(h, 1)
}

func (g *Guard) opened(id uint32) error {
	switch {
	case id == 0 || id&1 != g.odd:
		return g.fail("it opens connection %d, whose number is not its own to give", id)
	case g.streams[id] != nil:
		return g.fail("it opens connection %d twice", id)
	case g.theirs >= MostStreams:
		return g.fail("it opens more than %d connections at a time", MostStreams)
	case g.opening >= MostOpening:
		return g.fail("it opens connections, and does not wait for the answers to %d", MostOpening)
	}
	g.opening++
	g.theirs++
	g.streams[id] = &stream{window: firstWindow}
	return nil
}

// widens notes that this side may send more. A session counts it in 32 bits: what
// wraps around there would keep it from writing for ever.
func (g *Guard) widens(h *header) error {
	s := g.streams[h.id()]
	if s == nil || h.kind() != typeWindow {
		return nil
	}
	if s.window += uint64(h.length()); s.window > math.MaxUint32 {
		return g.fail("it says that it takes %d bytes on connection %d, which is more than a session can count", s.window, h.id())
	}
	return nil
}

// ends notes that one side, 0 for the other and 1 for this, ends a connection.
func (g *Guard) ends(h *header, side int) {
	s := g.streams[h.id()]
	if s == nil {
		return
	}
	s.ended[side] = s.ended[side] || h.flags()&flagClose != 0
	if h.flags()&flagReset == 0 && s.ended != [2]bool{true, true} {
		return
	}
	delete(g.streams, h.id())
	if !s.answered {
		g.opening--
	}
	if s.refused {
		g.refused--
	}
	if !s.ours && !s.claimed {
		g.theirs--
	}
}

// Refuse counts a connection that nobody wants. The caller has to close it, and the
// session too if there is an error.
func (g *Guard) Refuse(id uint32) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.streams[id]
	if s == nil || s.refused {
		return nil
	}
	s.refused = true
	if g.refused++; g.refused > MostRefused {
		return g.fail("it opens connections that nobody wants, and closes none of %d", MostRefused)
	}
	return nil
}

// Claim says that this side wants a connection: it counts no more.
func (g *Guard) Claim(id uint32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.streams[id]; s != nil && !s.ours && !s.claimed {
		s.claimed = true
		g.theirs--
	}
}

// Counted returns how many connections of the other side's count.
func (g *Guard) Counted() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.theirs
}

// fail keeps the first reason.
func (g *Guard) fail(format string, args ...any) error {
	g.why.CompareAndSwap(nil, &Error{fmt.Sprintf(format, args...)})
	return g.why.Load()
}

// Err returns what has passed a bound, nil if nothing has.
func (g *Guard) Err() *Error { return g.why.Load() }

// LocalAddr returns the connection's, if it has one.
func (g *Guard) LocalAddr() net.Addr {
	if c, ok := g.ReadWriteCloser.(interface{ LocalAddr() net.Addr }); ok {
		return c.LocalAddr()
	}
	return nowhere{}
}

// RemoteAddr returns the connection's, if it has one.
func (g *Guard) RemoteAddr() net.Addr {
	if c, ok := g.ReadWriteCloser.(interface{ RemoteAddr() net.Addr }); ok {
		return c.RemoteAddr()
	}
	return nowhere{}
}

// nowhere is the address of what has none.
type nowhere struct{}

func (nowhere) Network() string { return "yamux" }
func (nowhere) String() string  { return "yamux" }
