package peer

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
	"github.com/tenon-go/tenon/internal/wire"
)

// A call is one call under way, seen from one end. It is the tenon.Stream that
// callers and handlers get.
type call struct {
	peer     *Peer
	id       uint64
	mine     bool // begun by this side
	contract *tenon.Contract
	method   *tenon.Method

	// Of a call of this side.
	ref    *tenon.Ref
	caller context.Context
	stop   context.CancelFunc // ends the method's own timeout

	// Of a call that came in.
	ctx   callContext
	entry *entry
	index int

	// The sending goroutine's.
	msg    tenon.Message
	out    *buffer
	begun  atomic.Bool // the Call frame was sent, or is about to be
	last   bool        // nothing more can be sent
	torn   bool        // a message was sent in part: nothing can follow but an error
	unsent []uint64
	homes  []*tenon.Ref // refs that go home; held so that their Release comes after
	closed bool

	// The code of the Cancel frame, if the call was given up. The goroutine that
	// receives may do that while another sends the Call frame.
	abandoned atomic.Uint32

	// The receiving goroutine's.
	in      tenon.Message
	current *parcel

	// Guarded by Peer.mu.
	queue    []*parcel
	queue0   [1]*parcel
	partial  *parcel
	parcel0  parcel // the first message's, so that it needs no allocation
	used0    bool
	credit   int64 // how much may be sent
	window   int64 // how much may be received
	row      int   // parts sent since a message was last received
	wanted   int64 // how much credit the sender waits for
	owed     int64 // how much credit is to be given back
	started  bool  // the handler was started
	complete bool  // the other side sends nothing more
	ended    bool
	err      error  // why, other than success
	failure  []byte // the error that the call was answered with, undecoded
	lent     []uint64
	recalled []*export // what was lent, after the call: it may come home in the answer
	borrowed []*tenon.Ref
	receiver waiter
	sender   waiter
	headed   bool // the answer's header has come, or will not
	aside    *aside
}

var (
	_ tenon.Stream        = (*call)(nil)
	_ tenon.ContractTable = (*call)(nil)
	_ tenon.ErrorTable    = (*call)(nil)
	_ tenon.Conn          = (*Peer)(nil)
)

// errAnswered stands for the undecoded error in call.failure.
var errAnswered = errors.New("answered with an error")

func (c *call) init() {
	c.queue = c.queue0[:0]
	c.receiver = waiter{kind: forMessage, peer: c.peer, call: c}
	c.sender = waiter{kind: forCredit, peer: c.peer, call: c}
}

// Open implements tenon.Conn.
func (p *Peer) Open(ctx context.Context, to *tenon.Ref, method int) (tenon.Stream, error) {
	contract := to.Contract()
	c := &call{
		peer:     p,
		mine:     true,
		contract: contract,
		method:   &contract.Methods[method],
		ref:      to,
		caller:   ctx,
	}
	c.init()
	if t := c.method.Timeout; t > 0 {
		c.caller, c.stop = context.WithTimeout(ctx, t)
	}
	if err := p.enter(c); err != nil {
		if c.stop != nil {
			c.stop()
		}
		return nil, err
	}
	return c, nil
}

// enter gives the call an id, and waits until the other side's limit allows one
// more.
func (p *Peer) enter(c *call) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if err := p.refusal(c.ref); err != nil {
			return err
		}
		if ended(c.caller) {
			return contextError(c.caller.Err(), c.contract, c.method.Name)
		}
		if p.stats.ActiveOut < p.cfg.Remote.Calls {
			break
		}
		w := &waiter{kind: forSlot, peer: p, call: c}
		p.slots = append(p.slots, w)
		p.mu.Unlock()
		err := p.await(c.caller, w)
		p.mu.Lock()
		p.leaveSlot(w)
		if err != nil {
			return contextError(err, c.contract, c.method.Name)
		}
	}
	c.id = p.nextID
	p.nextID += 2
	c.credit = int64(p.cfg.Remote.Window)
	c.window = int64(p.cfg.Local.Window)
	p.calls[c.id] = c
	p.stats.CallsOut++
	p.stats.ActiveOut++
	return nil
}

func (p *Peer) leaveSlot(w *waiter) {
	for i := range p.slots {
		if p.slots[i] == w {
			p.slots = append(p.slots[:i], p.slots[i+1:]...)
			break
		}
	}
	p.nextSlot()
}

// nextSlot lets the first in the queue look whether it may begin.
func (p *Peer) nextSlot() {
	if len(p.slots) > 0 && p.stats.ActiveOut < p.cfg.Remote.Calls {
		p.wake(p.slots[0])
	}
}

func (p *Peer) wakeSlots() {
	for _, w := range p.slots {
		p.wake(w)
	}
}

// crowded reports whether so many calls are under way that others are likely to
// have something to write as well. Peer.mu is held.
func (p *Peer) crowded() bool {
	return p.stats.ActiveOut+p.stats.ActiveIn >= crowd
}

// Context implements tenon.Stream.
func (c *call) Context() context.Context {
	if c.mine {
		return c.caller
	}
	return &c.ctx
}

// CallContract implements tenon.ContractTable.
func (c *call) CallContract() *tenon.Contract { return c.contract }

// Call implements tenon.Stream.
func (c *call) Call() (*tenon.Message, error) {
	// io.EOF says that the call was answered before it had heard everything.
	if err := c.send(wire.Data, wire.End); err != nil && err != io.EOF {
		return nil, err
	}
	m, err := c.Recv()
	if err == io.EOF {
		return nil, &tenon.Error{Code: tenon.Internal, Service: c.contract.Name, Method: c.method.Name, Message: "the call ended without an answer"}
	}
	return m, err
}

// Recv implements tenon.Stream.
func (c *call) Recv() (*tenon.Message, error) {
	p := c.peer
	for {
		p.mu.Lock()
		took := c.current != nil
		p.consumed(c)
		if len(c.queue) > 0 {
			m := c.queue[0]
			c.queue[0] = nil
			c.queue = c.queue[1:]
			c.current = m
			c.row = 0
			p.repay(c)
			// Under the lock: a goroutine of a handler's may be receiving when the
			// handler returns, and the message then be disposed of.
			if m.view != nil {
				c.in.Load(m.view, c)
			} else {
				c.in.Give(m.bytes(), c)
			}
			p.mu.Unlock()
			if took {
				p.out.kick() // credit, perhaps
			}
			return &c.in, nil
		}
		if c.ended || !c.mine && c.complete {
			o := c.outcome()
			p.mu.Unlock()
			return nil, o.error(c)
		}
		p.repay(c)
		p.mu.Unlock()
		if took {
			p.out.kick()
		}
		if err := p.await(c.Context(), &c.receiver); err != nil {
			c.abandon(err)
			return nil, contextError(err, c.contract, c.method.Name)
		}
	}
}

// An outcome is how a call has ended: with the error that it was answered with,
// undecoded, or with another, or well.
type outcome struct {
	failure []byte
	err     error
}

// outcome says how the call has ended. Peer.mu is held.
func (c *call) outcome() outcome {
	if c.failure == nil && c.err == nil && !c.mine && c.ended {
		return outcome{err: context.Canceled}
	}
	return outcome{c.failure, c.err}
}

// error is what Recv returns when there are no more messages. An answer is
// decoded here, where no lock is held: it runs the contract's code, and what it
// says is the other side's.
func (o outcome) error(c *call) error {
	switch {
	case o.failure != nil:
		var m tenon.Message
		m.Load(o.failure, nil)
		err := fault.Decode(&m, c.contract.Errors)
		if err.Service == "" {
			err.Service, err.Method = c.contract.Name, c.method.Name
		}
		return err
	case o.err == context.Canceled:
		return contextError(o.err, c.contract, c.method.Name)
	case o.err != nil:
		return o.err
	}
	return io.EOF
}

// abandon ends a call of this side because its context has.
func (c *call) abandon(err error) {
	if !c.mine {
		return
	}
	p := c.peer
	p.mu.Lock()
	if c.ended {
		p.mu.Unlock()
		return
	}
	p.end(c, contextError(err, c.contract, c.method.Name))
	p.mu.Unlock()
	code := tenon.Canceled
	if errors.Is(err, context.DeadlineExceeded) {
		code = tenon.DeadlineExceeded
	}
	// Either this sees that the call was begun, or whoever begins it sees that
	// it was given up.
	c.abandoned.Store(uint32(code))
	if c.begun.Load() {
		c.cancelOther()
	}
}

// Close implements tenon.Stream. For a handler it does nothing: its call ends
// when it returns.
func (c *call) Close() error {
	if !c.mine || c.closed {
		return nil
	}
	c.closed = true
	c.abandon(context.Canceled)
	if c.stop != nil {
		c.stop()
	}
	c.retire()
	c.discard()
	c.peer.out.kick() // what discard gives back
	return nil
}

// discard returns what the call holds. Nobody uses it any more.
func (c *call) discard() {
	p := c.peer
	c.takeBack()
	p.mu.Lock()
	p.consumed(c)
	for _, m := range c.queue {
		p.dispose(m)
	}
	c.queue = nil
	if c.partial != nil {
		p.dispose(c.partial)
		c.partial = nil
	}
	p.takeLent(c) // written after the call had ended
	c.homes = nil
	p.mu.Unlock()
	if c.out != nil {
		pool.put(c.out)
		c.out = nil
	}
}

// end takes the call off the list. Peer.mu is held.
func (p *Peer) end(c *call, err error) {
	if p.calls[c.id] != c {
		return
	}
	delete(p.calls, c.id)
	c.ended = true
	if c.err == nil && err != errAnswered {
		c.err = err
	}
	p.takeLent(c)
	if c.mine {
		p.stats.ActiveOut--
		p.quiet++
		p.nextSlot()
	} else {
		p.stats.ActiveIn--
		if c.started {
			p.answering++
		}
	}
	p.wake(&c.receiver)
	p.wake(&c.sender)
	if c.aside != nil {
		p.wake(&c.aside.reader)
	}
	p.checkIdle()
}

// connectionLost ends the call because the connection has. Peer.mu is held.
func (c *call) connectionLost(err error) {
	if c.mine {
		c.peer.end(c, err)
		return
	}
	c.ended = true
	if c.err == nil {
		c.err = err
	}
	c.peer.wake(&c.receiver)
	c.peer.wake(&c.sender)
	if !c.started {
		c.peer.end(c, err)
	}
}

// parcels are reused by the calls that receive more than one message.
var parcels = sync.Pool{New: func() any { return new(parcel) }}
