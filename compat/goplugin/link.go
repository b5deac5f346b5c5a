package plugin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/protocol"
	"github.com/tenon-go/tenon/internal/stdio"
)

// A link is the connection to a plugin, which is made when it is first needed. To
// package host it is there from the beginning, and its loss is not the plugin's
// end: go-plugin's users decide what becomes of the plugin then.
type link struct {
	launch *launch
	tls    *tls.Config
	with   protocol.Setup
	done   chan struct{}
	left   chan struct{}   // closed when the plugin has ended, and Cmd.ProcessState says how
	ctx    context.Context // ends with the plugin, or with the link
	cancel context.CancelFunc

	turn chan struct{} // who has it may dial

	leaving atomic.Bool // the caller ends the connection

	mu sync.Mutex
	st linkState
}

// linkState is what of a link changes.
type linkState struct {
	client ClientProtocol // nil until it was made
	end    func()         // ends it without a word
	lost   <-chan struct{}
	pumps  []*stdio.Pump
	failed bool // to dial, the last time
	closed bool
	err    error
}

func newLink(l *launch, c *tls.Config, with protocol.Setup) *link {
	k := &link{launch: l, tls: c, with: with, done: make(chan struct{}), left: make(chan struct{}), turn: make(chan struct{}, 1)}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	go k.watch()
	return k
}

// watch ends the link with the plugin.
func (k *link) watch() {
	<-k.with.Gone
	publishState(k.launch.cfg.Cmd, k.with.Exit())
	close(k.left)
	k.Fail(errGone)
	k.cancel()
}

var errGone = errors.New("the plugin has ended")

// client returns what the connection is to the caller, and makes it if there is
// none.
func (k *link) client(ctx context.Context) (ClientProtocol, error) {
	if c := k.made(); c != nil {
		return c, nil
	}
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-k.done:
		return nil, errKilled
	}
	if c := k.made(); c != nil {
		return c, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(k.ctx, cancel)()
	c, end, lost, err := k.dial(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.st.failed = err != nil
	if err != nil {
		return nil, err
	}
	if k.st.closed {
		go end()
		return nil, errKilled
	}
	k.st.client, k.st.end, k.st.lost = c, end, lost
	return c, nil
}

func (k *link) made() ClientProtocol {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.st.client
}

// silent reports whether there was an attempt to reach the plugin, and the last one
// failed.
func (k *link) silent() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.st.failed
}

func (k *link) dial(ctx context.Context) (c ClientProtocol, end func(), lost <-chan struct{}, err error) {
	if k.launch.line.Protocol == handshake.GRPC {
		return k.dialGRPC(ctx)
	}
	return k.dialRPC(ctx)
}

func (k *link) dialRPC(ctx context.Context) (c ClientProtocol, end func(), lost <-chan struct{}, err error) {
	var d net.Dialer
	addr := k.launch.addr
	conn, err := d.DialContext(ctx, addr.Network(), addr.String())
	if err != nil {
		return nil, nil, nil, err
	}
	if k.tls != nil {
		t := tls.Client(conn, k.tls)
		if err := t.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, nil, nil, prefixed("the plugin's TLS: ", err)
		}
		conn = t
	}
	client, err := NewRPCClient(conn, k.launch.plugins)
	if err != nil {
		return nil, nil, nil, notRPC(addr, err)
	}
	client.timeout = k.launch.cfg.KillTimeout
	// To open streams needs no answer: who listens may be anybody, may want TLS, or
	// say nothing for ever, of which Dispense would have to wait for the end.
	if err := client.greet(ctx); err != nil {
		client.drop()
		return nil, nil, nil, notRPC(addr, err)
	}
	out, errs := k.outputs()
	client.goes.Go(func() { io.Copy(out, client.session.Stdout); out.Close() })
	client.goes.Go(func() { io.Copy(errs, client.session.Stderr); errs.Close() })
	return client, client.drop, client.session.Done(), nil
}

func notRPC(addr net.Addr, err error) error {
	return fmt.Errorf("%w; what listens at %s does not answer in go-plugin's net/rpc, or wants other TLS than this host's", err, addr)
}

func (k *link) dialGRPC(ctx context.Context) (c ClientProtocol, end func(), lost <-chan struct{}, err error) {
	with := k.with
	// Calls end as gRPC says, without why the plugin has ended: to find that out
	// would hold up Kill.
	with.Diagnose = nil
	with.Redials = !k.launch.isTest()
	with.Stdout, with.Stderr = k.outputs()
	inner, err := k.launch.inner.Connect(ctx, k.launch.line, with)
	if err != nil {
		with.Stdout.Close()
		with.Stderr.Close()
		return nil, nil, nil, k.launch.inWords(err)
	}
	cc, broker := grpcConn(inner)
	g := &grpcLink{link: k, inner: inner}
	return &GRPCClient{
		Conn: cc, Plugins: k.launch.plugins, doneCtx: k.ctx, broker: &GRPCBroker{broker: broker, muxed: k.launch.cfg.GRPCBrokerMultiplex},
		link: g, timeout: k.launch.cfg.KillTimeout,
	}, func() { inner.Close() }, inner.Done(), nil
}

// whenLost calls f when the connection has ended, at once if there is none.
func (k *link) whenLost(f func()) {
	k.mu.Lock()
	lost := k.st.lost
	k.mu.Unlock()
	if lost == nil {
		f()
		return
	}
	go func() {
		<-lost
		f()
	}()
}

// outputs makes what brings the plugin's output to the caller's writers: one that
// hangs must not keep the connection from its end.
func (k *link) outputs() (out, errs io.WriteCloser) {
	k.mu.Lock()
	defer k.mu.Unlock()
	pump := func(to io.Writer) io.WriteCloser {
		r, w := io.Pipe()
		k.st.pumps = append(k.st.pumps, stdio.Start(r, stdio.PumpOptions{Text: to}))
		return w
	}
	return pump(k.launch.cfg.SyncStdout), pump(k.launch.cfg.SyncStderr)
}

func (k *link) pumps() []*stdio.Pump {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.st.pumps
}

// A grpcLink is the connection of a GRPCClient.
type grpcLink struct {
	link  *link
	inner protocol.Conn
}

// awaitOutput waits for what the plugin printed last.
func (g *grpcLink) awaitOutput() {
	if g.link == nil {
		return // nobody has asked for it
	}
	t := time.NewTimer(outputTimeout)
	defer t.Stop()
	for _, p := range g.link.pumps() {
		select {
		case <-p.Done():
		case <-t.C:
			return
		}
	}
}

// close ends the output first: the connection's end waits for who reads it, and the
// caller's writer may hang.
func (g *grpcLink) close() error {
	if g.link != nil {
		g.link.finishOutput(outputTimeout)
	}
	return g.inner.Close()
}

// finishOutput passes on what has come of the output.
func (k *link) finishOutput(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	for _, p := range k.pumps() {
		p.Finish(ctx)
	}
}

// drainTimeout bounds how long a slow writer gets what a dead plugin has printed.
const drainTimeout = 5 * time.Second

// Close implements protocol.Conn.
func (k *link) Close() error {
	k.Fail(errClosed)
	select {
	case <-k.with.Gone:
		<-k.left // before anybody is told that the plugin is over
	default:
	}
	k.mu.Lock()
	end := k.st.end
	k.mu.Unlock()
	if end != nil && k.launch.isTest() {
		end() // the output of a plugin that lives on has no end
	}
	k.finishOutput(drainTimeout)
	if end != nil {
		end()
	}
	return nil
}

var errClosed = errors.New("the connection was closed")

// Fail implements protocol.Conn.
func (k *link) Fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.st.closed {
		k.st.closed, k.st.err = true, err
		close(k.done)
	}
}

// Ask implements protocol.Conn. It is Client.Kill that asks.
func (k *link) Ask() <-chan struct{} {
	deaf := make(chan struct{})
	close(deaf)
	return deaf
}

// Ping implements protocol.Conn.
func (k *link) Ping(ctx context.Context) error {
	c, err := k.client(ctx)
	if err != nil {
		return err
	}
	return c.Ping()
}

// Done implements tenon.Conn.
func (k *link) Done() <-chan struct{} { return k.done }

// Err implements tenon.Conn.
func (k *link) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.st.err
}

// Stats implements tenon.Conn.
func (k *link) Stats() tenon.Stats { return tenon.Stats{} }

// Open implements tenon.Conn. There are no contracts here.
func (k *link) Open(context.Context, *tenon.Ref, int) (tenon.Stream, error) {
	return nil, errors.ErrUnsupported
}

// Offers implements tenon.Conn.
func (k *link) Offers(string) ([]string, bool) { return nil, true }

// Release implements tenon.Conn.
func (k *link) Release(uint64) {}
