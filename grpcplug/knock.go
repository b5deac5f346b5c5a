package grpcplug

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// A muxedListener takes the connections for one id that came over the one that
// all share.
type muxedListener struct {
	broker *Broker
	id     uint32
	conns  chan net.Conn
	done   chan struct{}

	mu     sync.Mutex
	closed bool
}

// acceptMuxed listens for knocks for id, and answers those that came before.
func (b *Broker) acceptMuxed(id uint32) (net.Listener, error) {
	l := &muxedListener{broker: b, id: id, conns: newConns(), done: make(chan struct{})}
	b.mu.Lock()
	if b.st.closed {
		b.mu.Unlock()
		return nil, &Error{Problem: BrokerClosed}
	}
	b.st.listeners[id] = l
	early := b.st.knocks[id]
	delete(b.st.knocks, id)
	b.mu.Unlock()
	if early != nil && early.Stop() {
		b.admit(l)
	}
	return l, nil
}

// hearKnock answers a knock: at once if somebody listens for the id, and
// otherwise if somebody does in time.
func (b *Broker) hearKnock(id uint32) {
	b.mu.Lock()
	l := b.st.listeners[id]
	full := len(b.st.knocks) >= maxPending
	known := b.st.knocks[id] != nil || b.st.closed
	if l == nil && !full && !known {
		b.st.knocks[id] = time.AfterFunc(patience, func() { b.giveUp(id) })
	}
	b.mu.Unlock()
	switch {
	case l != nil:
		b.admit(l)
	case full:
		b.refuse(id, "too many knocks wait for somebody who listens")
	}
}

// admit lets the next connection be for l.
func (b *Broker) admit(l *muxedListener) {
	if err := b.mux().expect(l.take); err != nil {
		b.refuse(l.id, err.Error())
		return
	}
	b.reply(connInfo{id: l.id, knock: &knock{knock: true, ack: true}})
}

func (b *Broker) giveUp(id uint32) {
	b.mu.Lock()
	_, there := b.st.knocks[id]
	delete(b.st.knocks, id)
	b.mu.Unlock()
	if there {
		b.refuse(id, "nobody listens for it")
	}
}

func (b *Broker) refuse(id uint32, why string) {
	b.reply(connInfo{id: id, knock: &knock{knock: true, ack: true, err: why}})
}

// knock asks the other side for a connection for id, and makes it. It is done by
// one at a time, because the next connection is for who knocked last.
func (b *Broker) knock(ctx context.Context, id uint32) (net.Conn, error) {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, &Error{Problem: UnknownID, What: b.name(id), Err: context.Cause(ctx)}
	}
	release := func() { <-b.turn }
	ack := make(chan connInfo, 1)
	b.mu.Lock()
	b.st.acks[id] = ack
	b.mu.Unlock()
	if err := b.send(ctx, connInfo{id: id, knock: &knock{knock: true}}); err != nil {
		defer release()
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.st.acks, id)
		return nil, err
	}
	select {
	case c := <-ack:
		if c.knock.err != "" {
			release()
			return nil, &Error{Problem: KnockRefused, What: b.name(id), Err: errors.New(clip(c.knock.err))}
		}
		return b.mux().open(ctx, release)
	case <-ctx.Done():
	case <-b.ctx.Done():
	}
	defer release()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.st.acks, id)
	if len(b.st.late) < maxPending {
		b.st.late[id] = true
	}
	return nil, &Error{Problem: UnknownID, What: b.name(id), Err: errNoAck}
}

var errNoAck = errors.New("the other side did not answer in time")

// hearAck brings an answer to who knocked. An answer that comes too late means
// that the other side expects a connection: it gets one that is closed at once,
// lest it took the next for it. Other answers nobody has asked for.
func (b *Broker) hearAck(c connInfo) {
	b.mu.Lock()
	ack := b.st.acks[c.id]
	late := b.st.late[c.id]
	delete(b.st.acks, c.id)
	delete(b.st.late, c.id)
	b.mu.Unlock()
	switch {
	case ack != nil:
		ack <- c
	case late && c.knock.err == "" && b.mux != nil:
		// Here, so that none that was asked for later comes first.
		ctx, cancel := context.WithTimeout(b.ctx, time.Second)
		defer cancel()
		if conn, err := b.mux().dial(ctx); err == nil {
			conn.Close()
		}
	}
}

// take is given a connection, which it wants unless enough of them wait.
func (l *muxedListener) take(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	select {
	case l.conns <- c:
		return true
	default:
		return false
	}
}

// Accept implements net.Listener.
func (l *muxedListener) Accept() (net.Conn, error) {
	select {
	case c, ok := <-l.conns:
		if ok {
			return c, nil
		}
	case <-l.done:
	case <-l.broker.ctx.Done():
	}
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (l *muxedListener) Close() error {
	l.broker.mu.Lock()
	if l.broker.st.listeners[l.id] == l {
		delete(l.broker.st.listeners, l.id)
	}
	l.broker.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	close(l.done)
	close(l.conns)
	for c := range l.conns {
		c.Close()
	}
	return nil
}

// Addr implements net.Listener. It is not the session's address: gRPC asks for it
// at once, and the session may not be there yet, or never.
func (l *muxedListener) Addr() net.Addr { return muxAddr(l.id) }

// A muxAddr is an id of the broker.
type muxAddr uint32

func (a muxAddr) Network() string { return "yamux" }
func (a muxAddr) String() string  { return fmt.Sprintf("id %d", uint32(a)) }
