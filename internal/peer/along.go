package peer

import (
	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/wire"
)

// What goes along with an answer
//
// A call's answer can have a header, which comes before its messages, and a
// trailer, which comes with its end. Contracts have no use for them; what is
// carried over from gRPC has. PROTOCOL.md, 4.11.

// An aside is the metadata of an answer. Most calls have none. Peer.mu guards it.
type aside struct {
	header, trailer map[string][]string
	reader          waiter // who waits for the header
}

// along returns the call's aside. Peer.mu is held.
func (c *call) along() *aside {
	if c.aside == nil {
		c.aside = &aside{reader: waiter{kind: forHeader, peer: c.peer, call: c}}
	}
	return c.aside
}

// Begin tells the other side of a call of this one that it has begun. Without it
// the first message, or that there is none, does: of two sides that both send,
// either may be the one that waits for the other.
func (c *call) Begin() error {
	if c.begun.Load() {
		return nil
	}
	if err := c.addressable(); err != nil {
		return err
	}
	return c.post(&frame{typ: wire.Data, id: c.id}, flush)
}

// Ended reports whether the call is over, for whatever reason.
func (c *call) Ended() bool { return c.gone() }

// SendHeader sends the header of the answer to a call that came in, before any
// message of it and once: at once, or with what is sent next.
func (c *call) SendHeader(md map[string][]string, now bool) error {
	if err := c.checkMetadata(md); err != nil {
		return err
	}
	if md == nil {
		md = map[string][]string{} // an empty header is one, too
	}
	when := cork
	if now {
		when = flush
	}
	return c.post(&frame{typ: wire.Data, id: c.id, meta: md}, when)
}

// SetTrailer has md go along with the end of a call that came in.
func (c *call) SetTrailer(md map[string][]string) error {
	if err := c.checkMetadata(md); err != nil {
		return err
	}
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	c.along().trailer = md
	return nil
}

// Header waits until the answer's header has come, or it is known that there is
// none: because a message came first, or the end, or Close. A goroutine may call
// it while another receives.
func (c *call) Header() (map[string][]string, error) {
	p := c.peer
	p.mu.Lock()
	if !c.headed && !c.ended {
		w := &c.along().reader
		p.mu.Unlock()
		if err := p.await(c.Context(), w); err != nil {
			c.abandon(err)
			return nil, contextError(err, c.contract, c.method.Name)
		}
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	if c.aside == nil {
		return nil, nil
	}
	return c.aside.header, nil
}

// Trailer returns what came along with the end of a call of this side.
func (c *call) Trailer() map[string][]string {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	return c.trailer()
}

// trailer is what goes or came along with the call's end. Peer.mu is held, or
// the handler has returned.
func (c *call) trailer() map[string][]string {
	if c.aside == nil {
		return nil
	}
	return c.aside.trailer
}

// heard keeps what came along with a frame of the answer. Peer.mu is held.
func (c *call) heard(h wire.Header, md map[string][]string) {
	switch {
	case !c.mine:
		return // 4.11: nothing goes along with what the caller sends
	case h.Type == wire.Return && md != nil:
		c.along().trailer = md
	case h.Type == wire.Data && md != nil && !c.headed:
		c.along().header = md
	}
	if c.headed = true; c.aside != nil {
		c.peer.wake(&c.aside.reader)
	}
}

// addressable reports why a call cannot begin.
func (c *call) addressable() error {
	if !c.mine || c.begun.Load() {
		return nil
	}
	if md := tenon.OutgoingMetadata(c.caller); len(md) > 0 {
		return c.checkMetadata(md)
	}
	return nil
}
