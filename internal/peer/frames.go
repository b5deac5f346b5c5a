package peer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
	"github.com/tenon-go/tenon/internal/wire"
)

// corkedCalls is how many handlers in a row may run inline before their answers
// are written.
const corkedCalls = 32

// frames deals with all frames in the inbox. Self is the attendant's number, or
// 0 for a caller, on whose goroutine no handler may run: one that blocks would
// block that caller.
func (p *Peer) frames(self uint64) error {
	inlined := 0
	for {
		h, body, err := p.in.next()
		if err != nil {
			return protocolError(err)
		}
		if body == nil {
			return nil
		}
		ran, err := p.frame(h, body, self)
		if err != nil {
			return err
		}
		if ran {
			if inlined++; inlined%corkedCalls == 0 {
				p.out.kick()
			}
		}
	}
}

// next returns the next frame that is there as a whole. The body is valid until
// the inbox is filled again; nil means that there is none.
func (in *inbox) next() (wire.Header, []byte, error) {
	have := in.buf[in.r:in.w]
	if len(have) < wire.HeaderSize {
		return wire.Header{}, nil, nil
	}
	h, err := wire.ParseHeader(have)
	end := wire.HeaderSize + h.Length
	if err != nil || len(have) < end {
		return h, nil, err
	}
	in.r += end
	return h, have[wire.HeaderSize:end:end], nil
}

// frame deals with one frame, and reports whether it ran a handler.
func (p *Peer) frame(h wire.Header, body []byte, self uint64) (ran bool, err error) {
	b := wire.NewBody(h, body)
	switch h.Type {
	case wire.Call:
		return p.acceptCall(h, &b, self)
	case wire.Data, wire.Return:
		err = p.receive(h, &b)
	case wire.Cancel:
		err = p.cancelled(h, &b)
	case wire.Credit:
		err = p.credited(h, &b)
	case wire.Release:
		err = p.released(h, &b)
	case wire.Ping:
		p.out.post(context.Background(), &frame{typ: wire.Pong, id: h.ID}, cork)
	case wire.Pong:
		p.ponged(h.ID)
	case wire.Drain:
		err = p.drained(&b)
	}
	return false, err
}

// fault is how a frame that breaks the protocol is told.
func broken(h wire.Header, format string, args ...any) error {
	return protocolError(h.Fault(format, args...))
}

func (p *Peer) ponged(id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.pongs[id]; w != nil {
		delete(p.pongs, id)
		p.wake(w)
	}
}

func (p *Peer) drained(b *wire.Body) error {
	what := b.Uint("what")
	if b.Err() != nil {
		return protocolError(b.Err())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch what {
	case wire.Leave:
		if !p.asked && p.cfg.OnAsked != nil {
			go p.cfg.OnAsked()
		}
		p.asked = true
	case wire.Leaving:
		p.leaving = true
		p.wakeSlots()
	}
	return nil
}

func (p *Peer) cancelled(h wire.Header, b *wire.Body) error {
	code := tenon.Code(b.Uint("code"))
	if b.Err() != nil {
		return protocolError(b.Err())
	}
	p.mu.Lock()
	c := p.calls[h.ID]
	if c == nil {
		p.mu.Unlock()
		return nil
	}
	if c.mine {
		p.mu.Unlock()
		return broken(h, "only the caller can cancel")
	}
	unstarted := !c.started
	p.end(c, nil)
	p.mu.Unlock()
	err := context.Canceled
	if code == tenon.DeadlineExceeded {
		err = context.DeadlineExceeded
	}
	c.ctx.cancel(err)
	if unstarted {
		c.discard()
	}
	return nil
}

func (p *Peer) credited(h wire.Header, b *wire.Body) error {
	n := b.Uint("credit")
	if b.Err() != nil {
		return protocolError(b.Err())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.calls[h.ID]
	if c == nil {
		return nil
	}
	if n > maxCredit || c.credit+int64(n) > maxCredit {
		return broken(h, "credit of %d bytes", n)
	}
	c.credit += int64(n)
	p.wake(&c.sender)
	return nil
}

// maxCredit keeps sums of credit far from overflow.
const maxCredit = 1 << 48

// receive deals with a message of a call, or a part of one, and with its end.
func (p *Peer) receive(h wire.Header, b *wire.Body) error {
	md, refs := b.Metadata(), b.Refs()
	if b.Err() != nil {
		return protocolError(b.Err())
	}
	p.mu.Lock()
	c := p.calls[h.ID]
	if c == nil || c.ended {
		p.mu.Unlock()
		p.giveBack(refs)
		return nil
	}
	defer p.mu.Unlock()
	switch {
	case h.Type == wire.Return && !c.mine:
		return broken(h, "only the callee can return")
	case h.Type == wire.Data && c.complete:
		return broken(h, "a message after the last one")
	}
	c.heard(h, md)
	if h.Flags&wire.Msg == 0 || h.Flags&wire.Fail != 0 && h.Type == wire.Return {
		p.giveBack(refs) // there is no message that they could be in
	}
	if h.Type == wire.Return && h.Flags&wire.Fail != 0 {
		c.failure = append([]byte{}, b.Rest()...)
		p.end(c, errAnswered)
		return nil
	}
	if h.Flags&wire.Msg != 0 {
		if err := p.part(c, h, b, refs, false); err != nil {
			return err
		}
	}
	if h.Flags&wire.End != 0 {
		c.complete = true
	}
	if (c.complete || h.Type == wire.Return) && c.partial != nil {
		return broken(h, "the end comes in the middle of a message")
	}
	if h.Type == wire.Return {
		p.end(c, nil)
	}
	p.wake(&c.receiver)
	p.begin(c)
	return nil
}

// part adds a part of a message to what c has received. With view the message
// is not copied. Peer.mu is held.
func (p *Peer) part(c *call, h wire.Header, b *wire.Body, refs []uint64, view bool) error {
	more := h.Flags&wire.More != 0
	m := c.partial
	if m == nil {
		total := len(b.Rest())
		cost := int64(wire.FrameCost)
		if more {
			size := b.Uint("size")
			if b.Err() != nil || size == 0 || size > maxCredit {
				return broken(h, "a message of %d bytes in parts", size)
			}
			total = int(size)
		}
		if int64(total) > p.cfg.Local.Message {
			p.giveBack(refs)
			p.tooLarge(c, total)
			return nil
		}
		m = newParcel(c, total, cost)
		c.window -= cost
	}
	bytes := b.Rest()
	m.refs = append(m.refs, refs...)
	cost := int64(len(bytes)) + wire.RefCost*int64(len(refs))
	m.cost += cost
	c.window -= cost
	size := m.size() + len(bytes)
	switch {
	case c.window < 0:
		return broken(h, "%d bytes more than the receiver gave credit for", -c.window)
	case len(m.refs) > wire.MaxRefs:
		return broken(h, "more than %d refs in one message", wire.MaxRefs)
	case size > m.total, !more && size < m.total:
		return broken(h, "a message of %d bytes that was announced with %d", size, m.total)
	}
	if view && !more {
		m.view = bytes
	} else {
		m.add(bytes)
	}
	if more {
		c.partial = m
		p.extend(c, m)
		return nil
	}
	c.partial = nil
	c.queue = append(c.queue, m)
	return nil
}

// tooLarge ends a call whose other end sends a message that is larger than this
// side accepts.
func (p *Peer) tooLarge(c *call, size int) {
	err := &tenon.Error{
		Code:    tenon.ResourceExhausted,
		Service: c.contract.Name,
		Method:  c.method.Name,
		Message: fmt.Sprintf("%s.%s: message of %d bytes is larger than the receiver's limit of %d (tenon.Limits.Message)", c.contract.Name, c.method.Name, size, p.cfg.Local.Message),
	}
	if c.mine {
		p.out.post(context.Background(), &frame{typ: wire.Cancel, id: c.id, number: uint64(tenon.Canceled)}, cork)
		p.end(c, err)
		return
	}
	p.answer(c.id, err)
	p.end(c, err)
	c.ctx.cancel(context.Canceled)
}

// encodeFault writes err into m. An error has no parts, so that it needs no
// credit; what would not fit in a frame is cut to the beginning of its text.
func encodeFault(err error, defs []tenon.ErrorDef, m *tenon.Message, room int) {
	fault.Encode(err, defs, m)
	if m.Len() <= room {
		return
	}
	var whole tenon.Message
	whole.Load(slices.Clone(m.Raw()), nil)
	e := fault.Decode(&whole, nil)
	m.Reset(m.Buffer()[:0], nil)
	const most = wire.MaxPart / 4
	fault.Encode(&tenon.Error{Code: e.Code, Message: cutText(e.Message, most), Stack: cutText(e.Stack, most)}, nil, m)
}

func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// answer ends a call with an error of the runtime's.
func (p *Peer) answer(id uint64, err error) {
	var m tenon.Message
	encodeFault(err, nil, &m, wire.MaxBody)
	p.out.post(context.Background(), &frame{typ: wire.Return, flags: wire.Fail | wire.End, id: id, message: m.Raw()}, cork)
}

// acceptCall begins a call of the other side.
func (p *Peer) acceptCall(h wire.Header, b *wire.Body, self uint64) (ran bool, err error) {
	t := b.Target()
	meta, refs := b.Metadata(), b.Refs()
	if b.Err() != nil {
		return false, protocolError(b.Err())
	}
	p.mu.Lock()
	p.quiet = 0
	if p.closed {
		// No answer: whoever called is told that the connection has ended.
		p.mu.Unlock()
		return false, nil
	}
	p.stats.CallsIn++
	if p.calls[h.ID] != nil || h.ID%2 == p.nextID%2 {
		p.mu.Unlock()
		return false, broken(h, "the id is taken")
	}
	e, method, refused := p.find(t)
	if refused != nil {
		p.mu.Unlock()
		p.answer(h.ID, refused)
		p.giveBack(refs)
		return false, nil
	}
	c := p.incoming(h, e, method, t.Timeout, meta)
	fast := self != 0 && e.fast(method) && !p.out.high.Load() && h.Flags&(wire.Msg|wire.More) == wire.Msg
	if h.Flags&wire.Msg != 0 {
		err = p.part(c, h, b, refs, fast)
	} else {
		p.giveBack(refs)
	}
	c.complete = h.Flags&wire.End != 0
	if err == nil && c.complete && c.partial != nil {
		err = broken(h, "the end comes in the middle of a message")
	}
	if err != nil || c.ended || !fast {
		p.begin(c)
		p.mu.Unlock()
		return false, err
	}
	c.started = true
	p.move(inline)
	p.mu.Unlock()
	return true, p.serveInline(c, self)
}

// incoming makes a call that the other side has begun.
func (p *Peer) incoming(h wire.Header, e *entry, method int, timeout uint64, meta map[string][]string) *call {
	c := &call{
		peer:     p,
		id:       h.ID,
		contract: e.service.Contract,
		method:   &e.service.Contract.Methods[method],
		entry:    e,
		index:    method,
		credit:   int64(p.cfg.Remote.Window),
		window:   int64(p.cfg.Local.Window),
	}
	c.init()
	c.begun.Store(true)
	c.ctx.incoming = tenon.Incoming{Conn: p.conn, Metadata: meta}
	if timeout > 0 {
		const longest = uint64(1<<63-1) / uint64(time.Microsecond)
		c.ctx.deadline = time.Now().Add(time.Duration(min(timeout, longest)) * time.Microsecond)
	}
	p.calls[c.id] = c
	p.stats.ActiveIn++
	return c
}

// spareCalls keeps a limit of a few calls from being reached by handlers that
// have answered and wait for nothing but a processor.
const spareCalls = 64

// find returns what a call goes to, or the error that it is answered with.
func (p *Peer) find(t wire.Target) (*entry, int, error) {
	if p.closing && t.Ref == 0 {
		return nil, 0, &tenon.Error{Code: tenon.Unavailable, Message: "the callee is shutting down"}
	}
	// Handlers that go on after the call was cancelled, or that cannot get rid of
	// their answers, are not the caller's fault until there are as many again.
	if p.stats.ActiveIn >= p.cfg.Local.Calls || p.stats.ActiveIn+p.answering >= 2*p.cfg.Local.Calls+spareCalls {
		return nil, 0, &tenon.Error{
			Code:    tenon.ResourceExhausted,
			Message: fmt.Sprintf("%s.%s: %d calls are being carried out, the callee's limit (tenon.Limits.Calls)", t.Service, t.Method, p.cfg.Local.Calls),
		}
	}
	e := p.services[string(t.Service)]
	if t.Ref != 0 {
		x := p.exports[t.Ref]
		if x == nil {
			return nil, 0, &tenon.Error{Code: tenon.FailedPrecondition, Method: string(t.Method), Message: "call of a ref that was released, or never existed"}
		}
		e = x.entry
	}
	if e == nil {
		return nil, 0, &tenon.Error{Code: tenon.Unimplemented, Service: string(t.Service), Message: fmt.Sprintf("no service %q; %s", t.Service, offered(p.services))}
	}
	i, ok := e.lookup(t.Method)
	if !ok {
		name := e.service.Contract.Name
		return nil, 0, &tenon.Error{Code: tenon.Unimplemented, Service: name, Method: string(t.Method), Message: fmt.Sprintf("%s has no method %q", name, t.Method)}
	}
	return e, i, nil
}
