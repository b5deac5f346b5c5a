package stdio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// bufferSize is what a pump reads at a time. A pipe holds twice as much.
	bufferSize = 32 << 10

	// drainMax bounds what is read after the process has ended. It is more than
	// a pipe or a socket holds, so it stops no one but a writer that lives on
	// and goes on writing.
	drainMax = 4 << 20

	// quiet is how long nothing must come from a reader that cannot tell
	// whether more is there, to be taken for empty.
	quiet = 100 * time.Millisecond
)

// PumpOptions say where a [Pump] brings what it reads.
type PumpOptions struct {
	Options

	// Text takes what is not a record. Nil discards it. A writer that is slow
	// slows the plugin down, as it would if the plugin wrote to it itself. One
	// that fails is not written to again, and the plugin isn't held up by it.
	Text io.Writer

	// Record takes records. Nil means that there are none: their lines are
	// text, whatever Options say.
	Record func(slog.Record)
}

// Stats count what a [Pump] has done.
type Stats struct {
	Read    int64 // bytes that were read
	Passed  int64 // bytes of text that the writer took
	Records int64 // records that were handed on
	Dropped int64 // bytes that were read and not handed on

	// Stuck says that the pump's goroutine is left in a call of the writer, of
	// the record function or of the reader, which did not return in time. It
	// ends when that call returns.
	Stuck bool
}

// A Pump moves a plugin's output from a pipe to where it belongs, in a goroutine
// of its own. [Pump.Finish] has to be called to end it.
type Pump struct {
	src    source
	text   io.Writer
	record func(slog.Record)
	stop   atomic.Bool   // Finish was called
	done   chan struct{} // closed when the goroutine has ended

	mu sync.Mutex
	st state
}

// state is what of a pump changes.
type state struct {
	scan  *Scanner
	stats Stats

	// busy means that an event is being handed on, which may take for ever;
	// hurry, that no further one is to be; taken, that the goroutine is left to
	// itself in the first of them, and the rest is not its own any more.
	busy, hurry, taken bool

	left   bool // the goroutine was not waited for
	closed bool // the source was closed to interrupt it

	readErr, writeErr error
}

var (
	errInterrupted = errors.New("interrupted")
	errEmpty       = errors.New("nothing there")
	errTaken       = errors.New("taken over")
)

// Start returns a pump that reads r. If r is an [io.Closer] the pump closes it.
func Start(r io.Reader, o PumpOptions) *Pump {
	o.Records = o.Records && o.Record != nil
	p := &Pump{src: newSource(r), text: o.Text, record: o.Record, done: make(chan struct{})}
	if p.text == nil {
		p.text = io.Discard
	}
	p.st.scan = NewScanner(o.Options)
	go p.run()
	return p
}

// Tail returns the last lines; see [Scanner.Tail].
func (p *Pump) Tail() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.st.scan.Tail()
}

// Crash returns what looks like a crash; see [Scanner.Crash].
func (p *Pump) Crash() (Crash, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.st.scan.Crash()
}

// Stats returns what the pump has done so far.
func (p *Pump) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.st.stats
	select {
	case <-p.done:
	default:
		s.Stuck = p.st.left
	}
	return s
}

// Done is closed when the pump's goroutine has ended: after everything was read,
// or after the call in which it was stuck has returned.
func (p *Pump) Done() <-chan struct{} { return p.done }

// Finish ends the pump after the plugin's process has ended: what is in the pipe
// is read and handed on, and the pipe closed, without waiting for others that
// may hold its other end. It returns nil if all that was read has been handed
// on, and otherwise what prevented that.
//
// It returns when ctx ends, whatever the writer does. What has not been handed
// on by then is read all the same, for Tail and Crash, and dropped. If the
// writer hangs, the goroutine is left in it; see [Stats].
func (p *Pump) Finish(ctx context.Context) error {
	if p.stop.CompareAndSwap(false, true) {
		p.interrupt(ctx)
	}
	select {
	case <-p.done:
		return p.result(nil)
	case <-ctx.Done():
	}
	if p.hurry() {
		p.takeOver()
	} else {
		// Nothing that may take long is under way any more, and nothing will be.
		p.wait()
	}
	return p.result(ctx.Err())
}

// interrupt makes the goroutine stop waiting for input.
func (p *Pump) interrupt(ctx context.Context) {
	if src, ok := p.src.(pollable); ok {
		src.interrupt()
		return
	}
	p.settle(ctx)
	p.mu.Lock()
	p.st.closed = true
	p.mu.Unlock()
	p.src.Close() // all that can be done to end a Read; for many readers it does
}

// settle waits until nothing has come for a while.
func (p *Pump) settle(ctx context.Context) {
	t := time.NewTicker(quiet)
	defer t.Stop()
	for last := int64(-1); ; {
		select {
		case <-p.done:
			return
		case <-ctx.Done():
			return
		case <-t.C:
		}
		p.mu.Lock()
		read, busy := p.st.stats.Read, p.st.busy
		p.mu.Unlock()
		if read == last && !busy {
			return
		}
		last = read
	}
}

// wait waits for the goroutine, unless it may be in a Read that does not end.
func (p *Pump) wait() {
	if _, ok := p.src.(pollable); ok {
		<-p.done
		return
	}
	select {
	case <-p.done:
	default:
		p.mu.Lock()
		p.st.left = true
		p.mu.Unlock()
	}
}

// hurry drops what is not being handed on yet, and reports whether something
// is, which leaves the rest to the caller.
func (p *Pump) hurry() (taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.st.hurry = true
	if !p.st.busy || p.st.taken {
		return false
	}
	p.st.taken, p.st.left = true, true
	p.st.scan.detach()
	return true
}

// takeOver does what is left to the goroutine's caller: to read the rest.
func (p *Pump) takeOver() {
	buf := make([]byte, bufferSize)
	if src, ok := p.src.(pollable); ok {
		for n := 0; n < drainMax; {
			m, err := src.now(buf)
			n += m
			p.discard(buf[:m])
			if err != nil {
				break
			}
		}
	}
	p.mu.Lock()
	p.st.scan.End()
	p.mu.Unlock()
	p.discard(nil)
	p.src.Close()
}

func (p *Pump) discard(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.st.stats.Read += int64(len(b))
	p.st.scan.Feed(b)
	for ev, ok := p.st.scan.Next(); ok; ev, ok = p.st.scan.Next() {
		p.st.stats.Dropped += int64(len(ev.Bytes))
	}
}

// result says what of the output was lost, and why. The context's error counts
// only if it did any harm.
func (p *Pump) result(late error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := &p.st
	switch {
	case st.writeErr != nil:
		return fmt.Errorf("output was dropped, %d bytes, since it could not be written: %w", st.stats.Dropped, st.writeErr)
	case late != nil && st.left:
		return fmt.Errorf("output was dropped, %d bytes, since its writer or reader hangs: %w", st.stats.Dropped, late)
	case late != nil && st.stats.Dropped > 0:
		return fmt.Errorf("output was dropped, %d bytes, since its writer is slow: %w", st.stats.Dropped, late)
	case st.readErr != nil:
		return fmt.Errorf("output could not be read to its end: %w", st.readErr)
	}
	return nil
}

// ---- the goroutine

func (p *Pump) run() {
	defer close(p.done)
	buf := make([]byte, bufferSize)
	err := p.copy(buf, p.src.Read, func(int64) bool { return true })
	if src, ok := p.src.(pollable); ok && errors.Is(err, errInterrupted) {
		err = p.copy(buf, src.now, func(n int64) bool { return n < drainMax })
	}
	p.end(err)
}

// copy reads until there is an error, and while it may.
func (p *Pump) copy(buf []byte, read func([]byte) (int, error), may func(int64) bool) error {
	for total := int64(0); may(total); {
		n, err := read(buf)
		total += int64(n)
		if !p.feed(buf[:n]) {
			return errTaken
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// feed hands on what b brings. It reports false if the pump was taken over.
func (p *Pump) feed(b []byte) bool {
	p.mu.Lock()
	if !p.st.taken {
		p.st.stats.Read += int64(len(b))
		p.st.scan.Feed(b)
	}
	p.mu.Unlock()
	return p.pass()
}

func (p *Pump) end(err error) {
	p.mu.Lock()
	taken := p.st.taken
	if !taken {
		p.st.scan.End()
		if err != nil && err != io.EOF && err != errEmpty && !p.st.closed {
			p.st.readErr = err
		}
	}
	p.mu.Unlock()
	if !taken && p.pass() {
		p.src.Close()
	}
}

// pass hands on all that the scanner has. It reports false if the pump was taken
// over meanwhile.
func (p *Pump) pass() bool {
	for {
		ev, ok, taken := p.next()
		if !ok {
			return !taken
		}
		p.hand(ev)
	}
}

// next returns the next event that is to be handed on.
func (p *Pump) next() (ev Event, ok, taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for st := &p.st; !st.taken; {
		if ev, ok = st.scan.Next(); !ok {
			return ev, false, false
		}
		if st.hurry || ev.Record == nil && st.writeErr != nil {
			st.stats.Dropped += int64(len(ev.Bytes))
			continue
		}
		st.busy = true
		return ev, true, false
	}
	return Event{}, false, true
}

// hand calls what is not the pump's own, without holding its lock.
func (p *Pump) hand(ev Event) {
	if ev.Record != nil {
		p.record(*ev.Record)
		p.handed(func(s *state) { s.stats.Records++ })
		return
	}
	n, err := p.text.Write(ev.Bytes)
	if err == nil && n < len(ev.Bytes) {
		err = io.ErrShortWrite
	}
	n = max(0, min(n, len(ev.Bytes)))
	p.handed(func(s *state) {
		s.stats.Passed += int64(n)
		s.stats.Dropped += int64(len(ev.Bytes) - n)
		s.writeErr = err
	})
}

func (p *Pump) handed(note func(*state)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.st.busy = false
	note(&p.st)
}
