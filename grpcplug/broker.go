package grpcplug

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
)

// A Broker makes further connections between a host and a plugin, either way.
// Each has an id, which one side makes up, serves, and tells the other, usually as
// an argument of a call. It is go-plugin's GRPCBroker, and safe for concurrent use.
type Broker struct {
	options *options
	place   *place
	mux     func() *mux // nil: each id has a socket
	next    atomic.Uint32
	turn    chan struct{}  // who has it may knock
	out     chan *connInfo // what the other side is to be told

	ctx  context.Context
	stop context.CancelFunc
	goes sync.WaitGroup

	mu sync.Mutex
	st brokerState
}

// brokerState is what of a broker changes.
type brokerState struct {
	hangUp   context.CancelFunc // ends the conversation with the other broker; nil if there is none
	talk     int                // the number of that conversation
	met      bool               // there has been one
	attached chan struct{}      // closed when met or err is set
	err      error              // why there will be none
	closed   bool

	places  map[uint32]connInfo // where ids are served that were not dialled yet
	order   []uint32            // of places, the oldest first
	changed chan struct{}       // closed when places is

	listeners map[uint32]*muxedListener
	knocks    map[uint32]*time.Timer // of ids that nobody listens for yet
	acks      map[uint32]chan connInfo
	late      map[uint32]bool // of knocks that were given up
}

// A messenger is a stream of messages, of either side.
type messenger interface {
	SendMsg(any) error
	RecvMsg(any) error
}

const (
	// maxPending is how many ids, knocks and connections wait to be taken.
	maxPending = 1024

	// maxBrokerMessage is the largest that another broker may send, in bytes. It has
	// an address in it.
	maxBrokerMessage = 16 << 10

	// patience is how long one side waits for the other to serve an id. It is
	// go-plugin's.
	patience = 5 * time.Second
)

func newBroker(o *options, p *place, m *mux) *Broker {
	b := makeBroker(o, p)
	if m != nil {
		b.mux = func() *mux { return m }
	}
	return b
}

func makeBroker(o *options, p *place) *Broker {
	b := &Broker{options: o, place: p, turn: make(chan struct{}, 1), out: make(chan *connInfo, maxPending)}
	b.ctx, b.stop = context.WithCancel(context.Background())
	b.st = brokerState{
		attached: make(chan struct{}), changed: make(chan struct{}),
		places: map[uint32]connInfo{}, listeners: map[uint32]*muxedListener{},
		knocks: map[uint32]*time.Timer{}, acks: map[uint32]chan connInfo{}, late: map[uint32]bool{},
	}
	return b
}

// NextID returns an id that this side has not used yet.
func (b *Broker) NextID() uint32 { return b.next.Add(1) }

// Done is closed when the connection, and the broker with it, has ended.
func (b *Broker) Done() <-chan struct{} { return b.ctx.Done() }

// ServerOptions returns what a server on a listener of Accept needs, if it is not
// Serve that makes it: the connection's TLS and the size of the largest message.
func (b *Broker) ServerOptions() []grpc.ServerOption { return b.options.serverOptions() }

// Accept returns a listener for the connections that the other side makes to id.
// They are not encrypted yet, even with TLS; Serve does that. It is closed with
// the broker. One id has no two listeners at a time.
func (b *Broker) Accept(id uint32) (net.Listener, error) {
	if b.mux != nil {
		return b.acceptMuxed(id)
	}
	l, err := b.place.listen()
	if b.ctx.Err() != nil { // and with it the place may be gone
		if err == nil {
			l.Close()
		}
		return nil, &Error{Problem: BrokerClosed}
	}
	if err != nil {
		return nil, err
	}
	c := connInfo{id: id}
	c.network, c.address, err = b.options.toPlugin(l.Addr().Network(), l.Addr().String())
	if err == nil {
		err = b.send(b.ctx, c)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	stop := context.AfterFunc(b.ctx, func() { l.Close() })
	return &socketListener{l, stop}, nil
}

type socketListener struct {
	net.Listener
	stop func() bool
}

func (l *socketListener) Close() error {
	l.stop()
	return l.Listener.Close()
}

// Serve serves what register registers to the other side, under id, until stop is
// called or the connection ends.
func (b *Broker) Serve(id uint32, register func(grpc.ServiceRegistrar)) (stop func(), err error) {
	return b.serve(id, register)
}

func (b *Broker) serve(id uint32, register func(grpc.ServiceRegistrar), more ...grpc.ServerOption) (stop func(), err error) {
	l, err := b.Accept(id)
	if err != nil {
		return nil, err
	}
	server, tracked := b.options.newServer(b.options.attendUnary, b.options.attendStream, more...), newTracked(l, maxConns)
	register(server)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.st.closed {
		l.Close()
		return nil, &Error{Problem: BrokerClosed}
	}
	end := func() { tracked.drop(); server.Stop() }
	b.goes.Go(func() {
		server.Serve(tracked)
		end() // waits for what it has started
	})
	after := context.AfterFunc(b.ctx, end)
	return func() { after(); end() }, nil
}

// Dial returns a connection to what the other side serves, or is about to serve,
// under id. It waits for that no longer than ctx, and for five seconds if ctx has
// no deadline. The connection is closed with the broker at the latest.
func (b *Broker) Dial(ctx context.Context, id uint32, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(b.ctx, cancel)()
	what, dial := b.name(id), dialer(nil)
	if b.mux != nil {
		first, err := b.knock(ctx, id)
		if err != nil {
			return nil, err
		}
		next := &handover{first: first, then: func(ctx context.Context) (net.Conn, error) { return b.knock(ctx, id) }}
		defer next.close()
		dial = next.dial
	} else {
		c, err := b.whereIs(ctx, id)
		if err == nil {
			c.network, c.address, err = b.options.toHost(c.network, c.address)
		}
		if err != nil {
			return nil, err
		}
		if c.network != unixNetwork && c.network != tcpNetwork {
			return nil, &Error{Problem: BadBrokerMessage, What: what, Err: fmt.Errorf("its network is %q, not unix or tcp", clip(c.network))}
		}
		what, dial = whereabouts(c.network, c.address), addressDialer(c.network, c.address)
	}
	cc, err := b.options.connect(ctx, what, dial, more...)
	if err != nil {
		return nil, err
	}
	return cc, b.keep(cc)
}

// A handover is a dialer that has a connection already.
type handover struct {
	mu    sync.Mutex
	first net.Conn
	then  dialer
}

func (h *handover) dial(ctx context.Context) (net.Conn, error) {
	h.mu.Lock()
	c := h.first
	h.first = nil
	h.mu.Unlock()
	if c != nil {
		return c, nil
	}
	return h.then(ctx)
}

// close closes the connection if nobody has taken it.
func (h *handover) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.first != nil {
		h.first.Close()
		h.first = nil
	}
}

func (b *Broker) name(id uint32) string { return fmt.Sprintf("id %d", id) }

// keep sees that the connection is closed.
func (b *Broker) keep(cc *grpc.ClientConn) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.st.closed {
		cc.Close()
		return &Error{Problem: BrokerClosed}
	}
	b.goes.Go(func() {
		for {
			state := cc.GetState()
			if state == connectivity.Shutdown {
				return
			}
			if !cc.WaitForStateChange(b.ctx, state) {
				cc.Close()
				return
			}
		}
	})
	return nil
}

// whereIs waits until the other side has said where it serves id.
func (b *Broker) whereIs(ctx context.Context, id uint32) (connInfo, error) {
	for {
		b.mu.Lock()
		c, ok := b.st.places[id]
		changed := b.st.changed
		err := b.st.err
		if ok {
			b.forget(id)
		}
		b.mu.Unlock()
		if ok {
			return c, nil
		}
		if err != nil {
			return connInfo{}, err
		}
		select {
		case <-changed:
		case <-b.ctx.Done():
			return connInfo{}, &Error{Problem: BrokerClosed, What: b.name(id)}
		case <-ctx.Done():
			return connInfo{}, &Error{Problem: UnknownID, What: b.name(id), Err: context.Cause(ctx)}
		}
	}
}

// note keeps where an id is served. The oldest that nobody has dialled is
// forgotten if there are too many.
func (b *Broker) note(c connInfo) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, there := b.st.places[c.id]; there {
		b.forget(c.id)
	}
	if len(b.st.order) >= maxPending {
		b.forget(b.st.order[0])
	}
	b.st.places[c.id] = c
	b.st.order = append(b.st.order, c.id)
	close(b.st.changed)
	b.st.changed = make(chan struct{})
}

func (b *Broker) forget(id uint32) {
	delete(b.st.places, id)
	for i, other := range b.st.order {
		if other == id {
			b.st.order = append(b.st.order[:i:i], b.st.order[i+1:]...)
			return
		}
	}
}

// send says something to the other broker, when there is one that listens.
func (b *Broker) send(ctx context.Context, c connInfo) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-b.st.attached:
	case <-b.ctx.Done():
		return &Error{Problem: BrokerClosed}
	case <-ctx.Done():
		return &Error{Problem: NoBroker}
	}
	b.mu.Lock()
	talks, err := b.st.hangUp != nil, b.st.err
	b.mu.Unlock()
	switch {
	case err != nil:
		return err
	case !talks:
		return &Error{Problem: BrokerClosed}
	}
	select {
	case b.out <- &c:
		return nil
	case <-b.ctx.Done():
		return &Error{Problem: BrokerClosed}
	case <-ctx.Done():
		return &Error{Problem: BrokerBusy, What: b.name(c.id)}
	}
}

// reply answers the other broker, unless that does not listen: whoever hears what
// it says must not wait for it.
func (b *Broker) reply(c connInfo) {
	select {
	case b.out <- &c:
	default:
	}
}

var brokerDesc = grpc.StreamDesc{StreamName: brokerStream, ClientStreams: true, ServerStreams: true}

// call finds the plugin's broker, and listens to it until the connection ends.
func (b *Broker) call(ctx context.Context, cc *grpc.ClientConn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // a stream that nobody reads any more
	s, err := cc.NewStream(ctx, &brokerDesc, "/"+brokerService+"/"+brokerStream, grpc.ForceCodec(codec{}), grpc.MaxCallRecvMsgSize(maxBrokerMessage))
	if err == nil {
		err = b.listen(s)
	}
	problem := BrokerClosed
	if status.Code(err) == codes.Unimplemented {
		problem = NoBroker
	}
	b.fail(&Error{Problem: problem, Err: err})
}

// listen attaches the broker to the other one, and listens until that ends.
func (b *Broker) listen(s messenger) error {
	ctx, hangUp := context.WithCancel(b.ctx)
	defer hangUp()
	if err := b.attach(ctx, s, hangUp); err != nil {
		return err
	}
	for {
		var f frame
		if err := s.RecvMsg(&f); err != nil {
			return err
		}
		if len(f.b) > maxBrokerMessage {
			return &Error{Problem: BadBrokerMessage, Err: fmt.Errorf("it has %d bytes", len(f.b))}
		}
		c, err := decodeConnInfo(f.b)
		if err != nil {
			return err
		}
		b.hear(c)
	}
}

// attach begins a conversation, in the place of one that there is: only one side
// can be told where an id is served.
func (b *Broker) attach(ctx context.Context, s messenger, hangUp context.CancelFunc) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.st.closed {
		return &Error{Problem: BrokerClosed}
	}
	if b.st.hangUp != nil {
		b.st.hangUp()
	}
	b.st.hangUp = hangUp
	b.st.talk++
	talk := b.st.talk
	if !b.st.met && b.st.err == nil {
		close(b.st.attached)
	}
	b.st.met = true
	b.goes.Go(func() {
		b.say(ctx, s)
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.st.talk == talk {
			b.st.hangUp = nil
		}
	})
	return nil
}

// say tells the other broker what it is to be told.
func (b *Broker) say(ctx context.Context, s messenger) {
	for {
		select {
		case c := <-b.out:
			if s.SendMsg(&frame{c.encode()}) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// fail says that there is no other broker, for good.
func (b *Broker) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.st.err != nil {
		return
	}
	b.st.err = err
	if !b.st.met {
		close(b.st.attached)
	}
	close(b.st.changed)
	b.st.changed = make(chan struct{})
}

// hear does what the other broker says.
func (b *Broker) hear(c connInfo) {
	switch {
	case c.knock == nil || !c.knock.knock:
		b.note(c)
	case c.knock.ack:
		b.hearAck(c)
	case b.mux == nil:
		b.refuse(c.id, "the connection is not multiplexed")
	default:
		b.hearKnock(c.id)
	}
}

// close ends all that the broker has made.
func (b *Broker) close() {
	if b == nil {
		return
	}
	b.mu.Lock()
	b.st.closed = true
	for id, t := range b.st.knocks {
		t.Stop()
		delete(b.st.knocks, id)
	}
	b.mu.Unlock()
	b.stop()
}

// wait waits until nothing of the broker is left, after close.
func (b *Broker) wait() {
	if b != nil {
		b.goes.Wait()
	}
}
