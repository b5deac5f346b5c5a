package peer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/wire"
)

// Out implements tenon.Stream.
func (c *call) Out() *tenon.Message {
	if c.out == nil {
		c.out = pool.get(max(minBuffer, int(c.peer.usual.Load())))
		c.msg.Reset(c.out.b, c)
	}
	return &c.msg
}

const minBuffer = 1 << minClass

// Send implements tenon.Stream.
func (c *call) Send() error { return c.send(wire.Data, 0) }

// SendLast implements tenon.Stream.
func (c *call) SendLast() error { return c.send(wire.Data, wire.End) }

// CloseSend implements tenon.Stream.
func (c *call) CloseSend() error {
	if c.last {
		return nil
	}
	c.last = true
	if c.torn {
		return c.tornError()
	}
	if err := c.addressable(); err != nil {
		return err
	}
	return c.post(&frame{typ: wire.Data, flags: wire.End, id: c.id}, flush)
}

// address makes f the frame that begins the call, if none has.
func (c *call) address(f *frame) {
	if c.begun.Swap(true) {
		return
	}
	f.target = target{ref: c.ref.ID(), service: c.contract.Name, method: c.method.Name}
	if deadline, ok := c.caller.Deadline(); ok {
		f.target.timeout = uint64(max(time.Until(deadline).Microseconds(), 1))
	}
	f.typ = wire.Call
	f.meta = tenon.OutgoingMetadata(c.caller)
}

// post sends f, a frame of the sending goroutine's.
func (c *call) post(f *frame, when urgency) error {
	c.address(f)
	ctx := c.Context()
	if f.typ == wire.Return {
		// The call is off the list: nobody else would answer it.
		ctx = context.Background()
	}
	err := c.told(c.peer.out.post(ctx, f, when))
	// A Cancel frame that another goroutine sent may have overtaken this one.
	if f.typ == wire.Call && c.abandoned.Load() != 0 {
		c.cancelOther()
	}
	return err
}

func (c *call) cancelOther() {
	p := c.peer
	p.out.post(context.Background(), &frame{typ: wire.Cancel, id: c.id, number: uint64(c.abandoned.Load())}, cork)
	p.out.kick()
}

func (c *call) tornError() error {
	return &tenon.Error{Code: tenon.FailedPrecondition, Service: c.contract.Name, Method: c.method.Name, Message: "an earlier message could be sent in part only"}
}

// send sends the message in parts; the last of them is in a frame of the given
// type and flags.
func (c *call) send(final wire.Type, flags wire.Flags) error {
	if c.last {
		return &tenon.Error{Code: tenon.FailedPrecondition, Service: c.contract.Name, Method: c.method.Name, Message: "message sent after the last one"}
	}
	if c.torn {
		return c.tornError()
	}
	m := c.Out()
	if err := c.sendable(m); err != nil {
		c.takeBack()
		m.Reset(c.out.b[:0], c)
		return err
	}
	c.last = flags&wire.End != 0
	total := m.Len()
	refs := c.unsent
	c.unsent = nil
	for sent := 0; ; {
		a, b := m.Part(sent, wire.MaxPart)
		first := sent == 0
		n, when, err := c.takeCredit(len(a)+len(b), len(refs), first)
		if err != nil {
			c.torn = sent > 0
			c.unsent = refs
			c.takeBack()
			return err
		}
		f := frame{typ: wire.Data, flags: wire.Msg, id: c.id, message: a[:min(n, len(a))], tail: b[:max(n-len(a), 0)]}
		if first {
			f.refs = refs
		}
		if sent += n; sent < total {
			f.flags |= wire.More
			if first {
				f.total = total
			}
		} else {
			f.typ, f.flags = final, f.flags|flags
		}
		if f.typ == wire.Return {
			f.meta = c.trailer()
			c.retire()
		}
		if err := c.post(&f, when); err != nil {
			c.torn = true // even if no part was sent: then the call has not begun
			c.unsent = refs
			c.takeBack()
			return err
		}
		refs = nil
		if sent == total {
			c.keep(m)
			return nil
		}
	}
}

// keep empties the message, and keeps the buffer that it grew into.
func (c *call) keep(m *tenon.Message) {
	if n := int64(len(m.Buffer())); n != c.peer.usual.Load() {
		c.peer.usual.Store(n)
	}
	c.out.b = m.Buffer()[:0]
	m.Reset(c.out.b, c)
}

// burst is how many messages a call sends in a row, without waiting for one,
// before they are taken for many: from then on several go out with one system
// call.
const burst = 4

// urgency says when the next frame of the call is to be written. Peer.mu is
// held.
func (c *call) urgency() urgency {
	c.row++
	switch {
	case c.row > burst:
		return soon
	case c.peer.crowded():
		return crowded
	}
	return flush
}

// sendable reports what is wrong with a message before any of it is sent.
func (c *call) sendable(m *tenon.Message) error {
	if err := m.Err(); err != nil {
		return c.unsendable(err)
	}
	limit := c.peer.cfg.Remote.Message
	if int64(m.Len()) > limit {
		return &tenon.Error{
			Code:    tenon.ResourceExhausted,
			Service: c.contract.Name,
			Method:  c.method.Name,
			Message: fmt.Sprintf("%s.%s: message of %d bytes is larger than the receiver's limit of %d (tenon.Limits.Message)", c.contract.Name, c.method.Name, m.Len(), limit),
		}
	}
	if len(c.unsent) > wire.MaxRefs {
		return &tenon.Error{Code: tenon.ResourceExhausted, Message: fmt.Sprintf("%d refs in one message, more than %d", len(c.unsent), wire.MaxRefs)}
	}
	return c.addressable()
}

// checkMetadata reports why md cannot be sent.
func (c *call) checkMetadata(md tenon.Metadata) error {
	pairs, problem := 0, ""
	for key, values := range md {
		pairs += len(values)
		if key == "" || key != strings.ToLower(key) || strings.HasPrefix(key, "tenon-") {
			problem = fmt.Sprintf("key %q: keys are in lower case, and those that begin with tenon- are reserved", key)
		}
	}
	switch size := wire.MetadataSize(md); {
	case problem != "":
		return &tenon.Error{Code: tenon.InvalidArgument, Service: c.contract.Name, Method: c.method.Name, Message: c.name() + ": metadata " + problem}
	case pairs > wire.MaxPairs:
		problem = fmt.Sprintf("has %d values, more than %d", pairs, wire.MaxPairs)
	case size > wire.MaxMetadata:
		problem = fmt.Sprintf("has %d bytes, more than %d", size, wire.MaxMetadata)
	default:
		return nil
	}
	return &tenon.Error{Code: tenon.ResourceExhausted, Service: c.contract.Name, Method: c.method.Name, Message: c.name() + ": metadata " + problem}
}

// name is the method's, for messages.
func (c *call) name() string { return c.contract.Name + "." + c.method.Name }

// unsendable says of a message that cannot be sent whose it is: an argument is
// the caller's fault, a result that of the implementation.
func (c *call) unsendable(err error) error {
	e := &tenon.Error{Code: tenon.CodeOf(err), Service: c.contract.Name, Method: c.method.Name, Err: err}
	what := "argument"
	if !c.mine {
		what = "result"
		if e.Code == tenon.InvalidArgument {
			e.Code = tenon.Internal
		}
	}
	e.Message = fmt.Sprintf("%s: %s cannot be sent: %v", c.name(), what, err)
	return e
}

// told turns the error of a post, which is that of the context, into the
// call's.
func (c *call) told(err error) error {
	if err == nil {
		return nil
	}
	return contextError(err, c.contract, c.method.Name)
}

// takeBack takes back the kept refs of a message that is not sent.
func (c *call) takeBack() {
	if len(c.unsent) == 0 {
		return
	}
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	for _, id := range c.unsent {
		c.peer.drop(id, 1)
	}
	c.unsent = nil
}
