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
	mux  *yamux.Session
	next atomic.Uint32
	once sync.Once
	goes sync.WaitGroup

	mu      sync.Mutex
	pending map[uint32]*place
}

// A place is where a stream and who accepts it meet.
type place struct {
	stream chan net.Conn
	wanted int // how many wait in Accept
	expiry *time.Timer
}

func newBroker(m *yamux.Session) *Broker {
	return &Broker{mux: m, pending: make(map[uint32]*place)}
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
		p = &place{stream: make(chan net.Conn, 1)}
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
	c, err := b.mux.OpenStream()
	if err != nil {
		return nil, err
	}
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
			if err != nil {
				b.end()
				return
			}
			// One that is slow to say what it is for must not hold up the others.
			b.goes.Go(func() { b.take(c) })
		}
	})
	<-b.mux.CloseChan()
}

// Start calls Run on a goroutine that the session's Close waits for.
func (b *Broker) Start() { b.goes.Go(b.Run) }

func (b *Broker) take(c net.Conn) {
	var id uint32
	c.SetDeadline(time.Now().Add(patience))
	if binary.Read(c, binary.LittleEndian, &id) != nil || !b.offer(id, c) {
		c.Close()
	}
}

// offer brings a stream to its place, for as long as patience lasts.
func (b *Broker) offer(id uint32, c net.Conn) bool {
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

func (b *Broker) expire(id uint32, p *place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.wanted == 0 {
		drop(p)
	}
	b.clear(id, p)
}

func drop(p *place) {
	select {
	case c := <-p.stream:
		c.Close()
	default:
	}
}

// end gives up what waits.
func (b *Broker) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, p := range b.pending {
		if p.expiry != nil {
			p.expiry.Stop()
		}
		drop(p)
		delete(b.pending, id)
	}
}

// Close ends the connection.
func (b *Broker) Close() error { return b.mux.Close() }

func (b *Broker) wait() { b.goes.Wait() }
