package carrier

import (
	"io"
	"os"
	"sync"
)

// Pipe returns the two ends of a carrier in memory. Each direction holds up to
// size bytes.
func Pipe(size int) (a, b Carrier) {
	ab, ba := newRing(size), newRing(size)
	return &pipe{in: ba, out: ab}, &pipe{in: ab, out: ba}
}

type pipe struct{ in, out *ring }

func (p *pipe) Read(b []byte, _ bool) (int, error) { return p.in.read(b) }
func (p *pipe) TryWrite(a, b []byte) (int, error)  { return p.out.write(a, b, false) }
func (p *pipe) Write(a, b []byte) (int, error)     { return p.out.write(a, b, true) }
func (p *pipe) Interrupt()                         { p.in.interrupt(&p.in.stopRead) }
func (p *pipe) InterruptWrite()                    { p.out.interrupt(&p.out.stopWrite) }

func (p *pipe) Close() error {
	p.in.close(func(r *ring) { r.readerGone = true })
	p.out.close(func(r *ring) { r.writerGone = true })
	return nil
}

// A ring is one direction of a pipe. The zero value is not usable.
type ring struct {
	mu   sync.Mutex
	cond sync.Cond

	buf                    []byte
	start, n               int
	stopRead, stopWrite    bool
	readerGone, writerGone bool
}

func newRing(size int) *ring {
	r := &ring{buf: make([]byte, size)}
	r.cond.L = &r.mu
	return r
}

func (r *ring) interrupt(flag *bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*flag = true
	r.cond.Broadcast()
}

func (r *ring) close(f func(*ring)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r)
	r.cond.Broadcast()
}

func (r *ring) read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.n == 0 || r.readerGone {
		switch {
		case r.readerGone:
			return 0, os.ErrClosed
		case r.writerGone:
			return 0, io.EOF
		case r.stopRead:
			r.stopRead = false
			return 0, ErrInterrupted
		}
		r.cond.Wait()
	}
	n := copy(p, r.buf[r.start:min(r.start+r.n, len(r.buf))])
	r.start = (r.start + n) % len(r.buf)
	r.n -= n
	r.cond.Broadcast()
	return n, nil
}

func (r *ring) write(a, b []byte, wait bool) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	done := 0
	for _, part := range [2][]byte{a, b} {
		for len(part) > 0 {
			switch {
			case r.writerGone:
				return done, os.ErrClosed
			case r.readerGone:
				return done, io.ErrClosedPipe
			case r.n < len(r.buf):
				n := r.put(part)
				part, done = part[n:], done+n
				continue
			case !wait:
				return done, nil
			case r.stopWrite:
				r.stopWrite = false
				return done, ErrInterrupted
			}
			r.cond.Wait()
		}
	}
	return done, nil
}

func (r *ring) put(p []byte) int {
	end := (r.start + r.n) % len(r.buf)
	n := copy(r.buf[end:min(end+len(r.buf)-r.n, len(r.buf))], p)
	r.n += n
	r.cond.Broadcast()
	return n
}
