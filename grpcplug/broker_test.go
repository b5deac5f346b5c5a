package grpcplug

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func muxPair(t testing.TB) (a, b *mux) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	x, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	y, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if a, err = newMux(x, true); err != nil {
		t.Fatal(err)
	}
	if b, err = newMux(y, false); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// each runs a test with either kind of broker.
func each(t *testing.T, f func(t *testing.T, a, b *Broker)) {
	for _, muxed := range []bool{false, true} {
		t.Run(fmt.Sprintf("multiplexed=%v", muxed), func(t *testing.T) {
			a, b := pair(t, muxed)
			f(t, a, b)
		})
	}
}

func ask(t *testing.T, b *Broker, id uint32, want string) {
	t.Helper()
	cc, err := b.Dial(t.Context(), id)
	if err != nil {
		t.Error(err)
		return
	}
	defer cc.Close()
	if got, err := who(t.Context(), cc); err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestBrokerBothWays(t *testing.T) {
	each(t, func(t *testing.T, a, b *Broker) {
		var all sync.WaitGroup
		for _, from := range []struct{ own, other *Broker }{{a, b}, {b, a}} {
			for range 8 {
				id := from.own.NextID()
				what := fmt.Sprint(id)
				stop, err := from.own.Serve(id, answersWith(what))
				if err != nil {
					t.Fatal(err)
				}
				all.Go(func() {
					ask(t, from.other, id, what)
					stop()
				})
			}
		}
		all.Wait()
	})
}

// Whoever dials may come a little before who serves.
func TestBrokerDialFirst(t *testing.T) {
	each(t, func(t *testing.T, a, b *Broker) {
		go func() {
			time.Sleep(50 * time.Millisecond) // any time is right; the dialler should come first
			if _, err := a.Serve(7, answersWith("late")); err != nil {
				t.Error(err)
			}
		}()
		ask(t, b, 7, "late")
	})
}

func TestBrokerUnknownID(t *testing.T) {
	each(t, func(t *testing.T, a, b *Broker) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := a.Dial(ctx, 99)
		if !errors.Is(err, &Error{Problem: UnknownID}) || !strings.Contains(err.Error(), "id 99") {
			t.Errorf("got %v", err)
		}
		// What is dialled after that gets what it asked for.
		if _, err := b.Serve(99, answersWith("at last")); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Serve(100, answersWith("another")); err != nil {
			t.Fatal(err)
		}
		ask(t, a, 100, "another")
		ask(t, a, 99, "at last")
	})
}

func TestBrokerClosed(t *testing.T) {
	each(t, func(t *testing.T, a, b *Broker) {
		ended := make(chan error)
		go func() {
			_, err := a.Dial(t.Context(), 5)
			ended <- err
		}()
		if _, err := b.Serve(1, answersWith("one")); err != nil {
			t.Fatal(err)
		}
		cc, err := a.Dial(t.Context(), 1)
		if err != nil && !a.muxed() {
			t.Fatal(err)
		}
		a.close()
		if err := <-ended; err == nil {
			t.Error("an id that nobody serves was dialled")
		}
		a.wait()
		if cc != nil {
			if _, err := who(t.Context(), cc); err == nil {
				t.Error("a connection of a closed broker is of use")
			}
		}
		if _, err := a.Serve(2, answersWith("two")); err == nil {
			t.Error("a closed broker serves")
		}
	})
}

func (b *Broker) muxed() bool { return b.mux != nil }

// What another broker may say that makes no sense.
func TestBrokerNonsense(t *testing.T) {
	each(t, func(t *testing.T, a, b *Broker) {
		say := func(c connInfo) {
			t.Helper()
			if err := b.send(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		say(connInfo{})
		say(connInfo{id: 3, network: "carrier pigeon", address: "roof"})
		say(connInfo{id: 4, network: unixNetwork, address: "/nonexistent/socket"})
		say(connInfo{id: 5, network: unixNetwork})
		say(connInfo{id: 6, network: tcpNetwork, address: "256.0.0.1:x"})
		say(connInfo{id: 7, knock: &knock{knock: true, ack: true}})
		say(connInfo{id: 8, knock: &knock{}})
		var last uint32
		for range 2 * maxPending {
			last = a.NextID() + 1000
			say(connInfo{id: last, network: unixNetwork, address: "/nobody/dials"})
		}
		if !a.muxed() {
			// When the last has come, all have, and what came first is forgotten.
			if _, err := a.Dial(t.Context(), last); !errors.Is(err, &Error{Problem: NobodyThere}) {
				t.Errorf("id %d: %v", last, err)
			}
			for id, problem := range map[uint32]Problem{3: UnknownID, 4: UnknownID} {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				if _, err := a.Dial(ctx, id); !errors.Is(err, &Error{Problem: problem}) {
					t.Errorf("id %d: %v", id, err)
				}
				cancel()
			}
			say(connInfo{id: 3, network: "carrier pigeon", address: "roof"})
			say(connInfo{id: 4, network: unixNetwork, address: "/nonexistent/socket"})
			for id, problem := range map[uint32]Problem{3: BadBrokerMessage, 4: NobodyThere} {
				if _, err := a.Dial(t.Context(), id); !errors.Is(err, &Error{Problem: problem}) {
					t.Errorf("id %d: %v", id, err)
				} else {
					t.Log(err)
				}
			}
		}
		a.mu.Lock()
		if n := len(a.st.places); n > maxPending || n != len(a.st.order) {
			t.Errorf("%d places are kept, %d in order", n, len(a.st.order))
		}
		a.mu.Unlock()
		if _, err := b.Serve(1, answersWith("still there")); err != nil {
			t.Fatal(err)
		}
		ask(t, a, 1, "still there")
	})
}

// A message that cannot be read ends the two brokers' conversation, nothing else.
func TestBrokerGarbage(t *testing.T) {
	a := newBroker(&options{limit: 1 << 20}, newPlace("", wish{dir: t.TempDir()}), nil)
	x, y := pipe()
	y.SendMsg(&frame{[]byte{0xff, 0xff, 0xff}})
	if err := a.listen(x); !errors.Is(err, &Error{Problem: BadBrokerMessage}) {
		t.Errorf("got %v", err)
	}
	a.close()
}

// Knocks for what nobody serves are bounded, and refused in time.
func TestBrokerUnknownKnocks(t *testing.T) {
	a, _ := muxPair(t)
	t.Cleanup(a.close)
	b := newBroker(&options{limit: 1 << 20}, nil, a)
	x, y := pipe()
	go b.listen(x)
	for id := range uint32(maxPending + 10) {
		y.SendMsg(&frame{connInfo{id: id, knock: &knock{knock: true}}.encode()})
	}
	for range 10 {
		var f frame
		if err := y.RecvMsg(&f); err != nil {
			t.Fatal(err)
		}
		c, err := decodeConnInfo(f.b)
		if err != nil || c.knock == nil || !c.knock.ack || c.knock.err == "" {
			t.Errorf("%+v, %v", c, err)
		}
	}
	b.giveUp(3)
	var f frame
	y.RecvMsg(&f)
	if c, _ := decodeConnInfo(f.b); c.id != 3 || c.knock.err != "nobody listens for it" {
		t.Errorf("%+v", c)
	}
	x.close()
	b.close()
	b.wait()
}

// A knock for a broker with sockets is refused, so that who knocked need not wait.
func TestBrokerKnockWithoutMux(t *testing.T) {
	b := newBroker(&options{limit: 1 << 20}, nil, nil)
	x, y := pipe()
	go b.listen(x)
	y.SendMsg(&frame{connInfo{id: 1, knock: &knock{knock: true}}.encode()})
	var f frame
	y.RecvMsg(&f)
	if c, err := decodeConnInfo(f.b); err != nil || c.knock == nil || !c.knock.ack || c.knock.err == "" {
		t.Errorf("%+v, %v", c, err)
	}
	x.close()
	b.close()
}

func TestBrokerServeTwice(t *testing.T) {
	each(t, func(t *testing.T, a, b *Broker) {
		for i := range 3 {
			what := fmt.Sprint("time ", i)
			stop, err := a.Serve(1, answersWith(what))
			if err != nil {
				t.Fatal(err)
			}
			ask(t, b, 1, what)
			stop()
		}
	})
}
