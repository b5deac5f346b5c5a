package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
	"github.com/tenon-go/tenon/internal/wire"
)

// server sets what Run does on the plugin's side.
func server(f func(ctx context.Context, in []byte, s tenon.Stream) error) func(a, b *Config) {
	return func(_, b *Config) { b.Services = []tenon.Service{{Contract: contract, Server: testServer{run: f}}} }
}

func limits(l tenon.Limits) func(a, b *Config) {
	return func(a, b *Config) { a.Local, b.Local = l, l }
}

// clean checks that a pair holds nothing.
func clean(t testing.TB, peers ...*Peer) {
	t.Helper()
	for _, p := range peers {
		eventually(t, "nothing is held", func() bool {
			s := p.Stats()
			return s.ActiveOut+s.ActiveIn+s.Held+s.Exported == 0
		})
	}
}

func waits(ctx context.Context, _ []byte, _ tenon.Stream) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestCancelReachesHandler(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		ended := make(chan error, 1)
		host, plugin := connect(t, link, server(func(ctx context.Context, _ []byte, _ tenon.Stream) error {
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}))
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err := ask(ctx, bind(t, host), run, nil)
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if err := <-ended; err != context.Canceled {
			t.Fatal(err)
		}
		clean(t, host, plugin)
	})
}

// A caller whose context ends returns at once, though it was the one that read.
func TestCanceledLeaderIsPrompt(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, _ := connect(t, link, server(waits))
		ref := bind(t, host)
		for range 50 { // so that the baton is left vacant
			ask(context.Background(), ref, echo, nil)
		}
		var worst time.Duration
		for range 20 {
			ctx, cancel := context.WithCancel(context.Background())
			var at atomic.Int64
			time.AfterFunc(5*time.Millisecond, func() { at.Store(time.Now().UnixNano()); cancel() })
			ask(ctx, ref, run, nil)
			worst = max(worst, time.Since(time.Unix(0, at.Load())))
		}
		t.Logf("at most %v after the context", worst)
		if worst > 50*time.Millisecond {
			t.Error("too late")
		}
	})
}

func TestDeadlineCrosses(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		left := make(chan time.Duration, 1)
		ended := make(chan error, 1)
		host, _ := connect(t, link, server(func(ctx context.Context, _ []byte, _ tenon.Stream) error {
			d, _ := ctx.Deadline()
			left <- time.Until(d)
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}))
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err := ask(ctx, bind(t, host), run, nil)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if d := <-left; d <= 0 || d > 50*time.Millisecond {
			t.Fatal(d)
		}
		if err := <-ended; err != context.DeadlineExceeded {
			t.Fatal(err)
		}
	})
}

func TestMethodTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &tenon.Contract{Name: "test.Slow", Methods: []tenon.Method{{Name: "Wait", Timeout: time.Hour}}}
		wait := serverFunc(func(ctx context.Context, _ int, _ tenon.Stream) error { <-ctx.Done(); return ctx.Err() })
		host, _ := connect(t, carriers["pipe"], func(_, b *Config) { b.Services = []tenon.Service{{Contract: slow, Server: wait}} })
		ref, err := slow.Bind(host)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = ask(context.Background(), ref, 0, nil)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) < time.Hour || time.Since(start) > time.Hour+time.Second {
			t.Fatal(err, time.Since(start))
		}
		synctest.Wait()
		host.Close()
	})
}

type serverFunc func(ctx context.Context, method int, s tenon.Stream) error

func (f serverFunc) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	return f(ctx, method, s)
}

// A stream that nobody reads stops its sender, and nothing else.
func TestSlowReader(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, plugin := connect(t, link)
		ref := bind(t, host)
		unread, err := ref.Open(context.Background(), chat)
		if err != nil {
			t.Fatal(err)
		}
		costs(t, 3<<20, func() {
			ctx, cancel := context.WithCancel(context.Background())
			stuck, err := ref.Open(ctx, chat)
			if err != nil {
				t.Fatal(err)
			}
			_ = unread
			var sent atomic.Int64
			done := make(chan error, 1)
			go func() {
				for {
					stuck.Out().WriteRaw(make([]byte, 1000))
					if err := stuck.Send(); err != nil {
						done <- err
						return
					}
					sent.Add(1)
				}
			}()
			eventually(t, "it is stuck", func() bool {
				n := sent.Load()
				time.Sleep(20 * time.Millisecond)
				return n > 0 && n == sent.Load()
			})
			var worst time.Duration
			for range 1000 {
				start := time.Now()
				if _, err := ask(context.Background(), ref, echo, []byte("x")); err != nil {
					t.Fatal(err)
				}
				worst = max(worst, time.Since(start))
			}
			t.Logf("stuck after %d messages; 1000 calls, the slowest in %v", sent.Load(), worst)
			if n := sent.Load(); n > 1100 { // both windows, there and back
				t.Errorf("%d messages of 1000 bytes were sent", n)
			}
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			stuck.Close()
		})
		unread.Close()
		clean(t, host, plugin)
	})
}

// A method that has always been short runs where it was read; when it blocks
// for once, the others get on.
func TestBlockingInlineHandler(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		var block atomic.Pointer[chan struct{}]
		host, _ := connect(t, link, server(func(_ context.Context, in []byte, _ tenon.Stream) error {
			if c := block.Load(); c != nil && string(in) == "block" {
				<-*c
			}
			return nil
		}))
		ref := bind(t, host)
		var worst time.Duration
		for range 10 {
			for range 200 { // promotes it
				ask(context.Background(), ref, run, []byte("go on"))
			}
			c := make(chan struct{})
			block.Store(&c)
			blocked := make(chan error, 1)
			go func() {
				_, err := ask(context.Background(), ref, run, []byte("block"))
				blocked <- err
			}()
			eventually(t, "it is under way", func() bool { return host.Stats().ActiveOut == 1 })
			for range 20 {
				start := time.Now()
				if _, err := ask(context.Background(), ref, echo, nil); err != nil {
					t.Fatal(err)
				}
				worst = max(worst, time.Since(start))
			}
			block.Store(nil)
			close(c)
			if err := <-blocked; err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("other calls took %v at most", worst)
		if worst > 250*time.Millisecond {
			t.Error("a blocking handler blocks others")
		}
	})
}

func TestGoexit(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, plugin := connect(t, link, server(func(_ context.Context, in []byte, _ tenon.Stream) error {
			switch string(in) {
			case "slowly":
				time.Sleep(20 * time.Millisecond) // the reading is taken away from it
				runtime.Goexit()
			case "exit":
				runtime.Goexit()
			}
			return nil
		}))
		ref := bind(t, host)
		for _, what := range []string{"exit", "slowly"} {
			for range 20 {
				for range 50 {
					ask(context.Background(), ref, run, nil)
				}
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				_, err := ask(ctx, ref, run, []byte(what))
				cancel()
				var e *tenon.Error
				if !errors.As(err, &e) || e.Code != tenon.Internal {
					t.Fatal(what, err)
				}
			}
		}
		clean(t, host, plugin)
	})
}

func TestPanic(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, _ := connect(t, link, server(func(_ context.Context, in []byte, _ tenon.Stream) error {
			if len(in) > 0 {
				panic(fmt.Errorf("broken: %w", errOdd))
			}
			return nil
		}))
		ref := bind(t, host)
		for range 20 {
			for range 20 {
				ask(context.Background(), ref, run, nil)
			}
			_, err := ask(context.Background(), ref, run, []byte("x"))
			var e *tenon.Error
			if !errors.As(err, &e) || e.Code != tenon.Internal || !strings.Contains(e.Stack, "behaviour_test.go") {
				t.Fatalf("%v %+v", err, e)
			}
		}
	})
}

// With CrashOnPanic the process ends: of this test's own binary, run again.
func TestCrashOnPanic(t *testing.T) {
	if os.Getenv("TENON_TEST_CRASH") != "" {
		host, _ := connect(t, carriers["pipe"], server(func(context.Context, []byte, tenon.Stream) error { panic("as it should") }),
			func(_, b *Config) { b.CrashOnPanic = true })
		ask(context.Background(), bind(t, host), run, nil)
		time.Sleep(10 * time.Second)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrashOnPanic$")
	cmd.Env = append(os.Environ(), "TENON_TEST_CRASH=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("panic: as it should")) {
		t.Fatalf("%v\n%s", err, out)
	}
}

// A long error keeps its identity; one that would not fit keeps its text and
// code, and the connection.
func TestLongErrors(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, _ := connect(t, link, server(runTest))
		_, err := ask(context.Background(), bind(t, host), run, []byte("huge error"))
		if !errors.Is(err, errOdd) || len(err.Error()) < 60<<10 {
			t.Fatalf("%d bytes, of another identity", len(err.Error()))
		}
	})
	defs := []tenon.ErrorDef{{Name: strings.Repeat("n", 2000), Value: errOdd}}
	var m tenon.Message
	encodeFault(fmt.Errorf("begin %w", errors.Join(slices.Repeat([]error{errOdd}, 250)...)), defs, &m, wire.MaxBody)
	if m.Len() > wire.MaxBody {
		t.Fatalf("%d bytes do not fit", m.Len())
	}
	if err := fault.Decode(&m, nil); !strings.HasPrefix(err.Message, "begin odd") || err.Code != tenon.Unknown {
		t.Errorf("%.100v", err)
	}
}

// function is a contract of one method, for refs.
var function = &tenon.Contract{Name: "test.Func", Methods: []tenon.Method{{Name: "Call"}}}

type fn func(ctx context.Context, in *tenon.Message, out *tenon.Message) error

func (f fn) ServeCall(ctx context.Context, _ int, s tenon.Stream) error {
	in, err := s.Recv()
	if err != nil {
		return err
	}
	return f(ctx, in, s.Out())
}

// callRef calls ref with what write writes, and has read read the answer.
func callRef(ctx context.Context, ref *tenon.Ref, method int, write, read func(m *tenon.Message)) error {
	s, err := ref.Open(ctx, method)
	if err != nil {
		return err
	}
	defer s.Close()
	if write != nil {
		write(s.Out())
	}
	m, err := s.Call()
	if err != nil {
		return err
	}
	if read != nil {
		read(m)
	}
	return m.Err()
}

// recursion passes a callback that is called with a callback that is called
// with a callback, to and fro.
func recursion(depth int, deepest *atomic.Int64) fn {
	return func(ctx context.Context, in, out *tenon.Message) error {
		deepest.Add(1)
		var back *tenon.Ref
		for in.Next() {
			back, _ = in.ReadRef(function)
		}
		if in.Err() != nil || depth == 0 || back == nil {
			return in.Err()
		}
		return callRef(ctx, back, 0, func(m *tenon.Message) {
			m.WriteRef(1, tenon.Service{Contract: function, Server: recursion(depth-1, deepest)}, false)
		}, nil)
	}
}

func TestNestedCallbacks(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		var deepest atomic.Int64
		host, plugin := connect(t, link, func(_, b *Config) {
			b.Services = []tenon.Service{{Contract: function, Server: recursion(50, &deepest)}}
		})
		ref, err := function.Bind(host)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			deepest.Store(0)
			err = callRef(context.Background(), ref, 0, func(m *tenon.Message) {
				m.WriteRef(1, tenon.Service{Contract: function, Server: recursion(50, &deepest)}, false)
			}, nil)
			if err != nil || deepest.Load() != 101 {
				t.Fatal(err, deepest.Load())
			}
		}
		clean(t, host, plugin)
	})
}

// keeper is a service that keeps what it is given, and gives it back.
type keeper struct {
	mu   sync.Mutex
	refs []*tenon.Ref
}

func (k *keeper) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	in, err := s.Recv()
	if err != nil {
		return err
	}
	for in.Next() {
		if ref, _ := in.ReadRef(function); ref != nil {
			k.mu.Lock()
			k.refs = append(k.refs, ref)
			k.mu.Unlock()
		}
	}
	if in.Err() != nil {
		return in.Err()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch method {
	case keeperGive:
		for _, ref := range k.refs {
			s.Out().WriteHome(1, ref)
		}
	case keeperNew:
		s.Out().WriteRef(1, tenon.Service{Contract: function, Server: fn(func(context.Context, *tenon.Message, *tenon.Message) error { return nil })}, true)
	}
	return nil
}

var keeperContract = &tenon.Contract{Name: "test.Keeper", Methods: []tenon.Method{{Name: "Keep"}, {Name: "Give"}, {Name: "New"}}}

const (
	keeperKeep = iota
	keeperGive
	keeperNew
)

func withKeeper(k *keeper) func(a, b *Config) {
	return func(_, b *Config) { b.Services = []tenon.Service{{Contract: keeperContract, Server: k}} }
}

func (k *keeper) releaseAll() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, ref := range k.refs {
		ref.Release()
		ref.Release() // twice is once
	}
	k.refs = nil
}

// An argument that was kept can be called after the call, comes home as what it
// was, and is released once.
func TestKeptRefs(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		k := &keeper{}
		host, plugin := connect(t, link, withKeeper(k))
		ref, err := keeperContract.Bind(host)
		if err != nil {
			t.Fatal(err)
		}
		var called atomic.Int64
		own := &counter{&called}
		give := func(m *tenon.Message) { m.WriteRef(1, tenon.Service{Contract: function, Server: own}, true) }
		for range 3 {
			if err := callRef(context.Background(), ref, keeperKeep, give, nil); err != nil {
				t.Fatal(err)
			}
		}
		if n := host.Stats().Exported; n != 3 {
			t.Fatalf("%d are exported", n)
		}
		k.mu.Lock()
		refs := k.refs
		k.mu.Unlock()
		for _, r := range refs {
			if err := callRef(context.Background(), r, 0, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		if called.Load() != 3 {
			t.Fatal(called.Load())
		}
		home := 0
		err = callRef(context.Background(), ref, keeperGive, nil, func(m *tenon.Message) {
			for m.Next() {
				if _, s := m.ReadRef(function); s != nil && s.Server == tenon.Server(own) {
					home++
				}
			}
		})
		if err != nil || home != 3 {
			t.Fatal(home, err)
		}
		k.releaseAll()
		clean(t, host, plugin)
	})
}

type counter struct{ n *atomic.Int64 }

func (c *counter) ServeCall(context.Context, int, tenon.Stream) error { c.n.Add(1); return nil }

// A ref that was only lent may come home in the answer of the call that it was
// lent to.
func TestLentRefComesHome(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		k := &keeper{}
		host, plugin := connect(t, link, withKeeper(k))
		ref, err := keeperContract.Bind(host)
		if err != nil {
			t.Fatal(err)
		}
		var n atomic.Int64
		own := &counter{&n}
		for range 100 {
			err = callRef(context.Background(), ref, keeperGive,
				func(m *tenon.Message) { m.WriteRef(1, tenon.Service{Contract: function, Server: own}, false) },
				func(m *tenon.Message) {
					m.Next()
					if _, s := m.ReadRef(function); s == nil || s.Server != tenon.Server(own) {
						t.Errorf("something else came home: %v", m.Err())
					}
				})
			if err != nil {
				t.Fatal(err)
			}
			k.releaseAll()
		}
		clean(t, host, plugin)
	})
}

// What is lent to a call that has ended meanwhile does not stay.
func TestRefsOfEndedCall(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, plugin := connect(t, link)
		ref := bind(t, host)
		for _, kept := range []bool{false, true} {
			ctx, cancel := context.WithCancel(context.Background())
			s, err := ref.Open(ctx, chat)
			if err != nil {
				t.Fatal(err)
			}
			s.Send()
			s.Recv()
			cancel()
			s.Recv()
			s.Out().WriteRef(1, tenon.Service{Contract: function, Server: &counter{}}, kept)
			if err := s.Send(); err == nil {
				t.Fatal("sent after the end")
			}
			s.Out().WriteRef(1, tenon.Service{Contract: function, Server: &counter{}}, kept)
			s.Close()
			s.Close()
		}
		clean(t, host, plugin)
	})
}

// A ref that its holder has forgotten is released by the garbage collector.
func TestForgottenRef(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, plugin := connect(t, link, withKeeper(&keeper{}))
		ref, err := keeperContract.Bind(host)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if err := callRef(context.Background(), ref, keeperNew, nil, func(m *tenon.Message) { m.Next(); m.ReadRef(function) }); err != nil {
				t.Fatal(err)
			}
		}
		clean(t, host, plugin) // runs the collector
	})
}

func TestManyCallers(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, plugin := connect(t, link)
		ref := bind(t, host)
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				r := rand.New(rand.NewSource(int64(i)))
				for range 4 {
					in := make([]byte, r.Intn(3000))
					r.Read(in)
					out, err := ask(context.Background(), ref, echo, in)
					if err != nil || !bytes.Equal(in, out) {
						t.Error(len(in), len(out), err)
						return
					}
				}
			})
		}
		all.Wait()
		clean(t, host, plugin)
		// A writer counts after it has written.
		eventually(t, "all bytes are counted", func() bool {
			return host.Stats().BytesOut == plugin.Stats().BytesIn && host.Stats().BytesIn == plugin.Stats().BytesOut
		})
		h, p := host.Stats(), plugin.Stats()
		if h.CallsOut != 4000 || p.CallsIn != 4000 || h.BytesIn == 0 {
			t.Errorf("%+v\n%+v", h, p)
		}
	})
}

// Callers queue for what the other side's limit allows, and are never refused.
func TestCallsQueue(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		for _, most := range []int{1, 3} {
			var now, peak atomic.Int64
			host, plugin := connect(t, link, limits(tenon.Limits{Calls: most}), server(func(context.Context, []byte, tenon.Stream) error {
				peak.Store(max(peak.Load(), now.Add(1)))
				runtime.Gosched()
				now.Add(-1)
				return nil
			}))
			ref := bind(t, host)
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					for i := range 200 {
						if i%3 == 0 {
							s, err := ref.Open(context.Background(), count)
							if err != nil {
								t.Error(err)
								return
							}
							s.Out().WriteInt(1, 3)
							s.SendLast()
							for err == nil {
								_, err = s.Recv()
							}
							if err != io.EOF {
								t.Error(err)
							}
							s.Close()
							continue
						}
						if _, err := ask(context.Background(), ref, run, nil); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			if peak.Load() > int64(most) {
				t.Errorf("%d handlers at a time, the limit is %d", peak.Load(), most)
			}
			clean(t, host, plugin)
		}
	})
}

// Whoever waits for its turn sleeps, even if calls of services are refused by
// now; and a context ends the wait.
func TestQueuedCallsSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{}
		host, plugin := connect(t, carriers["pipe"], withKeeper(k), limits(tenon.Limits{Calls: 1}))
		ref, err := keeperContract.Bind(host)
		if err != nil {
			t.Fatal(err)
		}
		var block, kept *tenon.Ref
		for _, r := range []**tenon.Ref{&block, &kept} {
			if err := callRef(context.Background(), ref, keeperNew, nil, func(m *tenon.Message) { m.Next(); *r, _ = m.ReadRef(function) }); err != nil {
				t.Fatal(err)
			}
		}
		s, err := block.Open(context.Background(), 0) // takes the only place
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 3)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		go func() { errs <- callRef(context.Background(), kept, 0, nil, nil) }()
		go func() { errs <- callRef(ctx, kept, 0, nil, nil) }()
		go func() { errs <- callRef(context.Background(), ref, keeperKeep, nil, nil) }()
		synctest.Wait()
		plugin.Leave()
		synctest.Wait() // hangs if one of them is busy
		transport(t, <-errs)
		if err := <-errs; !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		s.Close()
		if err := <-errs; err != nil {
			t.Error(err)
		}
		block.Release()
		kept.Release()
		synctest.Wait()
		host.Close()
		plugin.Close()
	})
}

// What has been answered arrives, though the connection is shut down meanwhile.
func TestShutdownDrains(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		for i := range times(60) {
			host, plugin := connect(t, link, server(func(context.Context, []byte, tenon.Stream) error {
				for range i % 7 {
					runtime.Gosched()
				}
				return nil
			}))
			ref := bind(t, host)
			const n = 8
			errs := make(chan error, n)
			for range n {
				go func() {
					_, err := ask(context.Background(), ref, run, make([]byte, 10<<10))
					errs <- err
				}()
			}
			eventually(t, "all have begun", func() bool { return plugin.Stats().CallsIn == n })
			if err := plugin.Shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}
			for range n {
				if err := <-errs; err != nil {
					t.Fatal(i, err)
				}
			}
			<-host.Done()
			if host.Err() != nil || plugin.Err() != nil {
				t.Fatal(host.Err(), plugin.Err())
			}
			host.Close()
		}
	})
}

func TestShutdownGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, plugin := connect(t, carriers["pipe"], server(func(context.Context, []byte, tenon.Stream) error { time.Sleep(time.Hour); return nil }))
		ref := bind(t, host)
		errs := make(chan error, 1)
		go func() {
			_, err := ask(context.Background(), ref, run, nil)
			errs <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		start := time.Now()
		if err := plugin.Shutdown(ctx); err != context.DeadlineExceeded || time.Since(start) != time.Minute {
			t.Error(err, time.Since(start))
		}
		transport(t, <-errs)
		host.Close()
		time.Sleep(2 * time.Hour) // the handler
	})
}

// Ask lets the other side finish what it was asked to do, callbacks included.
func TestAsk(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		asked := make(chan struct{})
		k := &keeper{}
		var n atomic.Int64
		goOn := make(chan struct{})
		host, plugin := connect(t, link, withKeeper(k), func(_, b *Config) {
			b.OnAsked = func() { close(asked) }
			b.Services = append(b.Services, tenon.Service{Contract: function, Server: serverFunc(func(ctx context.Context, _ int, s tenon.Stream) error {
				<-goOn
				return callRef(ctx, k.refs[0], 0, nil, nil)
			})})
		})
		kr, _ := keeperContract.Bind(host)
		if err := callRef(context.Background(), kr, keeperKeep, func(m *tenon.Message) {
			m.WriteRef(1, tenon.Service{Contract: function, Server: &counter{&n}}, true)
		}, nil); err != nil {
			t.Fatal(err)
		}
		ref, _ := function.Bind(host)
		errs := make(chan error, 1)
		go func() { errs <- callRef(context.Background(), ref, 0, nil, nil) }()
		eventually(t, "it is under way", func() bool { return plugin.Stats().ActiveIn == 1 })
		host.Ask()
		host.Ask()
		<-asked
		if _, err := ref.Open(context.Background(), 0); !transport(t, err).Unsent {
			t.Error("not said to be unsent")
		}
		close(goOn)
		if err := plugin.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := <-errs; err != nil || n.Load() != 1 {
			t.Fatal(err, n.Load())
		}
		<-host.Done()
		if host.Err() != nil {
			t.Fatal(host.Err())
		}
		k.releaseAll()
	})
}

func TestPing(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, plugin := connect(t, link, server(waits))
		ctx, cancel := context.WithCancel(context.Background())
		go ask(ctx, bind(t, host), run, nil)
		var all sync.WaitGroup
		for _, p := range []*Peer{host, plugin, host, plugin} {
			all.Go(func() {
				for range 100 {
					if err := p.Ping(context.Background()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		cancel()
		clean(t, host, plugin)
		host.Close()
		transport(t, host.Ping(context.Background()))
		<-plugin.Done()
		transport(t, plugin.Ping(context.Background()))
	})
}

func TestPingOfTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := mute(t, carriers["pipe"])
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := r.peer.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		r.peer.Close()
	})
}

func TestMetadata(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		got := make(chan tenon.Metadata, 1)
		host, _ := connect(t, link, server(func(ctx context.Context, _ []byte, _ tenon.Stream) error {
			_, md, ok := tenon.Caller(ctx)
			if !ok {
				t.Error("no caller")
			}
			got <- md
			return nil
		}))
		ref := bind(t, host)
		md := tenon.Metadata{"traceparent": {"00-1-2"}, "several": {"b", "a", ""}}
		ask(tenon.WithMetadata(context.Background(), md), ref, run, nil)
		if have := <-got; fmt.Sprint(have) != fmt.Sprint(md) {
			t.Errorf("%v, want %v", have, md)
		}
		ask(context.Background(), ref, run, nil)
		if have := <-got; len(have) != 0 {
			t.Error(have)
		}
		large := tenon.WithMetadata(context.Background(), tenon.Metadata{"k": {strings.Repeat("x", 33<<10)}})
		for _, begin := range []func(*call) error{(*call).CloseSend, (*call).Begin} {
			s, err := ref.Open(large, chat)
			if err != nil {
				t.Fatal(err)
			}
			if err := begin(s.(*call)); tenon.CodeOf(err) != tenon.ResourceExhausted {
				t.Errorf("a call that begins without a message: %v", err)
			}
			s.Close()
		}
		_, err := ask(large, ref, run, nil)
		if tenon.CodeOf(err) != tenon.ResourceExhausted {
			t.Error(err)
		}
	})
}

// Large messages share what there is for them, and none waits for ever.
func TestLargeMessages(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, plugin := connect(t, link, limits(tenon.Limits{Message: 2 << 20, Large: 2 << 20}))
		ref := bind(t, host)
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				in := bytes.Repeat([]byte{byte(i)}, 1<<20+i<<16)
				for range 2 {
					out, err := ask(context.Background(), ref, echo, in)
					if err != nil || !bytes.Equal(in, out) {
						t.Error(len(out), err)
					}
				}
			})
		}
		all.Wait()
		clean(t, host, plugin)
		for _, p := range []*Peer{host, plugin} {
			p.mu.Lock()
			if p.loans.free != p.cfg.Local.Large || len(p.loans.queue) != 0 {
				t.Errorf("%d of %d can be lent, %d wait", p.loans.free, p.cfg.Local.Large, len(p.loans.queue))
			}
			p.mu.Unlock()
		}
		_, err := ask(context.Background(), ref, echo, make([]byte, 2<<20+1))
		if tenon.CodeOf(err) != tenon.ResourceExhausted || !strings.Contains(err.Error(), "Limits.Message") {
			t.Error(err)
		}
	})
}

func TestHugeMessage(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, _ := connect(t, link, limits(tenon.Limits{Message: 128 << 20}))
		size := 100 << 20
		if race && !long {
			size = 20 << 20 // takes as long as 100 MiB without the detector
		}
		in := make([]byte, size)
		in[0], in[len(in)-1] = 1, 2
		start := time.Now()
		out, err := ask(context.Background(), bind(t, host), echo, in)
		if err != nil || !bytes.Equal(in, out) {
			t.Fatal(len(out), err)
		}
		t.Logf("%d MiB there and back in %v", size>>20, time.Since(start))
	})
}

// What is done with a stream after its end is an error, not a crash.
func TestEndedStreams(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, plugin := connect(t, link)
		ref := bind(t, host)
		s, _ := ref.Open(context.Background(), chat)
		s.Send()
		s.Recv()
		s.CloseSend()
		if err := s.Send(); tenon.CodeOf(err) != tenon.FailedPrecondition {
			t.Error(err)
		}
		if _, err := s.Recv(); err != io.EOF {
			t.Error(err)
		}
		if _, err := s.Recv(); err != io.EOF {
			t.Error(err)
		}
		s.Close()
		s.Close()
		unused, _ := ref.Open(context.Background(), chat)
		unused.Close()
		unused.Close()
		clean(t, host, plugin)
		host.Close()
		host.Close()
		plugin.Close()
		_, err := ref.Open(context.Background(), echo)
		if !transport(t, err).Unsent {
			t.Error("not said to be unsent")
		}
	})
}

// Everything that is under way when a side closes gets one error, whose it is.
func TestCloseUnderLoad(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		for i := range times(20) {
			host, plugin := connect(t, link, server(waits))
			ref := bind(t, host)
			var all sync.WaitGroup
			for j := range 64 {
				all.Go(func() {
					method := []int{echo, run, chat, collect}[j%4]
					for {
						s, err := ref.Open(context.Background(), method)
						if err != nil {
							transport(t, err)
							return
						}
						s.Out().WriteRaw(make([]byte, j*1000))
						_, err = s.Call()
						s.Close()
						if err != nil {
							var lost *tenon.TransportError
							if !errors.As(err, &lost) {
								t.Errorf("%T %v", err, err)
							}
							return
						}
					}
				})
			}
			eventually(t, "there is something", func() bool { return host.Stats().ActiveOut > 10 })
			if i%2 == 0 {
				host.Close()
			} else {
				plugin.Close()
			}
			all.Wait()
			host.Close()
			plugin.Close()
		}
	})
}

// A call that is given up while its first message is sent does not run on.
func TestGivenUpWhileItBegins(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		host, plugin := connect(t, link)
		ref := bind(t, host)
		for i := range times(500) {
			ctx, cancel := context.WithCancel(context.Background())
			s, err := ref.Open(ctx, chat)
			if err != nil {
				t.Fatal(err)
			}
			var both sync.WaitGroup
			both.Go(func() { s.Send() })
			both.Go(func() { s.Recv() })
			for range i % 10 {
				runtime.Gosched()
			}
			cancel()
			both.Wait()
			s.Close()
		}
		clean(t, host, plugin)
		eventually(t, "the handlers are gone", func() bool { return (&raw{peer: plugin}).idle() })
	})
}

// The same, with the two goroutines where it matters: one is about to send CALL,
// the other gives up before.
func TestGivenUpBeforeItBegins(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		r := newRaw(t, link, underTest)
		s, err := bind(r, r.peer).Open(context.Background(), chat)
		if err != nil {
			t.Fatal(err)
		}
		c := s.(*call)
		c.abandon(context.Canceled)
		c.post(&frame{typ: 2, id: c.id}, flush)
		r.expect(1, c.id)
		r.expect(4, c.id)
		s.Close()
	})
}

// A handler that goes on after it could send a message in part only ends its
// call, not the connection.
func TestTornMessage(t *testing.T) {
	onEach(t, func(t *testing.T, link linker) {
		done := make(chan error, 1)
		r := newRaw(t, link, underTest, serving(testServer{run: func(ctx context.Context, _ []byte, s tenon.Stream) error {
			s.Out().WriteRaw(make([]byte, 500<<10)) // there is credit for a part of it
			err := s.Send()
			s.Out().WriteRaw([]byte("next"))
			done <- errors.Join(err, s.Send(), s.CloseSend())
			return nil
		}}))
		target := []byte{0}
		target = append(target, to("Run")[1:len(to("Run"))-1]...)
		target = append(target, uv(30_000)...)
		r.say(fr(1, fMsg|fEnd, 1, target, []byte("x")))
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) || tenon.CodeOf(err) == tenon.OK {
			t.Fatal(err)
		}
		for {
			f := r.next()
			if f.Flags&fFail != 0 {
				break
			}
			if f.Flags&fMore == 0 {
				t.Fatalf("something follows: %v", f.Header)
			}
		}
		r.alive()
	})
}
