package peer

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/wire"
)

// heap returns the live heap in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what was in a sync.Pool
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// costs runs f, and fails the test if the live heap has grown by more than most
// then.
func costs(t testing.TB, most int64, f func()) {
	t.Helper()
	before := heap()
	f()
	grown := heap() - before
	t.Logf("live heap grew by %d KiB", grown>>10)
	if grown > most {
		t.Errorf("live heap grew by %d KiB, more than %d", grown>>10, most>>10)
	}
}

// inFlight begins n calls of the peer's that nobody answers, and returns a
// function that waits for their errors, each of which must be the connection's.
func (r *raw) inFlight(n int) (wait func()) {
	errs := make(chan error, n)
	ref := bind(r, r.peer)
	for range n {
		go func() {
			_, err := ask(context.Background(), ref, echo, []byte("x"))
			errs <- err
		}()
	}
	eventually(r, "all calls are under way", func() bool { return r.peer.Stats().ActiveOut == n })
	return func() {
		r.Helper()
		for range n {
			select {
			case err := <-errs:
				transport(r, err)
			case <-time.After(20 * time.Second):
				r.Fatal("a call hangs")
			}
		}
	}
}

// A hostile side costs one typed error per call in flight, and little memory.
func TestHostileEnds(t *testing.T) {
	ends := map[string]func(r *raw){
		"frame of 4 GiB":           func(r *raw) { r.say([]byte{0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}) },
		"dies in a header":         func(r *raw) { r.say([]byte{9, 0, 0}); r.c.Close() },
		"dies in a body":           func(r *raw) { r.say(data(2, "xyz")[:18]); r.c.Close() },
		"dies in a message":        func(r *raw) { r.say(fr(wire.Data, fMsg|fMore, 2, uv(99), []byte("x"))); r.c.Close() },
		"random bytes":             func(r *raw) { r.say(bytes.Repeat([]byte("Segmentation fault\n"), 10)) },
		"more than the window":     func(r *raw) { r.say(data(2, strings.Repeat("x", 100<<10))) },
		"RETURN of our own call":   func(r *raw) { r.say(open(1, "Chat"), fr(wire.Return, fEnd, 1)) },
		"metadata bomb":            func(r *raw) { r.say(fr(wire.Call, fMeta, 1, to("Chat"), uv(60<<10), make([]byte, 120<<10))) },
		"metadata that lies":       func(r *raw) { r.say(fr(wire.Call, fMeta, 1, to("Chat"), uv(1<<63))) },
		"list of refs that lies":   func(r *raw) { r.say(fr(wire.Data, fMsg|fRefs, 2, uv(1<<63))) },
		"credit without end":       func(r *raw) { r.say(bytes.Repeat(fr(wire.Credit, 0, 2, uv(1<<46)), 8)) },
		"duplicate ids":            func(r *raw) { r.say(open(1, "Chat"), open(1, "Chat")) },
		"ids of the wrong parity":  func(r *raw) { r.say(open(2, "Chat")) },
		"closes without a word":    func(r *raw) { r.c.Close() },
		"ends a message too early": func(r *raw) { r.say(fr(wire.Data, fMsg|fMore, 2, uv(9), []byte("x")), data(2, "y")) },
	}
	onEach(t, func(t *testing.T, link linker) {
		for name, end := range ends {
			t.Run(name, func(t *testing.T) {
				r := newRaw(t, link, underTest, func(c *Config) { c.Remote.Calls = 64 })
				wait := r.inFlight(50)
				end(r)
				wait()
				if s := r.peer.Stats(); s.ActiveOut != 0 || s.Exported != 0 || s.Held != 0 {
					t.Errorf("left behind: %+v", s)
				}
			})
		}
	})
}

// A million calls: all but Limits.Calls are refused, and nothing is kept.
func TestHostileMillionCalls(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		r := mute(t, link)
		r.listenRefusals()
		n := times(50_000) // a million in a long run
		costs(t, 24<<20, func() {
			for id := uint64(1); id < 2*uint64(n); id += 2 {
				r.say(open(id, "Chat"))
			}
			eventually(t, "all are dealt with", func() bool { return r.peer.Stats().CallsIn == uint64(n) })
			if s := r.peer.Stats(); s.ActiveIn != 1024 {
				t.Errorf("%d calls are under way", s.ActiveIn)
			}
		})
		t.Logf("%d goroutines", runtime.NumGoroutine())
	})
}

// listenRefusals reads what comes, and forgets it.
func (r *raw) listenRefusals() { go r.drain() }

// Who makes us answer and does not listen is cut off.
func TestHostileDeaf(t *testing.T) {
	floods := map[string][]byte{
		"pings":       bytes.Repeat(fr(wire.Ping, 0, 1), 1000),
		"refusals":    bytes.Repeat(fr(wire.Call, fEnd, 1, wire.AppendTarget(nil, 0, strings.Repeat("x", 900), "m", 0)), 100),
		"listed refs": bytes.Repeat(fr(wire.Data, fMsg|fRefs, 99, uv(1024), bytes.Repeat([]byte{1, 2}, 512)), 10),
	}
	onEach(t, func(t *testing.T, link linker) {
		for name, flood := range floods {
			t.Run(name, func(t *testing.T) {
				r := mute(t, link)
				wait := r.inFlight(20)
				costs(t, 8<<20, func() {
					go func() {
						for range 2_000 {
							if _, err := r.c.Write(flood, nil); err != nil {
								return
							}
						}
					}()
					r.fatal()
				})
				if err := r.peer.Err(); !errors.Is(err, errDeaf) {
					t.Fatal(err)
				}
				wait()
			})
		}
	})
}

// A caller that never reads its answers cannot make handlers pile up.
func TestHostileNeverReadsAnswers(t *testing.T) {
	answer := func(_ context.Context, _ []byte, s tenon.Stream) error {
		s.Out().WriteRaw(make([]byte, 60<<10))
		return nil
	}
	onEach(t, func(t *testing.T, link linker) {
		r := mute(t, link, serving(testServer{run: answer}), func(c *Config) { c.Local.Calls = 64 })
		go func() {
			for id := uint64(1); ; id += 2 {
				if _, err := r.c.Write(callOf(id, "Run", "x"), nil); err != nil {
					return
				}
			}
		}()
		most, peak := int64(0), 0
		before := heap()
		ended := false
		for end := time.Now().Add(time.Second); time.Now().Before(end) && !ended; {
			peak = max(peak, goroutines("(*call).serve"))
			most = max(most, heap()-before)
			select {
			case <-r.peer.Done(): // deaf
				ended = true
			default:
			}
		}
		t.Logf("at most %d handlers, %d KiB; ended: %v", peak, most>>10, r.peer.Err())
		if peak > 2*64+spareCalls+2 {
			t.Errorf("%d handlers for a limit of 64 calls", peak)
		}
		if most > 40<<20 {
			t.Errorf("%d MiB", most>>20)
		}
	})
}

// A well-behaved caller that is only slow is not taken for a deaf one, even if
// the answers of methods that run inline could be piled up faster than it reads.
func TestSlowIsNotDeaf(t *testing.T) {
	body := make([]byte, 15<<10)
	answer := func(_ context.Context, _ []byte, s tenon.Stream) error {
		s.Out().WriteRaw(body)
		return nil
	}
	onEach(t, func(t *testing.T, link linker) {
		r := mute(t, link, serving(testServer{run: answer}))
		r.peer.mu.Lock() // as if it had always been short
		r.peer.tables[contract].paces[run].streak = mostNeed
		r.peer.mu.Unlock()
		go func() {
			for id := uint64(1); id < 2*900; id += 2 {
				r.say(callOf(id, "Run", "x"))
			}
		}()
		eventually(t, "all calls are there", func() bool { return r.peer.Stats().CallsIn == 900 })
		r.listen()
		for range 900 {
			if f := r.next(); f.Type != wire.Return || f.Flags&fFail != 0 {
				t.Fatalf("%v %.100q", f.Header, f.body)
			}
		}
	})
}

// A connection is not idle before the last answer is on its way.
func TestIdleWaitsForAnswers(t *testing.T) {
	answer := func(_ context.Context, _ []byte, s tenon.Stream) error {
		s.Out().WriteRaw(make([]byte, 60<<10))
		return nil
	}
	onEach(t, func(t *testing.T, link linker) {
		r := mute(t, link, serving(testServer{run: answer}))
		for id := uint64(1); id < 2*50; id += 2 {
			r.say(callOf(id, "Run", "x"))
		}
		eventually(t, "all are answered", func() bool { s := r.peer.Stats(); return s.CallsIn == 50 && s.ActiveIn == 0 })
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if err := r.peer.Idle(ctx); err != context.DeadlineExceeded {
			t.Fatal("idle, with answers that nobody has taken:", err)
		}
		go r.peer.Shutdown(context.Background())
		r.listen()
		for n := 0; n < 50; {
			switch f := r.next(); f.Type {
			case wire.Return:
				n++
			case wire.Drain:
			default:
				t.Fatal(f.Header)
			}
		}
	})
}

// Nothing that is sent to a side that does not read grows without bound, and
// every sender's context counts.
func TestHostileNeverReads(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		r := mute(t, link, func(c *Config) { c.Remote.Calls = 1 << 20 })
		ref := bind(t, r.peer)
		costs(t, 8<<20, func() {
			var all sync.WaitGroup
			for range 200 {
				all.Add(1)
				go func() {
					defer all.Done()
					ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
					defer cancel()
					_, err := ask(ctx, ref, echo, make([]byte, 200<<10))
					var e *tenon.Error
					if !errors.As(err, &e) || e.Code != tenon.DeadlineExceeded {
						t.Errorf("%T %v", err, err)
					}
				}()
			}
			all.Wait()
		})
		if s := r.peer.Stats(); s.ActiveOut != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Every call's window full of the smallest messages: the most memory that a
// hostile side can take up with calls.
func TestHostileWindows(t *testing.T) {
	const calls = 16
	sizes := map[string]string{"empty": "", "1 byte": "x", "100 bytes": strings.Repeat("x", 100), "60 KiB": strings.Repeat("x", 60<<10)}
	for name, message := range sizes {
		t.Run(name, func(t *testing.T) {
			r := newRaw(t, carriers["pipe"], underTest, func(c *Config) { c.Local = tenon.Limits{Calls: calls} })
			per := (256 << 10) / (cost + len(message))
			costs(t, calls*(256<<10)*2, func() {
				for id := uint64(1); id < 2*calls; id += 2 {
					r.say(open(id, "Stay"), bytes.Repeat(data(id, message), per))
				}
				r.alive()
			})
		})
	}
}

// Large messages that are begun and given up leave nothing behind.
func TestHostileLoans(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		r := newRaw(t, link, underTest)
		begin := func(id uint64) []byte { return fr(wire.Call, fMsg|fMore, id, to("Echo"), uv(1<<20), []byte("x")) }
		r.say(begin(1), begin(3), begin(5)) // more than there is to lend
		n := times(4_000)
		costs(t, 2<<20, func() {
			for i := range uint64(n) {
				r.say(begin(2*i+7), fr(wire.Cancel, 0, 2*i+7, uv(1)))
			}
			r.alive()
		})
		r.peer.mu.Lock()
		defer r.peer.mu.Unlock()
		if n := len(r.peer.loans.queue); n != 1 {
			t.Errorf("%d wait for a loan, not 1", n)
		}
	})
}

// Calls that are begun and cancelled, though their handlers do not care, are
// bounded.
func TestHostileCancels(t *testing.T) {
	release := make(chan struct{})
	stubborn := func(context.Context, []byte, tenon.Stream) error { <-release; return nil }
	onEach(t, func(t *testing.T, link linker) {
		release = make(chan struct{})
		r := newRaw(t, link, serving(testServer{run: stubborn}), func(c *Config) { c.Local.Calls = 32 })
		for i := range uint64(1000) {
			r.say(callOf(2*i+1, "Run", "x"), fr(wire.Cancel, 0, 2*i+1, uv(1)))
		}
		r.say(fr(wire.Ping, 0, 1))
		refused := 0
		for f := r.next(); f.Type != wire.Pong; f = r.next() {
			refused++
		}
		if refused != 1000-2*32-spareCalls {
			t.Errorf("%d of 1000 were refused, the limit is 32", refused)
		}
		close(release)
		eventually(t, "all are done", r.idle)
		r.say(callOf(9999, "Echo", "hi")).returned(9999, "hi")
	})
}

// DATA without end after the call has ended, refs that do not exist, calls of
// released refs: nothing of it lasts.
func TestHostileNoise(t *testing.T) {
	noise := [][]byte{
		data(2, "x"), fr(wire.Data, fMsg|fMore, 2, uv(1<<40), []byte("x")), fr(wire.Data, fEnd, 2),
		fr(wire.Release, 0, 12345, uv(1<<40)), fr(wire.Pong, 0, 7), fr(wire.Credit, 0, 2, uv(1)),
		fr(wire.Cancel, 0, 55, uv(1)), fr(wire.Return, fFail|fEnd, 2, make([]byte, 100)), fr(0x90, 0, 0, make([]byte, 1000)),
	}
	onEach(t, func(t *testing.T, link linker) {
		r := newRaw(t, link, underTest)
		costs(t, 2<<20, func() {
			for range times(5_000) {
				r.say(bytes.Join(noise, nil))
			}
			r.alive()
		})
	})
}
