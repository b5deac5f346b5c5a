package cases_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
)

// A link is a connection within the process of which every message can be
// looked at, and changed, on its way. It knows nothing of credit, limits and
// leaks; the real ones do.
type link struct {
	// change is what arrives in place of what was sent.
	change func(c *tenon.Contract, method int, request bool, sent []byte) ([]byte, error)
}

// An end is one of a link's two.
type end struct {
	link     *link
	peer     *end
	services []tenon.Service

	mu      sync.Mutex
	exports map[uint64]*tenon.Service
	next    uint64
	active  int
}

// connect returns the end of whoever calls the services.
func (l *link) connect(services []tenon.Service) *end {
	host := &end{link: l, exports: map[uint64]*tenon.Service{}}
	host.peer = &end{link: l, exports: map[uint64]*tenon.Service{}, peer: host, services: services}
	return host
}

func (e *end) Offers(name string) ([]string, bool) {
	for _, s := range e.peer.services {
		if s.Contract.Name == name {
			return s.Offered(), true
		}
	}
	return nil, false
}

// Release takes back what the other end has exported.
func (e *end) Release(id uint64) {
	e.peer.mu.Lock()
	s := e.peer.exports[id]
	delete(e.peer.exports, id)
	e.peer.mu.Unlock()
	if s != nil && s.Released != nil {
		go s.Released()
	}
}

func (e *end) Stats() tenon.Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return tenon.Stats{ActiveOut: e.active}
}

func (e *end) Done() <-chan struct{} { return nil }
func (e *end) Err() error            { return nil }

// Export, Import, Return and Home are the refs in the messages of this end.
func (e *end) Export(s tenon.Service, _ bool) (uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next++
	e.exports[e.next] = &s
	return e.next, nil
}

func (e *end) Import(id uint64, c *tenon.Contract, kept bool) (*tenon.Ref, error) {
	return tenon.NewRef(e, c, id, kept), nil
}

func (e *end) Return(id uint64, _ *tenon.Contract) (*tenon.Service, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.exports[id]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("ref %d is not of this house", id)
}

// AppendError and ParseError are the errors in its messages.
func (e *end) AppendError(b []byte, err error, defs []tenon.ErrorDef) []byte {
	return fault.Append(b, err, defs)
}

func (e *end) ParseError(b []byte, defs []tenon.ErrorDef) error { return fault.Parse(b, defs) }

func (e *end) Home(r *tenon.Ref) bool { return r.Conn() == tenon.Conn(e) }

// find returns the service that a ref of the other end stands for.
func (e *end) find(to *tenon.Ref) (*tenon.Service, int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.exports[to.ID()]; s != nil {
		return s, 0, nil
	}
	for i, s := range e.services {
		if to.ID() == 0 && s.Contract.Name == to.Contract().Name {
			return &e.services[i], 0, nil
		}
	}
	return nil, 0, errors.New("no such ref or service")
}

func (e *end) Open(ctx context.Context, to *tenon.Ref, method int) (tenon.Stream, error) {
	s, _, err := e.peer.find(to)
	if err != nil {
		return nil, err
	}
	m := to.Contract().Methods[method]
	index := s.Contract.Index(m.Name)
	if index < 0 || slices.Contains(s.Without, m.Name) {
		return nil, &tenon.Error{Code: tenon.Unimplemented}
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(m.Timeout, time.Hour))
	c := &linkCall{end: e, contract: to.Contract(), method: method, ctx: ctx, cancel: cancel,
		up: make(chan []byte, 16), down: make(chan []byte, 16), ended: make(chan struct{})}
	e.count(1)
	go c.serve(s, index)
	near := &linkStream{call: c, end: e, table: linkTable{e, to.Contract()}, send: c.up, recv: c.down, request: true}
	near.out.Reset(nil, near.table)
	return near, nil
}

func (e *end) count(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.active += n
}

// A linkCall is a call under way.
type linkCall struct {
	end      *end // the caller's
	contract *tenon.Contract
	method   int
	ctx      context.Context
	cancel   context.CancelFunc
	up, down chan []byte
	ended    chan struct{} // the handler has returned
	err      error         // with what; before ended is closed
	close    sync.Once
}

func (c *linkCall) serve(s *tenon.Service, index int) {
	far := &linkStream{call: c, end: c.end.peer, table: linkTable{c.end.peer, s.Contract}, send: c.down, recv: c.up}
	far.out.Reset(nil, far.table)
	in := &tenon.Incoming{Conn: c.end.peer}
	ctx := context.WithValue(c.ctx, tenon.IncomingKey(), in)
	c.err = guard(func() error { return s.Server.ServeCall(ctx, index, far) })
	if c.err == nil && !c.contract.Methods[c.method].ServerStream {
		c.err = far.Send()
	}
	if c.err != nil {
		c.err = fault.Parse(fault.Append(nil, c.err, s.Contract.Errors), c.contract.Errors)
	}
	close(c.ended)
}

// guard makes an error of a panic, as a real connection does.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &tenon.Error{Code: tenon.Internal, Message: fmt.Sprint("panic: ", p), Stack: "of a test"}
		}
	}()
	return f()
}

// A linkTable is what the messages of a call know.
type linkTable struct {
	*end
	contract *tenon.Contract
}

func (t linkTable) CallContract() *tenon.Contract { return t.contract }

// A linkStream is one end of a call.
type linkStream struct {
	call    *linkCall
	end     *end
	table   linkTable
	send    chan []byte
	recv    chan []byte
	request bool
	out, in tenon.Message
	closed  bool
}

func (s *linkStream) Context() context.Context { return s.call.ctx }
func (s *linkStream) Out() *tenon.Message      { return &s.out }

func (s *linkStream) Send() error {
	if err := s.out.Err(); err != nil {
		return err
	}
	b, err := s.end.link.change(s.call.contract, s.call.method, s.request, bytes.Clone(s.out.Raw()))
	if err != nil {
		return err
	}
	s.out.Reset(nil, s.table)
	select {
	case s.send <- b: // also when the call has ended meanwhile: who sends needn't know
		return nil
	default:
	}
	select {
	case s.send <- b:
		return nil
	case <-s.call.ended:
		if s.call.err == nil {
			return io.EOF
		}
		return s.call.err
	case <-s.call.ctx.Done():
		return s.call.ctx.Err()
	}
}

func (s *linkStream) SendLast() error {
	if err := s.Send(); err != nil {
		return err
	}
	return s.CloseSend()
}

func (s *linkStream) CloseSend() error {
	if !s.closed {
		s.closed = true
		close(s.send)
	}
	return nil
}

func (s *linkStream) Recv() (*tenon.Message, error) {
	ended := s.call.ended
	if !s.request {
		ended = nil // the handler itself asks
	}
	select {
	case b, ok := <-s.recv:
		return s.received(b, ok)
	case <-ended:
		return s.last()
	case <-s.call.ctx.Done():
		if s.request && isClosed(s.call.ended) {
			return s.last()
		}
		return nil, s.call.ctx.Err()
	}
}

// last returns what was sent before the handler returned, and then with what it
// did.
func (s *linkStream) last() (*tenon.Message, error) {
	select {
	case b, ok := <-s.recv:
		return s.received(b, ok)
	default:
	}
	if s.call.err != nil {
		return nil, s.call.err
	}
	return nil, io.EOF
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (s *linkStream) received(b []byte, ok bool) (*tenon.Message, error) {
	if !ok {
		return nil, io.EOF
	}
	s.in.Load(b, s.table)
	return &s.in, nil
}

func (s *linkStream) Call() (*tenon.Message, error) {
	if err := s.SendLast(); err != nil && err != io.EOF {
		return nil, err
	}
	in, err := s.Recv()
	if err == io.EOF && isClosed(s.call.ended) && s.call.err == nil {
		err = io.ErrUnexpectedEOF // there is no answer; the handler may well answer with EOF
	}
	return in, err
}

func (s *linkStream) Close() error {
	s.call.close.Do(func() {
		s.call.cancel()
		<-s.call.ended
		s.end.count(-1)
	})
	return nil
}
