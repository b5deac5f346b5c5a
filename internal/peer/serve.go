package peer

import (
	"runtime/debug"
	"slices"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
)

// An entry is something that the other side can call: a service or a ref.
type entry struct {
	service tenon.Service
	*table
}

// A table is what a peer knows of a contract whose methods are called here.
type table struct {
	index map[string]int
	paces []pace
}

func (p *Peer) entry(s tenon.Service) *entry {
	t := p.tables[s.Contract]
	if t == nil {
		t = &table{index: make(map[string]int), paces: make([]pace, len(s.Contract.Methods))}
		for i := range s.Contract.Methods {
			t.index[s.Contract.Methods[i].Name] = i
		}
		p.tables[s.Contract] = t
	}
	return &entry{service: s, table: t}
}

func (e *entry) lookup(method []byte) (int, bool) {
	i, ok := e.index[string(method)]
	if ok && len(e.service.Without) > 0 && slices.Contains(e.service.Without, string(method)) {
		return 0, false
	}
	return i, ok
}

// fast reports whether the method may run where its request was read.
func (e *entry) fast(method int) bool {
	m := &e.service.Contract.Methods[method]
	return !m.ClientStream && !m.ServerStream && e.paces[method].fast()
}

// A pace is what is known of how long a method takes. A method has to prove
// itself short on goroutines of its own before it runs inline. One that held up
// the reading has to prove it again, by four times as many short runs each time;
// half of that is forgiven after a long while without, because on a busy machine
// any function is held up now and then.
type pace struct {
	streak, need int
}

const (
	shortRun  = 20 * time.Microsecond  // costs less than waking a goroutine for it
	longRun   = 500 * time.Microsecond // was a mistake to run inline
	firstNeed = 4
	mostNeed  = 1 << 14
)

func (p *pace) fast() bool { return p.streak >= max(p.need, firstNeed) }

func (p *pace) note(took time.Duration, robbed bool) {
	switch {
	case robbed:
		p.streak = 0
		p.need = min(4*max(p.need, firstNeed), mostNeed)
	case took > longRun, took > shortRun && !p.fast():
		p.streak = 0
	case took <= shortRun:
		p.streak++
		if p.streak >= 4*p.need && p.need > firstNeed {
			p.streak, p.need = p.need, p.need/2
		}
	}
}

// begin starts the handler of a call that came in, once it has what it needs:
// its question, unless that is a stream. Peer.mu is held.
func (p *Peer) begin(c *call) {
	if c.mine || c.started || c.ended {
		return
	}
	if !c.method.ClientStream && !c.complete && len(c.queue) == 0 {
		return
	}
	if p.closed {
		return
	}
	c.started = true
	if !c.method.ClientStream {
		p.busy++
	}
	go c.serve()
}

// serve carries the call out on a goroutine of its own.
func (c *call) serve() {
	start := time.Now()
	defer func() { // deferred, for a handler that ends its goroutine
		took := time.Since(start)
		c.peer.mu.Lock()
		defer c.peer.mu.Unlock()
		c.entry.paces[c.index].note(took, false)
		if !c.method.ClientStream {
			c.peer.busy--
		}
	}()
	c.handle(flush)
}

// serveInline carries the call out on the attendant's goroutine.
func (p *Peer) serveInline(c *call, self uint64) error {
	start := time.Now()
	returned := false
	defer func() {
		// A handler that ends its goroutine, as testing.T.FailNow does, must not
		// leave the connection without a reader.
		if !returned {
			p.mu.Lock()
			if p.holder == self && p.baton == inline {
				p.rob()
				p.attendant()
			}
			p.mu.Unlock()
			p.out.kick()
		}
	}()
	c.handle(cork)
	returned = true
	took := time.Since(start)
	p.mu.Lock()
	defer p.mu.Unlock()
	robbed := p.holder != self || p.baton != inline
	c.entry.paces[c.index].note(took, robbed)
	if robbed {
		return errRobbed
	}
	p.move(withAttendant)
	return nil
}

// handle runs the handler and answers.
func (c *call) handle(when urgency) {
	returned := false
	defer func() {
		if !returned {
			c.failed(recover(), when)
		}
	}()
	err := c.entry.service.Server.ServeCall(&c.ctx, c.index, c)
	returned = true
	c.finish(err, when)
}

// failed answers for a handler that did not return.
func (c *call) failed(panicked any, when urgency) {
	if panicked == nil {
		c.finish(errNoReturn, when)
		return
	}
	err := fault.Panic(panicked, debug.Stack())
	err.Message = c.name() + ": " + err.Message
	c.finish(err, when)
	if c.peer.cfg.CrashOnPanic {
		panic(panicked)
	}
}

var errNoReturn = &tenon.Error{Code: tenon.Internal, Message: "the handler ended its goroutine without returning"}
