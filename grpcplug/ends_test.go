package grpcplug

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tenon-go/tenon/tenontest"
)

// byHand starts a plugin as a host of go-plugin would, and returns its address.
func byHand(t *testing.T, name string) (a *abroad, address string) {
	t.Helper()
	a = &abroad{cmd: tenontest.Command(t, name)}
	a.cmd.Env = append(a.cmd.Env, "GRPCPLUG_TEST=yes", "TMPDIR="+t.TempDir())
	a.cmd.Stdout, a.cmd.Stderr = &a.out, &a.out
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.kill)
	a.out.await(t, "|grpc|")
	return a, strings.Split(a.out.String(), "|")[3]
}

func connectTo(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	cc, err := grpc.Dial("unix:"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return cc
}

func echo(ctx context.Context, cc *grpc.ClientConn) error {
	return cc.Invoke(ctx, "/test.Echo/Echo", &frame{}, &frame{}, grpc.ForceCodec(codec{}))
}

// Neither a connection that says nothing nor a handler that does not return keeps
// a plugin from ending.
func TestPluginEnds(t *testing.T) {
	for name, c := range map[string]struct {
		plugin string
		before func(*testing.T, string)
	}{
		"silent connection": {"echo", func(t *testing.T, address string) {
			c, err := net.Dial("unix", address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			if err := echo(t.Context(), connectTo(t, address)); err != nil { // it has accepted both then
				t.Error(err)
			}
		}},
		"stuck handler": {"stuck", func(t *testing.T, address string) {
			cc := connectTo(t, address)
			ctx, cancel := context.WithCancel(t.Context())
			var wait sync.WaitGroup
			wait.Go(func() { echo(ctx, cc) })
			t.Cleanup(func() { cancel(); wait.Wait() })
			short, cancel2 := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel2()
			echo(short, cc) // the first has begun by then
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a, address := byHand(t, c.plugin)
			c.before(t, address)
			a.cmd.Process.Signal(syscall.SIGTERM)
			within(t, 3*time.Second, "its end", func() {
				if err := a.cmd.Wait(); err != nil {
					t.Errorf("it ended with %v\n%s", err, a.out.String())
				}
			})
			if there(filepath.Dir(address)) {
				t.Error("its directory is left")
			}
		})
	}
}

// A host of go-plugin that asks a plugin to leave is answered soon, whatever is
// under way: it waits for the answer, however long that takes.
func TestAskedWhileCalled(t *testing.T) {
	a, address := byHand(t, "stuck")
	cc := connectTo(t, address)
	var wait sync.WaitGroup
	defer wait.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wait.Go(func() { echo(ctx, cc) })
	short, cancelShort := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancelShort()
	echo(short, cc) // the first has begun by then
	within(t, askedWait+time.Second, "its answer", func() {
		err := cc.Invoke(t.Context(), "/"+controllerService+"/"+shutdownMethod, &frame{}, &frame{}, grpc.ForceCodec(codec{}))
		if err != nil {
			t.Error(err)
		}
	})
	within(t, 3*time.Second, "its end", func() { a.cmd.Wait() })
}

// Of two hosts both can call, and the one that came last is told where ids are.
func TestTwoHosts(t *testing.T) {
	_, address := byHand(t, "serves ids")
	var streams []grpc.ClientStream
	var conns []*grpc.ClientConn
	for range 2 {
		cc := connectTo(t, address)
		s, err := cc.NewStream(t.Context(), &brokerDesc, startStream, grpc.ForceCodec(codec{}))
		if err != nil {
			t.Fatal(err)
		}
		// That it was heard shows when what it says can be asked for.
		if err := s.SendMsg(&frame{connInfo{id: uint32(100 + len(conns)), network: tcpNetwork, address: "x"}.encode()}); err != nil {
			t.Fatal(err)
		}
		ask := &frame{}
		if err := cc.Invoke(t.Context(), "/test.IDs/Await", &frame{[]byte{byte(100 + len(conns))}}, ask, grpc.ForceCodec(codec{})); err != nil {
			t.Fatal(err)
		}
		streams, conns = append(streams, s), append(conns, cc)
	}
	for i, cc := range conns {
		if err := cc.Invoke(t.Context(), "/test.IDs/Serve", &frame{}, &frame{}, grpc.ForceCodec(codec{})); err != nil {
			t.Errorf("host %d: %v", i, err)
		}
		var f frame
		if err := streams[1].RecvMsg(&f); err != nil {
			t.Fatal(err)
		}
		if c, err := decodeConnInfo(f.b); err != nil || c.address == "" {
			t.Errorf("host %d: %+v, %v", i, c, err)
		}
	}
}

// A session whose other side takes no connection holds up nobody for longer than
// they want.
func TestMuxClogged(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	m, err := newMux(ours, true)
	if err != nil {
		t.Fatal(err)
	}
	go func() { // who reads, and answers nothing
		b := make([]byte, 4096)
		for {
			if _, err := theirs.Read(b); err != nil {
				return
			}
		}
	}()
	clogged := false
	for i := range 1000 {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		var err error
		within(t, time.Second, "to dial", func() { _, err = m.dial(ctx) })
		cancel()
		if err != nil {
			if clogged = errors.Is(err, context.DeadlineExceeded); !clogged {
				t.Errorf("connection %d: %v", i, err)
			}
			break
		}
	}
	if !clogged {
		t.Error("the session takes any number of connections: what is this test about?")
	}
	within(t, time.Second, "to close it", m.close)
	if _, err := m.dial(t.Context()); err == nil {
		t.Error("a closed session makes connections")
	}
}
