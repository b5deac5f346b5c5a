package grpcplug

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

// wild is a plugin that carries out every method as do says.
func wild(do func(method string, s grpc.ServerStream) error) func() {
	return func() {
		s := grpc.NewServer(grpc.ForceServerCodec(codec{}), grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
			method, _ := grpc.MethodFromServerStream(s)
			return do(method, s)
		}))
		say("1|3|unix|" + listen(s) + "|grpc|")
	}
}

const (
	startStream = "/" + brokerService + "/" + brokerStream
	streamStdio = "/" + stdioService + "/" + stdioStream
)

func init() {
	for name, f := range map[string]func(){
		// Takes every call and answers none, whatever becomes of it.
		"never answers": wild(func(string, grpc.ServerStream) error { select {} }),
		// Talks for ever on the streams of a plugin, and does not listen.
		"talks": wild(func(method string, s grpc.ServerStream) error {
			switch method {
			case startStream:
				return floodBroker(s)
			case streamStdio:
				for i := uint64(0); ; i++ {
					if err := s.SendMsg(&frame{stdioData{channel: 3 + i%5, data: make([]byte, 10000)}.encode()}); err != nil {
						return err
					}
				}
			}
			return s.SendMsg(&frame{})
		}),
		"large talk": wild(func(method string, s grpc.ServerStream) error {
			if method == startStream {
				return s.SendMsg(&frame{connInfo{id: 1, network: unixNetwork, address: strings.Repeat("x", 1<<20)}.encode()})
			}
			return s.SendMsg(&frame{})
		}),
		"garbage": wild(func(method string, s grpc.ServerStream) error {
			for i := range 100 {
				if err := s.SendMsg(&frame{[]byte{0xff, 0xff, byte(i)}}); err != nil {
					return err
				}
			}
			<-s.Context().Done()
			return nil
		}),
		// Ends every call well, and answers none.
		"empty answers": wild(func(string, grpc.ServerStream) error { return nil }),
		// Speaks HTTP/2, and takes no calls: SETTINGS_MAX_CONCURRENT_STREAMS is 0.
		"full": func() {
			greet(func(c net.Conn) {
				c.Write([]byte{0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0})
				io.Copy(io.Discard, c)
			})
		},
		"closes": func() { greet(func(c net.Conn) { c.Close() }) },
		// Speaks HTTP/2 as far as its greeting.
		"restless": func() {
			greet(func(c net.Conn) {
				c.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0})
				// The host believes that it is connected when it takes the greeting well.
				for seen := []byte(nil); !bytes.Contains(seen, []byte{0, 0, 0, 4, 1, 0, 0, 0, 0}); {
					b := make([]byte, 100)
					n, err := c.Read(b)
					if seen = append(seen, b[:n]...); err != nil {
						break
					}
				}
				c.Close()
			})
		},
		"crowd": func() {
			os.Unsetenv("TENON_PLUGIN")
			plugin.MainConfig(plugin.Config{App: app, Services: []tenon.Service{{Contract: echoContract, Server: answerer(crowd)}}, Protocols: []plugin.Protocol{Protocol{}}})
		},
		"noline":       func() { hang() },
		"no session":   func() { say("1|3|unix|" + listen(grpc.NewServer()) + "|grpc||true") },
		"mute session": func() { greet(func(net.Conn) {}) },
		"serves ids": served(func(_ *plugin.Config, p *Protocol) {
			p.Register = func(r grpc.ServiceRegistrar, b *Broker, _ int) error {
				r.RegisterService(&grpc.ServiceDesc{ServiceName: "test.IDs", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{
					{StreamName: "Serve", Handler: func(_ any, s grpc.ServerStream) error {
						if _, err := b.Serve(b.NextID(), answersWith("x")); err != nil {
							return err
						}
						return s.SendMsg(&frame{})
					}},
					{StreamName: "Await", Handler: func(_ any, s grpc.ServerStream) error {
						var f frame
						if err := s.RecvMsg(&f); err != nil {
							return err
						}
						if _, err := b.whereIs(s.Context(), uint32(f.b[0])); err != nil {
							return err
						}
						return s.SendMsg(&frame{})
					}},
				}}, nil)
				return nil
			}
		}),
		"stuck": served(func(c *plugin.Config, _ *Protocol) {
			c.Services = []tenon.Service{tenon.Service{Contract: echoContract, Server: answerer(func(context.Context, string) (string, error) { select {} })}.In(1, 2, 3)}
			c.StopTimeout = 300 * time.Millisecond
		}),
	} {
		strangers[name] = f
	}
}

// greet is a plugin that deals with each connection as do says.
func greet(do func(net.Conn)) {
	l, err := net.Listen("unix", filepath.Join(os.Getenv(envSocketDir), "plugin"))
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			do(c)
		}
	}()
	say("1|3|unix|" + l.Addr().String() + "|grpc||true")
}

func floodBroker(s grpc.ServerStream) error {
	for i := uint32(0); ; i++ {
		for _, c := range []connInfo{
			{id: i, network: unixNetwork, address: strings.Repeat("x", 10000)},
			{id: i, knock: &knock{knock: true}},
			{id: i, knock: &knock{knock: true, ack: true, err: strings.Repeat("no", 1000)}},
		} {
			if err := s.SendMsg(&frame{c.encode()}); err != nil {
				return err
			}
		}
	}
}

// crowd makes many connections to its host, says nothing on them, and tells how
// many the host has not closed.
func crowd(ctx context.Context, _ string) (string, error) {
	conn, _, _ := tenon.Caller(ctx)
	c := conn.(*pluginConn)
	at, err := c.broker.whereIs(ctx, c.hostID.Load())
	if err != nil {
		return "", err
	}
	var conns []net.Conn
	for range 3 * maxConns {
		c, err := net.Dial(at.network, at.address)
		if err != nil {
			return "", err
		}
		conns = append(conns, c)
	}
	open := 0
	for _, c := range conns {
		c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		n, err := c.Read(make([]byte, 1))
		if n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			open++
		}
	}
	return fmt.Sprint(open), nil
}

// within fails the test if f takes longer.
func within(t *testing.T, most time.Duration, what string, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if d := time.Since(began); d > most {
		t.Errorf("%s took %v", what, d)
	}
}

func stopWithin(t *testing.T, p *started, most time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	within(t, most+2*time.Second, "to stop it", func() { p.Stop(ctx) })
	select {
	case <-p.Done():
	case <-time.After(5 * time.Second):
		t.Error("it is still there")
	}
}

// Of a plugin that answers nothing, nothing is waited for beyond its context.
func TestNeverAnswers(t *testing.T) {
	s := start(t, "never answers", Protocol{})
	raw, _ := Of(s)
	for what, f := range map[string]func(context.Context) error{
		"ping":   func(ctx context.Context) error { return s.Ping(ctx) },
		"call":   func(ctx context.Context) error { _, err := call(ctx, s, "Echo", "x"); return err },
		"dial":   func(ctx context.Context) error { _, err := raw.Broker.Dial(ctx, 1); return err },
		"invoke": func(ctx context.Context) error { return echo(ctx, raw.ClientConn) },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		within(t, 4*time.Second, what, func() { // Offers is asked first, for two seconds
			if err := f(ctx); err == nil {
				t.Errorf("%s succeeded\n%s", what, s.errs)
			}
		})
		cancel()
	}
	if stop, err := raw.Broker.Serve(1, answersWith("host")); err != nil {
		t.Error(err)
	} else {
		within(t, time.Second, "to end what is served", stop)
	}
	stopWithin(t, s, time.Second)
}

// A plugin that talks for ever and does not listen costs bounded memory, and holds
// nobody up.
func TestTalks(t *testing.T) {
	s := start(t, "talks", Protocol{})
	raw, _ := Of(s)
	for i := range 2000 { // what is said is not read
		var stop func()
		var err error
		within(t, patience+time.Second, "to serve", func() { stop, err = raw.Broker.Serve(uint32(i), answersWith("host")) })
		if errors.Is(err, &Error{Problem: BrokerBusy}) {
			break
		}
		if err != nil {
			<-s.Done()
			t.Fatalf("%d %v\n%s\n%v", i, err, s.errs, s.Err())
		}
		stop()
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	// It is heard all the time, whether or not it listens to what it is answered.
	late := time.After(20 * time.Second)
	for last := uint32(0); last < 10000; {
		raw.Broker.mu.Lock()
		changed := raw.Broker.st.changed
		n := len(raw.Broker.st.order)
		if n > maxPending {
			t.Errorf("%d places are kept", n)
		}
		if n > 0 {
			last = raw.Broker.st.order[n-1]
		}
		raw.Broker.mu.Unlock()
		select {
		case <-changed:
		case <-late:
			t.Fatalf("nothing is heard after %d", last)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > 200<<20 {
		t.Errorf("%d bytes are in use", m.HeapAlloc)
	}
	stopWithin(t, s, time.Second)
}

func TestBrokerTalksNonsense(t *testing.T) {
	for _, name := range []string{"large talk", "garbage"} {
		t.Run(name, func(t *testing.T) {
			s := start(t, name, Protocol{})
			raw, _ := Of(s)
			within(t, 3*time.Second, "to dial", func() {
				if _, err := raw.Broker.Dial(t.Context(), 1); !errors.Is(err, &Error{Problem: BrokerClosed}) {
					t.Errorf("got %v", err)
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			s.Ping(ctx)
			stopWithin(t, s, time.Second)
		})
	}
}

// A plugin that takes connections and closes them has not started, or ends.
func TestCloses(t *testing.T) {
	_, err := try(t, "closes", Protocol{}, nil)
	if !errors.Is(err, &Error{Problem: NotGRPC}) {
		t.Errorf("got %v", err)
	}
	s := start(t, "restless", Protocol{})
	select {
	case <-s.Done():
	case <-time.After(20 * time.Second):
		t.Error("the host connects for ever")
	}
}

// A plugin that says that it multiplexes, and does not.
func TestNoSession(t *testing.T) {
	for _, name := range []string{"no session", "mute session"} {
		within(t, 6*time.Second, "to give up", func() {
			_, err := try(t, name, Protocol{Multiplex: true}, func(c *host.Config) { c.StartTimeout = 2 * time.Second })
			var e *host.StartError
			if !errors.As(err, &e) || e.Stage != host.StageConnect || !errors.As(err, new(*Error)) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// A start ends with its context, wherever it is.
func TestStartCanceled(t *testing.T) {
	for _, name := range []string{"silent", "noline"} {
		for _, p := range []Protocol{{}, {AutoMTLS: true}} {
			if name == "silent" && p.AutoMTLS {
				continue // it has no certificate
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			within(t, 5*time.Second, "to give up", func() {
				_, err := host.Start(ctx, host.Config{App: app, Cmd: tenontest.Command(t, name), Protocols: []host.Protocol{p}})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
}

// A plugin can make no more than some connections to its host, and none of them
// keeps that from ending.
func TestCrowd(t *testing.T) {
	contract := &tenon.Contract{Name: "test.Host", Methods: []tenon.Method{{Name: "Ask"}}}
	s, err := try(t, "crowd", Protocol{}, func(c *host.Config) {
		c.Services = []tenon.Service{{Contract: contract, Server: answerer(func(_ context.Context, in string) (string, error) { return in, nil })}}
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := call(t.Context(), s, "Echo", "")
	var n int
	fmt.Sscan(got, &n)
	if err != nil || n == 0 || n > maxConns {
		t.Errorf("%s connections, %v", got, err)
	}
	within(t, 3*time.Second, "to stop it", func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
}

// A call ends with its context, also if the host cannot be called back.
func TestFull(t *testing.T) {
	s, err := try(t, "full", Protocol{}, func(cfg *host.Config) { cfg.Services = []tenon.Service{echoService()} })
	if err != nil {
		t.Fatal(err)
	}
	ref, err := echoContract.Bind(s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	within(t, time.Second, "the call's end", func() {
		x, err := ref.Open(ctx, echoContract.Index("Echo"))
		if err == nil {
			_, err = x.Call()
			x.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// The end of a call is no answer.
func TestEmptyAnswer(t *testing.T) {
	s := start(t, "empty answers", Protocol{})
	if _, err := call(t.Context(), s, "Echo", "x"); tenon.CodeOf(err) != tenon.Internal {
		t.Errorf("got %v", err)
	}
	if err := s.Ping(t.Context()); errors.Is(err, io.EOF) {
		t.Error("a ping ends as a stream does")
	}
}

func TestGroups(t *testing.T) {
	for _, group := range []string{"-1", "4294967295", "4294967296", "no such group"} {
		if err := giveTo(t.TempDir(), group, 0o770); err == nil {
			t.Errorf("%q is a group", group)
		}
	}
}
