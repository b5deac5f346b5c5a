// Package peer is the symmetric RPC engine of the native protocol.
//
// A [Peer] is one end of a connection; both ends are equal. It has few
// goroutines of its own: who calls writes its own request, and reads for
// everybody until its answer has come; see reader.go. All mutable state is
// behind Peer.mu, except for bytes on their way out, which outbox guards, and
// the read buffer, which belongs to whoever reads.
package peer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/wire"
)

// A Config says what a peer works with. It is copied.
type Config struct {
	// Carrier moves the bytes; the peer closes it. Required.
	Carrier carrier.Carrier

	// First gives this side the odd call ids, the other the even ones. The
	// host is first.
	First bool

	// Local are this side's limits, Remote those that the other side told.
	Local, Remote tenon.Limits

	// Services can be called by the other side.
	Services []tenon.Service

	// Offered are the services that the other side said can be called there,
	// with their methods.
	Offered map[string][]string

	// Conn is what refs and handlers get to see as the connection. Nil means
	// the peer itself.
	Conn tenon.Conn

	// Diagnose, if not nil, turns the error that ended the connection into the
	// one that calls get. It may wait, a short time, for the cause to show.
	Diagnose func(error) error

	// OnAsked, if not nil, is called once, on a goroutine of its own, when the
	// other side has asked this one to leave.
	OnAsked func()

	// Lost, if not nil, is told of calls that failed and whose methods have no
	// error result: of one at a time, on a goroutine that nobody waits for.
	Lost func(contract, method string, err error)

	// CrashOnPanic leaves a panic in a handler alone, so that it ends the
	// process, instead of answering with it.
	CrashOnPanic bool

	// Tick is how long something may hold up the reading of frames; see
	// reader.go. Zero means a millisecond.
	Tick time.Duration
}

var (
	errClosed  = errors.New("the connection was closed on this side")
	errSilent  = errors.New("this side has asked the other to leave")
	errLeaving = errors.New("the other side is shutting down")
	errGone    = errors.New("the other side closed the connection")
)

// Peer is one end of a connection. Its methods are safe for concurrent use.
type Peer struct {
	cfg  Config
	conn tenon.Conn
	out  outbox
	in   inbox // belongs to whoever reads
	goes group
	done chan struct{} // closed when the connection has ended and err is final

	read  atomic.Uint64 // bytes that came from the carrier
	usual atomic.Int64  // size of the latest message out, a guess at that of the next

	mu sync.Mutex
	state
}

// state is what Peer.mu guards.
type state struct {
	closed  bool          // nothing more is read or written
	silent  bool          // this side begins no more calls of services
	closing bool          // this side accepts none
	leaving bool          // the other side accepts none
	asked   bool          // the other side has asked this one to leave
	err     error         // why the connection ended
	idle    chan struct{} // closed when no call of the other side is under way

	calls     map[uint64]*call // under way, in both directions
	nextID    uint64           // of the next call out
	stats     tenon.Stats
	answering int // handlers that have not ended, of calls that have

	services map[string]*entry
	exports  map[uint64]*export
	byValue  map[any]*export
	nextRef  uint64
	held     map[uint64]held // kept refs of the other side's
	tables   map[*tenon.Contract]*table
	slots    []*waiter // calls out that wait for one of Remote.Calls to end
	loans    loans
	pongs    map[uint64]*waiter
	losses   []loss // that Config.Lost was not told of to the end

	reading
}

// New starts a peer. What was read from the carrier beyond the handshake is
// given to it as ahead.
func New(cfg Config, ahead []byte) *Peer {
	cfg.Local, cfg.Remote = cfg.Local.WithDefaults(), cfg.Remote.WithDefaults()
	if cfg.Tick <= 0 {
		cfg.Tick = time.Millisecond
	}
	p := &Peer{cfg: cfg, conn: cfg.Conn, done: make(chan struct{})}
	if p.conn == nil {
		p.conn = p
	}
	p.out.init(p)
	p.in.init(ahead, &p.read)
	p.calls = make(map[uint64]*call)
	p.exports = make(map[uint64]*export)
	p.byValue = make(map[any]*export)
	p.held = make(map[uint64]held)
	p.tables = make(map[*tenon.Contract]*table)
	p.services = make(map[string]*entry)
	p.pongs = make(map[uint64]*waiter)
	p.loans.free = cfg.Local.Large
	p.nextID = 2
	if cfg.First {
		p.nextID = 1
	}
	for _, s := range cfg.Services {
		p.services[s.Contract.Name] = p.entry(s)
	}
	p.startReading()
	return p
}

// Offers implements tenon.Conn.
func (p *Peer) Offers(service string) ([]string, bool) {
	methods, ok := p.cfg.Offered[service]
	if ok && methods == nil {
		methods = []string{} // none, which is known
	}
	return slices.Clone(methods), ok
}

// Stats implements tenon.Conn.
func (p *Peer) Stats() tenon.Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	for _, e := range p.exports {
		s.Exported += e.count
	}
	s.BytesOut, s.BytesIn = p.out.written.Load(), p.read.Load()
	return s
}

// Done implements tenon.Conn.
func (p *Peer) Done() <-chan struct{} { return p.done }

// Err implements tenon.Conn.
func (p *Peer) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
	default:
		return nil
	}
	if errors.Is(p.err, errClosed) || (p.leaving || p.silent || p.closing) && errors.Is(p.err, errGone) {
		return nil
	}
	return p.err
}

// Ping waits until the other side has shown that it reads frames.
func (p *Peer) Ping(ctx context.Context) error {
	w := &waiter{kind: forPong, peer: p}
	p.mu.Lock()
	id := rand.Uint64() // so that nobody can answer before having been asked
	w.ping = id
	p.pongs[id] = w
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.pongs, id)
		p.mu.Unlock()
	}()
	p.out.post(ctx, &frame{typ: wire.Ping, id: id}, flush)
	if err := p.await(ctx, w); err != nil {
		return contextError(err, nil, "ping")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, waiting := p.pongs[id]; waiting {
		return p.err
	}
	return nil
}

// Ask asks the other side to leave: to finish what it was asked to do, and then
// to close the connection. This side begins no more calls of services; those of
// refs go on, for what is being finished may need them.
func (p *Peer) Ask() {
	p.mu.Lock()
	first := !p.silent
	p.silent = true
	p.wakeSlots()
	p.mu.Unlock()
	if first {
		p.drain(wire.Leave)
	}
}

// Leave tells the other side that this one is about to close the connection:
// calls of services are refused from now on.
func (p *Peer) Leave() {
	p.mu.Lock()
	first := !p.closing
	p.closing = true
	p.mu.Unlock()
	if first {
		p.drain(wire.Leaving)
	}
}

// Shutdown ends the connection in order: the other side is told to begin no
// more calls of services, those under way are finished, what has been answered
// is sent, and the connection is closed. When ctx ends first, it is closed all
// the same, and ctx's error returned.
func (p *Peer) Shutdown(ctx context.Context) error {
	p.Leave()
	err := p.Idle(ctx)
	if err == nil {
		err = p.out.settle(ctx)
	}
	p.Close()
	return err
}

func (p *Peer) drain(what uint64) {
	p.out.post(context.Background(), &frame{typ: wire.Drain, number: what}, cork)
	p.out.kick()
}

// Idle waits until no call of the other side is under way, or the connection
// has ended, or ctx has, whose error it returns.
func (p *Peer) Idle(ctx context.Context) error {
	p.mu.Lock()
	if p.idle == nil {
		p.idle = make(chan struct{})
	}
	idle := p.idle
	p.checkIdle()
	p.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Peer) checkIdle() {
	if p.idle != nil && p.stats.ActiveIn+p.answering == 0 {
		close(p.idle)
		p.idle = nil
	}
}

// Close ends the connection at once. Calls under way fail. It returns when
// everything that the peer started has ended, handlers excepted.
func (p *Peer) Close() error {
	p.fail(errClosed)
	<-p.done
	p.goes.wait()
	return nil
}

// fail ends the connection because of err. Only the first error counts.
func (p *Peer) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failLocked(err)
}

func (p *Peer) failLocked(err error) {
	if p.closed {
		return
	}
	p.closed = true
	p.stopReading()
	p.goes.start(func() { p.conclude(err) })
}

// conclude finds the cause of the connection's end and gives it to all calls.
func (p *Peer) conclude(err error) {
	p.out.broken(err)
	p.cfg.Carrier.Close()
	var t *tenon.TransportError
	if !errors.As(err, &t) {
		err = &tenon.TransportError{Op: "read", Err: err}
	}
	if p.cfg.Diagnose != nil && !errors.Is(err, errClosed) {
		err = p.cfg.Diagnose(err)
	}
	p.mu.Lock()
	p.err = err
	calls := make([]*call, 0, len(p.calls))
	for _, c := range p.calls {
		calls = append(calls, c)
	}
	for _, c := range calls {
		c.connectionLost(err)
	}
	for _, x := range p.exports {
		x.gone()
	}
	clear(p.exports)
	clear(p.byValue)
	for _, w := range p.pongs {
		p.wake(w)
	}
	p.wakeSlots()
	close(p.done)
	p.mu.Unlock()
	for _, c := range calls {
		if !c.mine {
			c.ctx.cancel(context.Canceled)
		}
	}
}

// refusal says why no call of what ref stands for can begin, or is nil.
func (p *Peer) refusal(ref *tenon.Ref) error {
	service := ref == nil || ref.ID() == 0
	switch {
	case p.closed && p.err != nil:
		return unsent(p.err)
	case p.closed:
		return nil // the cause is being found; the call waits for it
	case service && p.silent:
		return &tenon.TransportError{Op: "call", Unsent: true, Err: errSilent}
	case service && p.leaving:
		return &tenon.TransportError{Op: "call", Unsent: true, Err: errLeaving}
	}
	return nil
}

// unsent says of a connection's error that this call was not sent.
func unsent(err error) error {
	if t, ok := err.(*tenon.TransportError); ok {
		return &tenon.TransportError{Op: t.Op, Unsent: true, Err: t.Err}
	}
	return err
}

// protocolError is how a broken rule ends the connection.
func protocolError(err error) error {
	return &tenon.TransportError{Op: "protocol", Err: err}
}

// contextError is how the end of a caller's context is told.
func contextError(err error, c *tenon.Contract, method string) error {
	code := tenon.Canceled
	if errors.Is(err, context.DeadlineExceeded) {
		code = tenon.DeadlineExceeded
	}
	e := &tenon.Error{Code: code, Method: method, Err: err}
	name := method
	if c != nil {
		e.Service = c.Name
		name = c.Name + "." + method
	}
	e.Message = fmt.Sprintf("%s: %v", name, err)
	return e
}

// offered lists names for an error message.
func offered(names map[string]*entry) string {
	if len(names) == 0 {
		return "nothing is offered"
	}
	list := make([]string, 0, len(names))
	for name := range names {
		if !strings.HasPrefix(name, "tenon.") {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return "offered are " + strings.Join(list, ", ")
}

// Fail ends the connection because of err, and does not wait.
func (p *Peer) Fail(err error) { p.fail(err) }
