package peer

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
)

// Who reads
//
// Waking a goroutine costs more than everything else in a small call: 10 to 20
// microseconds where an idle thread has to be woken with it. So whoever waits
// for an answer reads frames itself, for everybody, until its own has come (a
// leader), and whoever finds somebody reading waits to be told (a follower).
// A short handler runs on the goroutine that read its request.
//
// The right to read is one baton. It is
//
//	vacant    between the calls of somebody who calls in quick succession
//	caller    with a goroutine that waits for its own answer
//	attendant with a goroutine of the peer's own
//	inline    with the attendant, which is busy with a handler
//
// What might go wrong is that nobody reads while something should be read:
// nobody came back for a vacant baton, a caller waits for long (its context
// could not end the wait), a handler is slow. All three are found by a tick, a
// millisecond after the baton last moved, which gives the baton to a fresh
// attendant. So a handler that blocks, or a caller that stays away, delays
// others by two ticks at the most, and only once: see pace. While an attendant
// waits for input nothing has to be watched, and no tick runs.
//
// Alternatives that lost: a goroutine that always reads and wakes callers costs
// 15 microseconds more a call; a timer armed for each inline handler wakes the
// poller; context.AfterFunc for each leading caller costs three allocations.
type baton uint8

const (
	vacant baton = iota
	withCaller
	withAttendant
	inline
	gone // the connection has ended
)

// quietCalls is how many calls have to end, with none coming in between, before
// the baton is left vacant after one: whoever is called must not stop reading.
const quietCalls = 16

// reading is the part of a peer's state that says who reads. Peer.mu guards it.
type reading struct {
	baton     baton
	turn      uint64 // counts the baton's moves
	seen      uint64 // turn at the last tick
	holder    uint64 // turn at which the attendant was started; tells a robbed one
	ticking   bool
	ticker    *time.Timer
	followers int
	busy      int  // handlers on goroutines of their own, those of streams apart
	quiet     int  // calls out that ended since the last call in
	relieved  bool // a follower was told since the attendant last looked
}

func (p *Peer) startReading() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ticker = time.AfterFunc(time.Hour, p.tick)
	p.ticker.Stop()
	p.attendant()
}

func (p *Peer) stopReading() {
	if p.baton == inline {
		p.rob()
	}
	p.baton = gone
	p.turn++
	p.ticker.Stop()
	p.cfg.Carrier.Interrupt()
}

func (p *Peer) move(to baton) {
	p.baton = to
	p.turn++
	p.watch()
}

func (p *Peer) watch() {
	if !p.ticking {
		p.ticking = true
		p.seen = p.turn
		p.ticker.Reset(p.cfg.Tick)
	}
}

func (p *Peer) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ticking = false
	if p.baton == gone {
		return
	}
	if p.turn != p.seen {
		p.watch()
		return
	}
	switch p.baton {
	case withAttendant: // waits for input, as it should
	case vacant:
		p.attendant()
	case withCaller:
		p.watch()
		p.cfg.Carrier.Interrupt()
	case inline:
		p.rob()
		p.attendant()
	}
}

// rob takes the baton from an attendant that is busy with a handler. The peer
// does not wait for that goroutine any more: it is the handler's now.
func (p *Peer) rob() {
	p.in = p.in.inherit()
	p.holder = 0
	p.goes.done()
}

// attendant gives the baton to a goroutine of the peer's own.
func (p *Peer) attendant() {
	p.baton = withAttendant
	p.turn++
	p.holder = p.turn
	if p.goes.enter() {
		go p.attend(p.turn)
	}
}

// leave is how a caller gives the baton up. The attendant gets it if anybody
// waits, or if calls come in.
func (p *Peer) leave() {
	if p.followers > 0 || p.quiet < quietCalls {
		p.attendant()
		return
	}
	p.move(vacant)
}

// attend reads until the baton is taken away or no longer of use here.
func (p *Peer) attend(self uint64) {
	for {
		err := p.frames(self)
		p.out.kick()
		if err == errRobbed {
			return // rob has said that this goroutine is not to be waited for
		}
		look, goesOn := p.attends(self, err)
		if !goesOn {
			break
		}
		if err := p.in.fill(p.cfg.Carrier, look); err != nil && err != carrier.ErrInterrupted {
			p.fail(err)
			break
		}
	}
	p.goes.done()
}

// attends decides whether the attendant goes on after what it has read.
func (p *Peer) attends(self uint64, err error) (look, goesOn bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	relieved := p.relieved
	p.relieved = false
	switch {
	case p.baton == gone:
		return false, false
	case err != nil:
		p.failLocked(err)
		return false, false
	case relieved && p.followers == 0 && p.quiet >= quietCalls:
		p.move(vacant)
		return false, false
	}
	p.turn++
	return p.alone(), true
}

// alone reports whether whoever reads may look before it sleeps: nobody else in
// this process has something to do for the connection, and would need the
// processor.
func (p *Peer) alone() bool { return p.followers == 0 && p.busy == 0 }

// lead reads until w has what it waits for, ctx has ended, or the baton is
// taken away. The baton is the caller's when it begins, and not when it ends.
func (p *Peer) lead(ctx context.Context, w *waiter) {
	for look := true; ; {
		err := p.in.fill(p.cfg.Carrier, look)
		evicted := err == carrier.ErrInterrupted
		if err == nil {
			err = p.frames(0)
			p.out.kick()
		}
		p.mu.Lock()
		switch {
		case p.baton == gone:
		case evicted:
			p.attendant()
		case err != nil:
			p.failLocked(err)
		case w.ready() || ended(ctx):
			p.leave()
		default:
			p.turn++
			look = p.alone()
			p.mu.Unlock()
			continue
		}
		p.mu.Unlock()
		return
	}
}

func ended(ctx context.Context) bool {
	done := ctx.Done()
	if done == nil {
		return false
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// A waiter is a goroutine that waits for something to arrive.
type waiter struct {
	kind    waitKind
	peer    *Peer
	call    *call
	ping    uint64
	waiting bool
	told    chan struct{}
}

type waitKind uint8

const (
	forMessage waitKind = iota // the call has a message, or has ended
	forCredit                  // the call may send, or has ended
	forPong
	forSlot   // there is room for another call
	forHeader // the call's header has come, or will not
)

// ready reports whether there is nothing to wait for. Peer.mu is held.
func (w *waiter) ready() bool {
	if w.peer.err != nil {
		return true
	}
	switch w.kind {
	case forMessage:
		return len(w.call.queue) > 0 || w.call.ended || w.call.complete && !w.call.mine
	case forCredit:
		return w.call.credit >= w.call.wanted || w.call.ended
	case forHeader:
		return w.call.headed || w.call.ended
	case forPong:
		_, waiting := w.peer.pongs[w.ping]
		return !waiting
	default:
		return w.peer.stats.ActiveOut < w.peer.cfg.Remote.Calls || w.peer.refusal(w.call.ref) != nil
	}
}

// wake tells w, if it waits, to look again. Peer.mu is held.
func (p *Peer) wake(w *waiter) {
	if !w.waiting {
		return
	}
	w.waiting = false
	p.followers--
	p.relieved = true
	w.told <- struct{}{}
}

// await waits until w is ready, no longer than ctx, whose error it returns.
func (p *Peer) await(ctx context.Context, w *waiter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !w.ready() {
		if ended(ctx) {
			return ctx.Err()
		}
		if p.baton == vacant {
			p.move(withCaller)
			p.mu.Unlock()
			p.lead(ctx, w)
			p.mu.Lock()
			continue
		}
		p.follow(ctx, w)
	}
	return nil
}

// follow waits until it is told, or ctx ends. Peer.mu is held on entry and on
// return, not while it waits.
func (p *Peer) follow(ctx context.Context, w *waiter) {
	if w.told == nil {
		w.told = make(chan struct{}, 1)
	}
	w.waiting = true
	p.followers++
	p.mu.Unlock()
	select {
	case <-w.told:
		p.mu.Lock()
		return
	case <-ctx.Done():
	}
	p.mu.Lock()
	if w.waiting {
		w.waiting = false
		p.followers--
	} else {
		<-w.told
	}
}

// An inbox is what has been read and not been used. It belongs to the holder of
// the baton.
type inbox struct {
	buf  []byte
	r, w int
	read *atomic.Uint64 // counts what the carrier gave
}

func (in *inbox) init(ahead []byte, read *atomic.Uint64) {
	in.read = read
	in.buf = make([]byte, inboxSize)
	in.w = copy(in.buf, ahead)
}

// inboxSize is enough for any frame, so that one never has to be put together.
const inboxSize = 128 << 10

// inherit returns an inbox with what the robbed holder had left. The old buffer
// stays with it: the request that it is busy with may be in there.
func (in *inbox) inherit() inbox {
	next := inbox{buf: make([]byte, inboxSize), read: in.read}
	next.w = copy(next.buf, in.buf[in.r:in.w])
	return next
}

// fill reads what has come, and waits for something.
func (in *inbox) fill(c carrier.Carrier, look bool) error {
	if in.r == in.w {
		in.r, in.w = 0, 0
	} else if len(in.buf)-in.w < len(in.buf)/2 {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	n, err := c.Read(in.buf[in.w:], look)
	in.w += n
	in.read.Add(uint64(n))
	switch {
	case n > 0:
		return nil
	case err == nil:
		return io.ErrNoProgress
	case errors.Is(err, io.EOF) && in.r < in.w:
		return &tenon.TransportError{Op: "read", Err: errTorn}
	case errors.Is(err, io.EOF):
		return &tenon.TransportError{Op: "read", Err: errGone}
	case errors.Is(err, os.ErrClosed):
		return &tenon.TransportError{Op: "read", Err: errClosed}
	}
	return err
}

var (
	errTorn   = errors.New("the other side closed the connection in the middle of a frame")
	errRobbed = errors.New("the baton was taken away")
)
