package grpcplug

import (
	"context"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// ClientOptions say how stubs call. The zero value calls as they are told.
type ClientOptions struct {
	// Unary and Stream intercept calls, the first of them outermost. The
	// *[grpc.ClientConn] that they are given is a closed one, so that it can be
	// asked for its target; calls go where the stubs' go.
	Unary  []grpc.UnaryClientInterceptor
	Stream []grpc.StreamClientInterceptor

	// Call are options of all calls, before those of each.
	Call []grpc.CallOption
}

// An intercepted connection does something about calls before they are made.
type intercepted struct {
	next   grpc.ClientConnInterface
	unary  []grpc.UnaryClientInterceptor
	stream []grpc.StreamClientInterceptor
	call   []grpc.CallOption
}

// intercept returns cc with all the options, or cc itself if there are none.
func intercept(cc grpc.ClientConnInterface, opts []ClientOptions) grpc.ClientConnInterface {
	i := &intercepted{next: cc}
	for _, o := range opts {
		i.unary = append(i.unary, o.Unary...)
		i.stream = append(i.stream, o.Stream...)
		i.call = append(i.call, o.Call...)
	}
	if i.unary == nil && i.stream == nil && i.call == nil {
		return cc
	}
	return i
}

// Invoke implements [grpc.ClientConnInterface].
func (i *intercepted) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if len(i.call) > 0 {
		opts = slices.Concat(i.call, opts)
	}
	return i.invoker(0)(ctx, method, args, reply, i.shown(len(i.unary)), opts...)
}

// invoker calls the interceptor with the given number, or the connection after
// the last.
func (i *intercepted) invoker(n int) grpc.UnaryInvoker {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, opts ...grpc.CallOption) error {
		if n == len(i.unary) {
			return i.next.Invoke(ctx, method, req, reply, opts...)
		}
		return i.unary[n](ctx, method, req, reply, cc, i.invoker(n+1), opts...)
	}
}

// NewStream implements [grpc.ClientConnInterface].
func (i *intercepted) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if len(i.call) > 0 {
		opts = slices.Concat(i.call, opts)
	}
	return i.streamer(0)(ctx, desc, i.shown(len(i.stream)), method, opts...)
}

func (i *intercepted) streamer(n int) grpc.Streamer {
	return func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		if n == len(i.stream) {
			return i.next.NewStream(ctx, desc, method, opts...)
		}
		return i.stream[n](ctx, desc, cc, method, i.streamer(n+1), opts...)
	}
}

// shown is the connection that interceptors are shown, if there are any.
func (i *intercepted) shown(interceptors int) *grpc.ClientConn {
	if interceptors == 0 {
		return nil
	}
	switch cc := i.next.(type) {
	case *grpc.ClientConn:
		return cc
	case *identified:
		return cc.ClientConn
	}
	return closedConn()
}

// closedConn is a connection of gRPC's that can be asked and not be used: many
// interceptors ask for the target without looking whether there is a connection.
var closedConn = sync.OnceValue(func() *grpc.ClientConn {
	cc, err := grpc.Dial("passthrough:///tenon", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil
	}
	cc.Close()
	return cc
})

// chainUnary makes one interceptor of many, the first outermost, or nil of none.
func chainUnary(all []grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	if len(all) < 2 {
		return onlyOne(all)
	}
	rest := chainUnary(all[1:])
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		return all[0](ctx, req, info, func(ctx context.Context, req any) (any, error) {
			return rest(ctx, req, info, handler)
		})
	}
}

// chainStream is chainUnary for streams.
func chainStream(all []grpc.StreamServerInterceptor) grpc.StreamServerInterceptor {
	if len(all) < 2 {
		return onlyOne(all)
	}
	rest := chainStream(all[1:])
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return all[0](srv, ss, info, func(srv any, ss grpc.ServerStream) error {
			return rest(srv, ss, info, handler)
		})
	}
}

func onlyOne[T any](all []T) (one T) {
	if len(all) == 1 {
		one = all[0]
	}
	return one
}
