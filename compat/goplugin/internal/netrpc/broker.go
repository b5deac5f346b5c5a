package netrpc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
)

const (
	// patience is how long one side waits for the other to dial or to accept an
	// id. It is go-plugin's.
	patience = 5 * time.Second

	// maxPending is how many streams wait to be taken.
	maxPending = 1024
)

// ErrTimeout is what Accept returns when nobody has dialled in time. The text is
// go-plugin's.
var ErrTimeout = errors.New("timeout waiting for accept")

// ErrClosed is what a broker returns whose connection has ended.
var ErrClosed = errors.New("broker closed")

// A Broker makes further streams, each under an id that one side makes up and the
// other is told. It is safe for concurrent use.
type Broker struct {
	of   *Session
	mux  *yamux.Session
	next atomic.Uint32
	once sync.Once
	goes sync.WaitGroup

	mu      sync.Mutex
	pending map[uint32]*place
}

// A place is where a stream and who accepts it meet.
type place struct {
	stream chan *stream
	wanted int // how many wait in Accept
	expiry *time.Timer
}

func newBroker(s *Session) *Broker {
	return &Broker{of: s, mux: s.mux, pending: make(map[uint32]*place)}
}

// NextID returns an id that this side has not used yet.
func (b *Broker) NextID() uint32 { return b.next.Add(1) }

// Accept waits until the other side has dialled id, five seconds at most.
func (b *Broker) Accept(id uint32) (net.Conn, error) {
	p := b.meet(id)
	defer b.part(id, p)
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case c := <-p.stream:
		// A program has as many as it likes, and many never close what they have
		// dispensed.
		b.of.guard.Claim(c.StreamID())
		c.SetDeadline(time.Now().Add(patience))
		if err := binary.Write(c, binary.LittleEndian, id); err != nil {
			c.Close()
			return nil, err
		}
		c.SetDeadline(time.Time{})
		return c, nil
	case <-t.C:
		return nil, ErrTimeout
	case <-b.mux.CloseChan():
		if why := b.of.Breach(); why != nil {
			return nil, fmt.Errorf("%w: %w", ErrClosed, why)
		}
		return nil, ErrClosed
	}
}

func (b *Broker) meet(id uint32) *place {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.at(id)
	p.wanted++
	return p
}

// at is called with the lock held.
func (b *Broker) at(id uint32) *place {
	p := b.pending[id]
	if p == nil {
		p = &place{stream: make(chan *stream, 1)}
		b.pending[id] = p
	}
	return p
}

func (b *Broker) part(id uint32, p *place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p.wanted--
	b.clear(id, p)
}

// clear forgets a place that is of no more use. It is called with the lock held.
func (b *Broker) clear(id uint32, p *place) {
	if p.wanted > 0 || len(p.stream) > 0 || b.pending[id] != p {
		return
	}
	if p.expiry != nil {
		p.expiry.Stop()
	}
	delete(b.pending, id)
}

// Dial returns a stream to who accepts id on the other side.
func (b *Broker) Dial(id uint32) (net.Conn, error) {
	n, err := b.mux.OpenStream()
	if err != nil {
		return nil, b.of.why(err)
	}
	c := &stream{n, b.of}
	// The other side gives up first, and closes the stream.
	c.SetDeadline(time.Now().Add(2 * patience))
	var ack uint32
	err = binary.Write(c, binary.LittleEndian, id)
	if err == nil {
		err = binary.Read(c, binary.LittleEndian, &ack)
	}
	if err == nil && ack != id {
		err = fmt.Errorf("bad ack: %d (expected %d)", ack, id)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	c.SetDeadline(time.Time{})
	return c, nil
}

// Run takes the streams that the other side dials, until the connection ends.
// Only its first call does anything but wait for that.
func (b *Broker) Run() {
	b.once.Do(func() {
		for {
			c, err := b.mux.AcceptStream()
			switch {
			case err == nil:
				// One that is slow to say what it is for must not hold up the
				// others.
				b.goes.Go(func() { b.take(&stream{c, b.of}) })
			case b.mux.IsClosed():
				b.end()
				return
			}
			// Otherwise the other side has not read for some time: it is stopped,
			// perhaps by a debugger, and may go on.
		}
	})
	<-b.mux.CloseChan()
}

// Start calls Run on a goroutine that the session's Close waits for.
func (b *Broker) Start() { b.goes.Go(b.Run) }

func (b *Broker) take(c *stream) {
	var id uint32
	c.SetDeadline(time.Now().Add(patience))
	if binary.Read(c, binary.LittleEndian, &id) != nil || !b.offer(id, c) {
		c.Close()
	}
}

// offer brings a stream to its place, for as long as patience lasts.
func (b *Broker) offer(id uint32, c *stream) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mux.IsClosed() || len(b.pending) >= maxPending && b.pending[id] == nil {
		return false
	}
	c.SetDeadline(time.Time{})
	p := b.at(id)
	select {
	case p.stream <- c:
	default:
		return false // one is there already
	}
	p.expiry = time.AfterFunc(patience, func() { b.expire(id, p) })
	return true
}

// expire closes without the lock: that may take as long as to write.
func (b *Broker) expire(id uint32, p *place) {
	if c := b.unwanted(id, p); c != nil {
		c.Close()
	}
}

// unwanted takes the stream of a place where nobody waits, nil if there is none.
func (b *Broker) unwanted(id uint32, p *place) (c *stream) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.wanted == 0 {
		c = p.take()
	}
	b.clear(id, p)
	return c
}

func (p *place) take() *stream {
	select {
	case c := <-p.stream:
		return c
	default:
		return nil
	}
}

// end gives up what waits. The session has ended: to close takes no time.
func (b *Broker) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, p := range b.pending {
		if p.expiry != nil {
			p.expiry.Stop()
		}
		if c := p.take(); c != nil {
			c.Close()
		}
		delete(b.pending, id)
	}
}

// Close ends the connection.
func (b *Broker) Close() error { return b.mux.Close() }

func (b *Broker) wait() { b.goes.Wait() }
