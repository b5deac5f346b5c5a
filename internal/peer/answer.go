package peer

import (
	"context"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/wire"
)

// finish answers a call that came in.
func (c *call) finish(err error, when urgency) {
	p := c.peer
	if err == nil {
		err = c.reply(when)
	}
	if err != nil && !c.gone() {
		var m tenon.Message
		b := pool.get(minBuffer)
		m.Reset(b.b, nil)
		trailer := c.trailer()
		encodeFault(err, c.contract.Errors, &m, room(trailer))
		c.takeBack()
		f := frame{typ: wire.Return, flags: wire.Fail | wire.End, id: c.id, meta: trailer, message: m.Raw()}
		c.retire()
		p.out.post(context.Background(), &f, when)
		pool.put(b)
	}
	c.retire()
	c.discard()
	if when != cork {
		p.out.kick()
	}
	c.ctx.cancel(context.Canceled)
	p.mu.Lock()
	p.answering--
	p.checkIdle()
	p.mu.Unlock()
}

// room is how many bytes of an error fit in a frame beside a trailer.
func room(trailer map[string][]string) int {
	if trailer == nil {
		return wire.MaxBody
	}
	return wire.MaxBody - wire.MetadataSize(trailer)
}

// retire takes the call off the list, and releases what was lent to it. For a
// call that came in it comes before the answer is sent: a caller that has it, and begins the next call, must not find the limit
// reached because of this one.
func (c *call) retire() {
	p := c.peer
	p.mu.Lock()
	p.end(c, nil)
	borrowed := c.borrowed
	c.borrowed = nil
	p.stats.Held -= len(borrowed)
	p.mu.Unlock()
	for _, r := range borrowed {
		r.Release()
	}
}

// gone reports whether nobody waits for an answer.
func (c *call) gone() bool {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	return c.ended
}

// reply sends the answer of a handler that succeeded.
func (c *call) reply(when urgency) error {
	if c.gone() {
		return nil
	}
	if c.torn {
		return c.tornError()
	}
	if c.method.ServerStream {
		c.retire()
		c.peer.out.post(context.Background(), &frame{typ: wire.Return, flags: wire.End, id: c.id, meta: c.trailer()}, when)
		return nil
	}
	m := c.Out()
	c.last = false
	if when != cork || m.Len() > wire.MaxPart || m.Err() != nil {
		return c.send(wire.Return, wire.End)
	}
	f := frame{typ: wire.Return, flags: wire.Msg | wire.End, id: c.id, meta: c.trailer(), refs: c.unsent, message: m.Raw()}
	if !c.tryCredit(m.Len(), len(c.unsent)) {
		return c.send(wire.Return, wire.End)
	}
	c.unsent = nil
	c.retire()
	c.peer.out.post(context.Background(), &f, cork)
	c.keep(m)
	return nil
}
