package grpcplug

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// An options is what all connections and servers of one plugin have in common.
type options struct {
	tls    *tls.Config // nil: none
	limit  int         // bytes of a message
	crash  bool        // on panic
	dial   []grpc.DialOption
	server []grpc.ServerOption

	addresses Addresses // nil: both sides use the same
}

// toHost translates where the plugin says that something is.
func (o *options) toHost(network, address string) (string, string, error) {
	if o.addresses == nil {
		return network, address, nil
	}
	return o.addresses.PluginToHost(network, address)
}

// toPlugin translates where something is, before the plugin is told.
func (o *options) toPlugin(network, address string) (string, string, error) {
	if o.addresses == nil {
		return network, address, nil
	}
	return o.addresses.HostToPlugin(network, address)
}

// A dialer makes the connection that gRPC runs on.
type dialer func(context.Context) (net.Conn, error)

func addressDialer(network, address string) dialer {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
}

// window is how many bytes of a stream, and of a connection, are sent ahead of who
// reads them. By itself gRPC begins with 64 KiB, and sends a PING when a message has come
// to find out how much more would help, up to 16 MiB: up to a tenth of what a small
// call costs, for nothing, because to a process on the same machine no more helps than this.
const window = 1 << 20

// connect returns a connection that is ready, or says why there is none. What
// names the address in errors.
func (o *options) connect(ctx context.Context, what string, dial dialer, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	w := &witness{TransportCredentials: o.credentials()}
	list := []grpc.DialOption{
		grpc.WithTransportCredentials(w),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			c, err := dial(ctx)
			w.note(&w.dialed, err)
			return c, err
		}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(o.limit), grpc.MaxCallSendMsgSize(o.limit)),
		grpc.WithIdleTimeout(0), // a plugin that is not called for long is there
		grpc.WithDisableServiceConfig(),
		grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
	}
	list = append(append(list, o.dial...), more...)
	// The name is what a TLS config without a ServerName verifies.
	cc, err := grpc.Dial("passthrough:///"+certificateName, list...)
	if err != nil {
		return nil, err
	}
	if err := ready(ctx, cc); err != nil {
		cc.Close()
		return nil, w.explain(ctx, what, err)
	}
	return cc, nil
}

var errRefused = errors.New("the connection was closed before it was ready")

// ready waits for the first end of an attempt to connect.
func ready(ctx context.Context, cc *grpc.ClientConn) error {
	cc.Connect()
	for {
		state := cc.GetState()
		switch state {
		case connectivity.Ready:
			return nil
		case connectivity.TransientFailure, connectivity.Shutdown:
			return errRefused
		}
		if !cc.WaitForStateChange(ctx, state) {
			return context.Cause(ctx)
		}
	}
}

func (o *options) credentials() credentials.TransportCredentials {
	if o.tls == nil {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(o.tls)
}

// A witness sees how far connections come, because gRPC says only that there is
// none.
type witness struct {
	credentials.TransportCredentials

	mu     sync.Mutex
	dialed error
	shaken error
	read   error // of the connection, when it was thought to be trusted
}

func (w *witness) note(where *error, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*where = err
}

func (w *witness) ClientHandshake(ctx context.Context, authority string, c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	done, info, err := w.TransportCredentials.ClientHandshake(ctx, authority, c)
	w.note(&w.shaken, err)
	if err != nil {
		return done, info, err
	}
	return &seen{done, w}, info, nil
}

func (w *witness) Clone() credentials.TransportCredentials { return w }

// seen is a connection that shows how it ends: with TLS 1.3 a server that does
// not trust its client says so when the client believes all is well.
type seen struct {
	net.Conn
	w *witness
}

func (s *seen) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if err != nil && !errors.Is(err, net.ErrClosed) { // gRPC closes what it gives up: that is no cause
		s.w.note(&s.w.read, err)
	}
	return n, err
}

// explain says why there is no connection.
func (w *witness) explain(ctx context.Context, what string, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var alert *net.OpError // a TLS alert of the other side is a "remote error"
	var own *Error
	switch {
	case errors.As(w.dialed, &own), errors.As(w.read, &own):
		return own
	case w.dialed != nil:
		return &Error{Problem: NobodyThere, What: what, Err: w.dialed}
	case w.shaken != nil:
		return &Error{Problem: TLSFailed, What: what, Err: w.shaken}
	case errors.As(w.read, &alert) && alert.Op == "remote error":
		return &Error{Problem: TLSFailed, What: what, Err: w.read}
	case w.read != nil && ctx.Err() == nil:
		err = w.read
	}
	return &Error{Problem: NotGRPC, What: what, Err: err}
}

// newServer returns a server with the options. Unary and stream see that each call
// is answered; see attend.
func (o *options) newServer(unary grpc.UnaryServerInterceptor, stream grpc.StreamServerInterceptor, more ...grpc.ServerOption) *grpc.Server {
	list := append(o.serverOptions(),
		grpc.ForceServerCodec(codec{}),
		grpc.ChainUnaryInterceptor(unary),
		grpc.ChainStreamInterceptor(stream),
	)
	return grpc.NewServer(append(append(list, o.server...), more...)...)
}

// serverOptions returns what any server needs.
func (o *options) serverOptions() []grpc.ServerOption {
	list := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(o.limit), grpc.MaxSendMsgSize(o.limit),
		grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(window),
	}
	if o.tls != nil {
		list = append(list, grpc.Creds(credentials.NewTLS(o.tls)))
	}
	return list
}
