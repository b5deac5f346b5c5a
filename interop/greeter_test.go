package interop

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The greeter is the service of all plugins here. Each method takes and returns
// a text, so that no code has to be generated.
const (
	greeterName = "interop.Greeter"
	backName    = "interop.Back"
)

// A broker is either library's.
type broker interface {
	dial(ctx context.Context, id uint32) (grpc.ClientConnInterface, func(), error)
	serve(id uint32, register func(grpc.ServiceRegistrar)) (stop func(), err error)
	next() uint32
}

// A greeter serves the service in a plugin.
type greeter struct {
	broker  broker
	version int
	log     func(string)
	served  []func()
}

func text(s string) *wrapperspb.StringValue { return wrapperspb.String(s) }

// desc is the service with unary methods that take and return a text.
func desc(name string, methods map[string]func(context.Context, string) (string, error), streams ...grpc.StreamDesc) *grpc.ServiceDesc {
	d := &grpc.ServiceDesc{ServiceName: name, HandlerType: (*any)(nil), Streams: streams}
	for method, f := range methods {
		d.Methods = append(d.Methods, grpc.MethodDesc{MethodName: method, Handler: func(_ any, ctx context.Context, dec func(any) error, i grpc.UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.StringValue)
			if err := dec(in); err != nil {
				return nil, err
			}
			handle := func(ctx context.Context, req any) (any, error) {
				out, err := f(ctx, req.(*wrapperspb.StringValue).Value)
				return text(out), err
			}
			if i == nil {
				return handle(ctx, in)
			}
			return i(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/" + name + "/" + method}, handle)
		}})
	}
	return d
}

func (g *greeter) register(r grpc.ServiceRegistrar) {
	r.RegisterService(desc(greeterName, map[string]func(context.Context, string) (string, error){
		"Greet":   func(_ context.Context, s string) (string, error) { return "hello, " + s, nil },
		"Version": func(context.Context, string) (string, error) { return fmt.Sprint(g.version), nil },
		"Fail":    func(_ context.Context, s string) (string, error) { return "", status.Error(codes.NotFound, s) },
		"Large":   func(_ context.Context, s string) (string, error) { return strings.Repeat("x", 6<<20) + s[:1], nil },
		"Wait":    func(ctx context.Context, s string) (string, error) { <-ctx.Done(); return "", ctx.Err() },
		"Exit":    func(context.Context, string) (string, error) { os.Exit(3); return "", nil },
		"Panic":   func(context.Context, string) (string, error) { go panic("out of ideas"); select {} },
		"Print":   g.print,
		"Back":    g.back,
		"Offer":   g.offer,
		"Pid":     func(context.Context, string) (string, error) { return fmt.Sprint(os.Getpid()), nil },
		"Sockets": func(context.Context, string) (string, error) { return os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), nil },
	}, grpc.StreamDesc{StreamName: "Echo", Handler: echo, ClientStreams: true, ServerStreams: true}), nil)
}

func echo(_ any, s grpc.ServerStream) error {
	for {
		in := new(wrapperspb.StringValue)
		if err := s.RecvMsg(in); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := s.SendMsg(text("echo " + in.Value)); err != nil {
			return err
		}
	}
}

func (g *greeter) print(_ context.Context, s string) (string, error) {
	fmt.Println("out " + s)
	fmt.Fprintln(os.Stderr, "err "+s)
	g.log("log " + s)
	return "", nil
}

// back calls what the host serves under an id.
func (g *greeter) back(ctx context.Context, id string) (string, error) {
	var n uint32
	fmt.Sscan(id, &n)
	return callBack(ctx, g.broker, n, "the plugin")
}

// offer serves something under an id of the plugin's.
func (g *greeter) offer(context.Context, string) (string, error) {
	id := g.broker.next()
	stop, err := g.broker.serve(id, answers("plugin"))
	if err != nil {
		return "", err
	}
	g.served = append(g.served, stop)
	return fmt.Sprint(id), nil
}

func answers(who string) func(grpc.ServiceRegistrar) {
	return func(r grpc.ServiceRegistrar) {
		r.RegisterService(desc(backName, map[string]func(context.Context, string) (string, error){
			"Ask": func(_ context.Context, s string) (string, error) { return who + " answers " + s, nil },
		}), nil)
	}
}

func callBack(ctx context.Context, b broker, id uint32, who string) (string, error) {
	cc, done, err := b.dial(ctx, id)
	if err != nil {
		return "", err
	}
	defer done()
	return invoke(ctx, cc, backName+"/Ask", who)
}

func invoke(ctx context.Context, cc grpc.ClientConnInterface, method, in string) (string, error) {
	out := new(wrapperspb.StringValue)
	err := cc.Invoke(ctx, "/"+method, text(in), out)
	return out.Value, err
}

func slogInfo(s string) { slog.Info(s, "key", 7) }
