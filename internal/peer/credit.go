package peer

import (
	"context"
	"slices"

	"github.com/tenon-go/tenon/internal/wire"
)

// Flow control
//
// Each direction of a call has credit: how many bytes may be sent that the
// receiver has not taken. It starts at the receiver's window, and is given back
// when a message is taken, half a window at a time. A message larger than the
// window could never be sent that way, so its receiver lends the missing credit
// as soon as it hears of it, out of what it has for all large messages together
// (tenon.Limits.Large); when that is used up, the next one waits.

// A parcel is a message that is being or has been received.
type parcel struct {
	call  *call
	total int    // announced size
	view  []byte // the message, if it was not copied
	buf   *buffer
	refs  []uint64 // kept refs in it that nobody has imported
	cost  int64    // credit that it used
	loan  int64    // credit that it was lent
	asked bool     // waits for a loan
}

// loans is what can be lent to large messages.
type loans struct {
	free  int64
	queue []*parcel
}

func newParcel(c *call, total int, cost int64) *parcel {
	m := &c.parcel0
	if c.used0 {
		m = parcels.Get().(*parcel)
	}
	c.used0 = true
	*m = parcel{call: c, total: total, cost: cost, refs: m.refs[:0]}
	return m
}

func (m *parcel) size() int {
	if m.buf == nil {
		return 0
	}
	return len(m.buf.b)
}

func (m *parcel) bytes() []byte {
	if m.view != nil {
		return m.view
	}
	if m.buf == nil {
		return nil
	}
	return m.buf.b
}

// backlog is how many messages of a call may wait before they count as many.
const backlog = 32

// add copies b. Room for the whole message is made at once: that much is
// allowed by the window or has been lent.
func (m *parcel) add(b []byte) {
	if m.buf == nil && m.total > 0 {
		m.buf = m.room(max(min(m.total, m.call.peer.cfg.Local.Window), len(b)))
	}
	if m.buf == nil {
		return
	}
	if need := len(m.buf.b) + len(b); need > cap(m.buf.b) {
		larger := m.room(max(need, min(m.total, 4*need)))
		larger.b = append(larger.b, m.buf.b...)
		pool.put(m.buf)
		m.buf = larger
	}
	m.buf.b = append(m.buf.b, b...)
}

// room returns a buffer for n bytes. A message in parts is mostly one long byte
// slice, which its reader is given as it is, so its buffer is not one to keep.
// One of many that nobody takes gets no more than it was charged for.
func (m *parcel) room(n int) *buffer {
	if len(m.call.queue) > backlog {
		return &buffer{b: make([]byte, 0, n)}
	}
	if m.total <= wire.MaxPart {
		return pool.get(n)
	}
	if b := pool.spare(n); b != nil {
		return b
	}
	return &buffer{b: make([]byte, 0, n)}
}

// extend sees to it that the rest of a message in parts can come. Peer.mu is
// held.
func (p *Peer) extend(c *call, m *parcel) {
	if c.owed > 0 {
		p.pay(c, c.owed)
		c.owed = 0
	}
	if m.missing() <= 0 || m.loan > 0 || m.asked {
		return
	}
	m.asked = true
	p.loans.queue = append(p.loans.queue, m)
	p.lend()
}

// missing is how much more a message costs than there is in an empty window.
func (m *parcel) missing() int64 {
	return int64(m.total) + messageCost(len(m.refs)) - int64(m.call.peer.cfg.Local.Window)
}

// lend grants the loans that can be granted, in order.
func (p *Peer) lend() {
	for len(p.loans.queue) > 0 {
		m := p.loans.queue[0]
		if !m.asked { // disposed of while it waited
			p.loans.queue = p.loans.queue[1:]
			continue
		}
		amount := m.missing()
		if amount > p.loans.free && p.loans.free < p.cfg.Local.Large {
			return
		}
		p.loans.queue = p.loans.queue[1:]
		m.asked = false
		m.loan = amount
		p.loans.free -= amount
		p.pay(m.call, amount)
	}
	p.loans.queue = nil
}

// pay gives the other side credit. It is written with the next kick.
func (p *Peer) pay(c *call, n int64) {
	if c.ended {
		return
	}
	c.window += n
	p.out.post(context.Background(), &frame{typ: wire.Credit, id: c.id, number: uint64(n)}, cork)
}

// consumed disposes of the message that the receiver has had. Peer.mu is held.
func (p *Peer) consumed(c *call) {
	m := c.current
	if m == nil {
		return
	}
	c.current = nil
	c.owed += m.cost - m.loan
	if c.in.Taken() {
		m.buf = nil
	}
	c.in.Load(nil, c)
	p.dispose(m)
}

// repay gives credit back when enough has come together, or when the other side
// may be waiting for it. Peer.mu is held.
func (p *Peer) repay(c *call) {
	if c.owed <= 0 || c.complete || c.owed < int64(p.cfg.Local.Window/2) && c.partial == nil {
		return
	}
	p.pay(c, c.owed)
	c.owed = 0
}

// dispose returns what a message holds. Peer.mu is held.
func (p *Peer) dispose(m *parcel) {
	p.giveBack(m.refs)
	pool.put(m.buf)
	p.loans.free += m.loan
	again := m.loan > 0 || m.asked
	if m.asked { // out of the queue: it may have been the one that others wait behind
		p.loans.queue = slices.DeleteFunc(p.loans.queue, func(q *parcel) bool { return q == m })
	}
	first := m == &m.call.parcel0
	*m = parcel{refs: m.refs[:0], call: m.call}
	if first {
		m.call.used0 = false
	} else {
		m.call = nil
		parcels.Put(m)
	}
	if again {
		p.lend()
	}
}

// messageCost is what a message costs in addition to its bytes.
func messageCost(refs int) int64 { return wire.FrameCost + wire.RefCost*int64(refs) }

// takeCredit waits until some of size bytes may be sent, and says how many, and how
// they are to be written.
func (c *call) takeCredit(size, refs int, first bool) (int, urgency, error) {
	p := c.peer
	for {
		p.mu.Lock()
		if c.ended {
			o := c.outcome()
			p.mu.Unlock()
			return 0, flush, o.error(c)
		}
		cost := int64(0)
		if first {
			cost = messageCost(refs)
		}
		n := min(int64(size), wire.MaxPart, c.credit-cost)
		// A part that is neither all that is left nor of a useful size would
		// cost more than it moves.
		if n == int64(size) || n >= wire.MaxPart/4 {
			c.credit -= n + cost
			when := c.urgency()
			p.mu.Unlock()
			return int(n), when, nil
		}
		c.wanted = min(int64(size), wire.MaxPart/4) + cost
		p.mu.Unlock()
		if err := p.await(c.Context(), &c.sender); err != nil {
			c.abandon(err)
			return 0, flush, contextError(err, c.contract, c.method.Name)
		}
	}
}

// tryCredit takes the credit for a whole message, if it is there.
func (c *call) tryCredit(size, refs int) bool {
	p := c.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	if cost := int64(size) + messageCost(refs); c.credit >= cost && !c.ended {
		c.credit -= cost
		return true
	}
	return false
}
