package peer

import (
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/wire"
)

// An outbox is what has to be written. There is one writer at a time: whoever
// finds none, and what others add meanwhile goes out with the writer's next
// system call. A writer that would have to wait for the other side leaves the
// rest to a goroutine, unless it may wait itself.
type outbox struct {
	peer    *Peer
	carrier carrier.Carrier
	written atomic.Uint64
	high    atomic.Bool // more waits than senders may add to

	mu      sync.Mutex
	buf     []byte // to be written next
	spare   []byte // the other buffer
	writing bool   // somebody writes, and will come back for buf
	err     error  // nothing is written any more
	changed chan struct{}
}

const (
	// outboxHigh is how many bytes may wait before senders do.
	outboxHigh = 256 << 10
	// outboxMax is how many may wait including what never waits: answers to
	// pings, credit, refusals. A side that makes us say so much, and does not
	// listen, is cut off.
	outboxMax = 4 << 20
	// direct is the size of a message from which on it is not copied.
	direct = 16 << 10
	// crowd is the number of calls under way from which on a writer lets the
	// other goroutines that are ready add their frames first.
	crowd = 4
)

var errDeaf = errors.New("the other side does not read what it is sent")

// urgency says when a posted frame is written.
type urgency uint8

const (
	flush   urgency = iota // at once; the poster may wait for the other side
	crowded                // so, but after others that are ready have added theirs
	soon                   // by a goroutine, while the poster goes on; it may wait
	cork                   // with the next flush or kick; the poster never waits
)

// A frame is what post sends.
type frame struct {
	typ     wire.Type
	flags   wire.Flags
	id      uint64
	number  uint64 // the body of Credit, Release, Cancel and Drain
	target  target // of Call
	meta    map[string][]string
	refs    []uint64
	total   int // announced size, for a first part with more to come
	message []byte
	tail    []byte // the rest of the message
}

type target struct {
	ref             uint64
	service, method string
	timeout         uint64
}

// appendTo appends f without its message.
func (f *frame) appendTo(b []byte) []byte {
	at := len(b)
	var empty [wire.HeaderSize]byte
	b = append(b, empty[:]...)
	if f.typ == wire.Call {
		b = wire.AppendTarget(b, f.target.ref, f.target.service, f.target.method, f.target.timeout)
	}
	switch f.typ {
	case wire.Credit, wire.Release, wire.Cancel, wire.Drain:
		b = binary.AppendUvarint(b, f.number)
	}
	if f.meta != nil {
		f.flags |= wire.Meta
		b = wire.AppendMetadata(b, f.meta)
	}
	if len(f.refs) > 0 {
		f.flags |= wire.Refs
		b = wire.AppendRefs(b, f.refs)
	}
	if f.total > 0 {
		b = binary.AppendUvarint(b, uint64(f.total))
	}
	length := len(b) - at - wire.HeaderSize + len(f.message) + len(f.tail)
	wire.Header{Type: f.typ, Flags: f.flags, Length: length, ID: f.id}.Put(b[at:])
	return b
}

func (o *outbox) init(p *Peer) {
	o.peer = p
	o.carrier = p.cfg.Carrier
}

// post sends f. With flush it waits, no longer than ctx, while too much is
// waiting to be written. An error means that f was not sent and never will be;
// that a later write fails shows on the reading side, as the connection's end.
func (o *outbox) post(ctx context.Context, f *frame, when urgency) error {
	o.mu.Lock()
	for when != cork && len(o.buf) > outboxHigh && o.err == nil {
		if err := o.wait(ctx); err != nil {
			o.mu.Unlock()
			return err
		}
	}
	if o.err != nil {
		o.mu.Unlock()
		return nil
	}
	o.buf = f.appendTo(o.buf)
	if when != cork && !o.writing {
		if len(f.tail) >= direct {
			o.buf = append(o.buf, f.message...)
			return o.writeDirect(ctx, f.tail)
		}
		if len(f.message) >= direct && len(f.tail) == 0 {
			return o.writeDirect(ctx, f.message)
		}
	}
	o.buf = append(append(o.buf, f.message...), f.tail...)
	if len(o.buf) > outboxHigh {
		o.high.Store(true)
	}
	if len(o.buf) > outboxMax {
		o.err = errDeaf
		o.mu.Unlock()
		// Not here: the poster may hold Peer.mu.
		o.peer.goes.start(func() { o.peer.fail(protocolError(errDeaf)) })
		return nil
	}
	if when == cork || o.writing {
		o.mu.Unlock()
		return nil
	}
	o.writing = true
	o.mu.Unlock()
	switch when {
	case soon:
		if !o.peer.goes.start(o.flush) {
			o.broken(errClosed)
		}
	case crowded:
		runtime.Gosched()
		fallthrough
	default:
		o.flush()
	}
	return nil
}

// wait waits for o to change. o.mu is held on entry and on return.
func (o *outbox) wait(ctx context.Context) error {
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	changed := o.changed
	o.mu.Unlock()
	defer o.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *outbox) notify() {
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}

// kick writes what was posted with cork.
func (o *outbox) kick() {
	o.mu.Lock()
	if o.writing || len(o.buf) == 0 || o.err != nil {
		o.mu.Unlock()
		return
	}
	o.writing = true
	o.mu.Unlock()
	o.flush()
}

// take is the next thing that the writer writes; empty means that it is done.
func (o *outbox) take(used []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if used != nil {
		o.spare = used[:0]
		if cap(used) > 2*outboxHigh {
			o.spare = nil
		}
	}
	b := o.buf
	o.buf, o.spare = o.spare[:0], nil
	o.high.Store(false)
	o.notify()
	if len(b) == 0 || o.err != nil {
		o.spare = b[:0]
		o.writing = false
		return nil
	}
	return b
}

// flush writes until nothing is left. The caller has set o.writing.
func (o *outbox) flush() {
	for b := o.take(nil); b != nil; b = o.take(b) {
		n, err := o.carrier.TryWrite(b, nil)
		o.written.Add(uint64(n))
		if err != nil {
			o.failed(err)
			return
		}
		if n < len(b) {
			o.handOver(b[n:])
			return
		}
	}
}

// handOver leaves rest, and the writer's duty, to a goroutine.
func (o *outbox) handOver(rest []byte) {
	started := o.peer.goes.start(func() {
		for b := rest; b != nil; b = o.take(b) {
			if err := o.writeAll(b); err != nil {
				o.failed(err)
				return
			}
		}
	})
	if !started {
		o.broken(errClosed)
	}
}

func (o *outbox) writeAll(b []byte) error {
	for len(b) > 0 {
		n, err := o.carrier.Write(b, nil)
		o.written.Add(uint64(n))
		b = b[n:]
		// An interruption that came too late for the one who was meant.
		if err != nil && err != carrier.ErrInterrupted {
			return err
		}
	}
	return nil
}

// writeDirect writes what waits and then message, which is not copied unless
// ctx ends before the other side has taken it. o.mu is held on entry.
func (o *outbox) writeDirect(ctx context.Context, message []byte) error {
	o.writing = true
	head := o.buf
	o.buf, o.spare = o.spare[:0], nil
	o.mu.Unlock()
	n, err := o.carrier.TryWrite(head, message)
	if err == nil && n < len(head)+len(message) {
		var more int
		stop := context.AfterFunc(ctx, o.carrier.InterruptWrite)
		more, err = o.carrier.Write(cut(head, message, n))
		stop()
		n += more
	}
	o.written.Add(uint64(n))
	switch {
	case err == carrier.ErrInterrupted:
		head, message = cut(head, message, n)
		o.handOver(append(append([]byte(nil), head...), message...))
	case err != nil:
		o.failed(err)
	default:
		o.mu.Lock()
		if o.spare == nil && cap(head) <= 2*outboxHigh {
			o.spare = head[:0]
		}
		o.mu.Unlock()
		o.flush()
	}
	return nil
}

// cut returns what is left of a followed by b after n bytes.
func cut(a, b []byte, n int) (restA, restB []byte) {
	k := min(n, len(a))
	return a[k:], b[n-k:]
}

// failed ends all writing because a write has failed. The connection's end is
// left to the reading side, which may still find answers that were sent before;
// but not for long: a side that has only stopped reading would never end.
func (o *outbox) failed(err error) {
	o.broken(err)
	time.AfterFunc(writeGrace, func() { o.peer.fail(&tenon.TransportError{Op: "write", Err: err}) })
}

// writeGrace is how long answers may still come in when nothing can go out.
const writeGrace = 500 * time.Millisecond

// broken is the end of all writing.
func (o *outbox) broken(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	o.writing = false
	o.buf = nil
	o.notify()
}

// settle waits until everything is written.
func (o *outbox) settle(ctx context.Context) error {
	o.kick()
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && (o.writing || len(o.buf) > 0) {
		if err := o.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}
