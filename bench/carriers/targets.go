package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tenon-go/tenon/bench/goplugin"
	"github.com/tenon-go/tenon/bench/harness"
)

// A way is one pair of sides: a carrier, and what gRPC is told on either.
type way struct {
	name string
	carrier
	dial   []grpc.DialOption
	server []grpc.ServerOption
}

// A carrier brings the bytes of one connection to a child process.
type carrier interface {
	// prepare readies cmd, and returns what connects when the plugin is there.
	prepare(cmd *exec.Cmd) (end, error)

	// listen is the plugin's side.
	listen() (net.Listener, error)
}

// An end is the host's.
type end interface {
	connect() (net.Conn, error)
	io.Closer // of what connect has not given away
}

// today is what go-plugin's hosts and plugins have. All others are measured against
// it, and so is again, which is the same: how far its ratios are from 1 is how much
// the others' are worth.
var (
	today = way{name: "unix socket", carrier: socket{}}
	again = way{name: "the same", carrier: socket{}}
)

// carriers replace the socket, and leave to gRPC what it does by default.
func carriers() []harness.Target {
	return append(targets(
		today, again,
		way{name: "socketpair", carrier: pair{}},
		way{name: "unix socket, looking", carrier: looking{socket{}}},
		way{name: "shared memory", carrier: memory{}},
	), handed)
}

// settings are what gRPC can be told, one by one, and then what goes together.
func settings() []harness.Target {
	const large = 1 << 20
	windows := way{name: "windows of 1 MiB", carrier: socket{},
		dial:   []grpc.DialOption{grpc.WithInitialWindowSize(large), grpc.WithInitialConnWindowSize(large)},
		server: []grpc.ServerOption{grpc.InitialWindowSize(large), grpc.InitialConnWindowSize(large)}}
	workers := way{name: "stream workers", carrier: socket{}, server: []grpc.ServerOption{grpc.NumStreamWorkers(4)}}
	return targets(
		today, again, windows,
		way{name: "buffers of 256 KiB", carrier: socket{},
			dial:   []grpc.DialOption{grpc.WithReadBufferSize(large / 4), grpc.WithWriteBufferSize(large / 4)},
			server: []grpc.ServerOption{grpc.ReadBufferSize(large / 4), grpc.WriteBufferSize(large / 4)}},
		way{name: "shared write buffers", carrier: socket{},
			dial:   []grpc.DialOption{grpc.WithSharedWriteBuffer(true)},
			server: []grpc.ServerOption{grpc.SharedWriteBuffer(true)}},
		workers,
		way{name: "stream workers, each handler on a goroutine of its own", carrier: socket{},
			server: append(slices.Clone(workers.server), grpc.ChainUnaryInterceptor(beside))},
		way{name: "windows and workers", carrier: socket{}, dial: windows.dial, server: slices.Concat(windows.server, workers.server)},
	)
}

// beside runs a handler on a goroutine that ends with it, as gRPC's documents promise:
// handlers that lock their thread, or label their goroutine, leave nothing to the next.
func beside(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (out any, err error) {
	over := make(chan struct{})
	go func() { defer close(over); out, err = handle(ctx, in) }()
	<-over
	return out, err
}

func targets(ways ...way) (list []harness.Target) {
	for _, w := range ways {
		list = append(list, harness.Target{Name: w.name, Start: w.start, Serve: w.serve})
	}
	return list
}

// ready is what a plugin prints when it can be connected to, as go-plugin's do.
const ready = "ready\n"

func (w way) serve() error {
	l, err := w.listen()
	if err != nil {
		return err
	}
	s := newServer(w.server...)
	// The host holds the other end of standard input, and nothing else tells that
	// it is gone to a plugin whose carrier is a listener.
	go func() { io.Copy(io.Discard, os.Stdin); s.Stop() }()
	if _, err := os.Stdout.WriteString(ready); err != nil {
		return err
	}
	return s.Serve(l)
}

// newServer is given what compat/goplugin hands to a plugin's GRPCServer.
func newServer(more ...grpc.ServerOption) *grpc.Server {
	s := grpc.NewServer(append([]grpc.ServerOption{grpc.MaxRecvMsgSize(limit), grpc.MaxSendMsgSize(limit)}, more...)...)
	goplugin.Register(s)
	return s
}

const limit = 1<<31 - 1

func (w way) start(ctx context.Context, cmd *exec.Cmd) (harness.Session, error) {
	e, err := w.prepare(cmd)
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	s := &session{cmd: cmd, end: e}
	if err := s.open(ctx, w); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", w.name, err), s.Stop())
	}
	return s, nil
}

// A session is a plugin with its connection.
type session struct {
	goplugin.Client
	cmd   *exec.Cmd
	end   end
	stdin io.Closer
	cc    *grpc.ClientConn
}

func (s *session) open(ctx context.Context, w way) (err error) {
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for _, f := range s.cmd.ExtraFiles { // the plugin has them now
		f.Close()
	}
	line := make([]byte, len(ready))
	if _, err := io.ReadFull(out, line); err != nil || string(line) != ready {
		return fmt.Errorf("the plugin says %q in place of %q: %w", line, ready, err)
	}
	c, err := s.end.connect()
	if err != nil {
		return err
	}
	s.cc, err = grpc.NewClient("passthrough:///localhost", append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return c, nil }),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(limit), grpc.MaxCallSendMsgSize(limit)),
		grpc.WithIdleTimeout(0), grpc.WithDisableServiceConfig(),
	}, w.dial...)...)
	s.Client = goplugin.NewClient(s.cc)
	return err
}

// stopTime is what a plugin has to end.
const stopTime = 5 * time.Second

// Stop implements harness.Session.
func (s *session) Stop() error {
	var errs []error
	if s.cc != nil {
		errs = append(errs, s.cc.Close())
	}
	if s.stdin != nil {
		s.stdin.Close()
	}
	if s.cmd.Process != nil {
		late := time.AfterFunc(stopTime, func() { s.cmd.Process.Kill() })
		defer late.Stop()
		errs = append(errs, s.cmd.Wait())
	}
	return errors.Join(append(errs, s.end.Close())...)
}

// once is a listener with a single connection.
type once struct {
	conn   chan net.Conn
	closed chan struct{}
	addr   net.Addr
}

func newOnce(c net.Conn) *once {
	o := &once{make(chan net.Conn, 1), make(chan struct{}), c.LocalAddr()}
	o.conn <- c
	return o
}

func (o *once) Accept() (net.Conn, error) {
	select {
	case c := <-o.conn:
		return c, nil
	case <-o.closed:
		return nil, net.ErrClosed
	}
}

func (o *once) Close() error   { close(o.closed); return nil } // grpc closes it once
func (o *once) Addr() net.Addr { return o.addr }
