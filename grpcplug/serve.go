package grpcplug

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/protocol"
)

// A server is a plugin that is being served to a host of go-plugin.
type server struct {
	cfg  Protocol
	with protocol.Serving
	*options
	wish    wish
	version int
	der     []byte // the certificate of AutoMTLS

	place    *place
	listener *trackedListener
	muxed    *muxListener // nil if the broker has sockets
	grpc     *grpc.Server
	broker   *Broker
	output   *output
	conn     *pluginConn

	asked    chan struct{} // closed when the host has asked the plugin to leave
	askOnce  sync.Once
	finished chan struct{} // closed when all is done that a leaving plugin does
	leaving  context.Context
	deadline time.Time          // of the end, when that has begun
	leave    context.CancelFunc // ends what would go on as long as the connection
}

func (p Protocol) serve(ctx context.Context, with protocol.Serving) error {
	s := &server{cfg: p, with: with, asked: make(chan struct{}), finished: make(chan struct{})}
	s.leaving, s.leave = context.WithCancel(context.Background())
	defer s.leave()
	if err := s.prepare(); err != nil {
		return err
	}
	defer s.place.remove()
	if with.Init != nil {
		if err := with.Init(ctx); err != nil {
			return fmt.Errorf("%s failed to initialise: %w", with.Name, err)
		}
	}
	if err := s.listen(); err != nil {
		return err
	}
	defer s.unlisten()
	if err := s.register(); err != nil {
		return err
	}
	return s.run(ctx)
}

// prepare reads what the host wants.
func (s *server) prepare() (err error) {
	if s.wish, err = readWish(s.with.Getenv); err != nil {
		return err
	}
	s.version = s.wish.choose(s.with.App.Supported())
	s.options = &options{limit: s.limit(), crash: s.with.CrashOnPanic, dial: s.cfg.DialOptions, server: s.cfg.ServerOptions}
	s.place = newPlace(s.cfg.Network, s.wish)
	return s.trust()
}

// limit is the host's to set: it is the one that would be harmed.
func (s *server) limit() int {
	if s.with.Limits.Message > 0 {
		return limit(s.with.Limits)
	}
	return 1<<31 - 1
}

// trust makes the certificate that the host has asked for, unless the plugin has
// its own.
func (s *server) trust() error {
	if s.cfg.TLS != nil {
		s.tls = s.cfg.TLS.Clone()
		return nil
	}
	if s.wish.cert == "" {
		return nil
	}
	pool, err := poolOfPEM(s.wish.cert)
	if err != nil {
		return err
	}
	var own tls.Certificate
	if own, err = newCertificate(); err != nil {
		return err
	}
	s.tls, s.der = mutual(own, pool), own.Certificate[0]
	return nil
}

func (s *server) listen() error {
	listener, err := s.place.listen()
	if err != nil {
		return err
	}
	s.broker = makeBroker(s.options, s.place)
	if s.wish.multiplex {
		l := newMuxListener(listener)
		listener, s.muxed = l, l
		// Who uses the broker was called on the connection.
		s.broker.mux = func() *mux { <-l.made; return l.mux }
	}
	s.listener = newTracked(listener, 0)
	return nil
}

// unlisten closes what listen has made.
func (s *server) unlisten() {
	s.listener.Close()
	if s.muxed != nil {
		s.muxed.end()
	}
}

// workers is how many goroutines the server keeps for calls: one that begins has a
// small stack, which has to grow in each call. Handlers have goroutines of their own
// all the same; see attend. The calls of the host's that never end take two or three of
// these, and what finds none of them free gets another goroutine.
const workers = 8

// register makes the server, with the services that each plugin has, and the
// plugin's own.
func (s *server) register() error {
	s.conn = newPluginConn(s.broker, s.with.Limits)
	services := s.with.Services(s.version)
	e := newExporter(s.conn, services)
	o := *s.options // the broker's servers, of which there may be one for each id, have no workers
	o.server = append([]grpc.ServerOption{grpc.NumStreamWorkers(workers)}, o.server...)
	s.grpc = o.newServer(s.conn.unary, s.conn.stream, grpc.UnknownServiceHandler(e.serve))
	s.registerOwn(func(h grpc.StreamHandler) grpc.StreamHandler { return h })
	var contracts []string
	for i, service := range services {
		if same := func(s tenon.Service) bool { return s.Contract.Name == service.Contract.Name }; slices.ContainsFunc(services[:i], same) {
			return fmt.Errorf("the service %s is given twice in version %d of the app: give each once, or In different versions", service.Contract.Name, s.version)
		}
		if stubs, ok := service.Server.(*stubServer); ok {
			stubs.RegisterGRPC(s.grpc) // as gRPC's own
			continue
		}
		s.grpc.RegisterService(describe(service, e), nil)
		contracts = append(contracts, service.Contract.Name)
	}
	registerReflection(s.grpc, contracts)
	if s.cfg.Register != nil {
		return s.cfg.Register(s.grpc, s.broker, s.version)
	}
	return nil
}

// registerOwn registers the services that each plugin has, with handlers that
// wrap makes of their own.
func (s *server) registerOwn(wrap func(grpc.StreamHandler) grpc.StreamHandler) {
	h := health.NewServer()
	h.SetServingStatus(healthName, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(s.grpc, h)
	s.grpc.RegisterService(&grpc.ServiceDesc{
		ServiceName: brokerService, HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{StreamName: brokerStream, Handler: wrap(s.serveBroker), ClientStreams: true, ServerStreams: true}},
	}, nil)
	s.grpc.RegisterService(&grpc.ServiceDesc{
		ServiceName: controllerService, HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{StreamName: shutdownMethod, Handler: wrap(s.serveShutdown)}},
	}, nil)
	s.grpc.RegisterService(&grpc.ServiceDesc{
		ServiceName: stdioService, HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{StreamName: stdioStream, Handler: wrap(s.serveStdio), ServerStreams: true}},
	}, nil)
}

// run tells the host where the plugin is, and serves it.
func (s *server) run(ctx context.Context) error {
	line := handshake.Line{
		App: s.version, Protocol: handshake.GRPC, Certificate: s.der, Multiplex: s.wish.multiplexAsked,
		Network: s.listener.Addr().Network(), Address: s.listener.Addr().String(),
	}
	undo := s.with.Redirect(newLogHandler(os.Stderr, s.with.Name, s.with.AddSource))
	defer undo()
	if _, err := os.Stdout.Write(append(line.Append(nil), '\n')); err != nil {
		return fmt.Errorf("the host does not read the handshake: %w", err)
	}
	s.place.sweep()
	var err error
	if s.output, err = captureOutput(); err != nil {
		return err
	}
	defer s.output.close()
	defer s.conn.end()
	served := make(chan error, 1)
	go func() { served <- s.grpc.Serve(s.listener) }()
	select {
	case err := <-served:
		s.finish(ctx, true)
		s.end(ctx)
		return fmt.Errorf("the connection to the host: %w", err)
	case <-s.asked:
		s.finish(ctx, false)
	case <-ctx.Done():
		s.finish(ctx, false)
	}
	s.end(ctx)
	return nil
}

// finish lets calls end, and then what is printed, and tells who asked.
func (s *server) finish(ctx context.Context, lost bool) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	if !lost {
		s.drain(ctx)
	}
	if s.with.Finish != nil {
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.with.Finish(ctx)
		}()
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
	s.output.flush(ctx)
	close(s.finished)
}

// askedWait is how long calls get that are under way when the host asks the plugin
// to leave. A Tenon host asks when there are none; one of go-plugin waits for the
// answer, and expects of its own plugins that they cut such calls off at once.
const askedWait = 500 * time.Millisecond

func (s *server) drain(ctx context.Context) {
	select {
	case <-s.asked:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, askedWait)
		defer cancel()
	default:
	}
	s.conn.drain(ctx)
}

// end ends the server. The streams that live as long as the connection end first.
// Handlers that do not return are not waited for: gRPC would, even when told to
// stop at once.
func (s *server) end(ctx context.Context) {
	s.leave()
	s.broker.close()
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		s.grpc.GracefulStop()
		s.broker.wait()
	}()
	select {
	case <-gone:
		return
	case <-ctx.Done():
	}
	s.listener.drop()
	go s.grpc.Stop()
	t := time.NewTimer(lastWait)
	defer t.Stop()
	select {
	case <-gone:
	case <-t.C:
	}
}

// lastWait is how long the end of what has been cut off is waited for.
const lastWait = 200 * time.Millisecond

// bounded returns a context for the plugin's end: that of Serve may have ended. All
// of the end has StopTimeout; what is left to do then gets a moment, for the host is
// to hear the answer.
func (s *server) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	now := time.Now()
	if s.deadline.IsZero() {
		s.deadline = now.Add(s.with.StopTimeout)
	} else if least := now.Add(lastWait); s.deadline.Before(least) {
		s.deadline = least
	}
	return context.WithDeadline(context.WithoutCancel(ctx), s.deadline)
}

// serveBroker is one broker's stream: the host has one. Its end is not that of the
// broker, but nothing can be told to the host without it.
func (s *server) serveBroker(_ any, stream grpc.ServerStream) error {
	ended := make(chan error, 1)
	go func() { ended <- s.broker.listen(stream) }()
	select {
	case err := <-ended:
		return err
	case <-s.leaving.Done():
		return nil
	case <-stream.Context().Done():
		return stream.Context().Err()
	}
}

// serveShutdown answers when all is done, so that a host which closes the
// connection then, as go-plugin's do, loses nothing.
func (s *server) serveShutdown(_ any, stream grpc.ServerStream) error {
	if err := stream.RecvMsg(&frame{}); err != nil {
		return err
	}
	s.askOnce.Do(func() { close(s.asked) })
	select {
	case <-s.finished:
	case <-stream.Context().Done():
		return stream.Context().Err()
	}
	return stream.SendMsg(&frame{})
}

// serveStdio brings the host what the program prints, from the beginning.
func (s *server) serveStdio(_ any, stream grpc.ServerStream) error {
	if err := stream.RecvMsg(&frame{}); err != nil {
		return err
	}
	return s.output.stream(stream)
}
