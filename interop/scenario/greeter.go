// Package scenario is what is tried on every pair of a host and a plugin: the
// service that all plugins have, and the checks that all hosts make. It keeps to
// what the oldest gRPC has that one of the tried libraries needs.
package scenario

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What host and plugin have agreed on beforehand.
const (
	CookieKey   = "INTEROP_COOKIE"
	CookieValue = "yes"
	Oldest      = 1 // the versions of the app
	Newest      = 2
)

// The greeter is the service of all plugins here, back is what either side serves
// by way of the broker.
const (
	greeterName = "interop.Greeter"
	backName    = "interop.Back"
)

// A Text is what each method takes and returns. It is not generated, because
// generated code needs a protobuf that the oldest libraries here do not have.
type Text struct {
	Value string `protobuf:"bytes,1,opt,name=value,proto3"`
}

// Reset implements proto.Message.
func (t *Text) Reset() { *t = Text{} }

// String implements proto.Message.
func (t *Text) String() string { return t.Value }

// ProtoMessage implements proto.Message.
func (*Text) ProtoMessage() {}

// A Registrar is grpc.ServiceRegistrar, which the oldest gRPC does not have.
type Registrar interface {
	RegisterService(*grpc.ServiceDesc, any)
}

// A Broker is either library's.
type Broker interface {
	Dial(ctx context.Context, id uint32) (cc grpc.ClientConnInterface, done func(), err error)
	Serve(id uint32, register func(Registrar)) (stop func(), err error)
	Next() uint32
}

// A Greeter serves the service in a plugin.
type Greeter struct {
	Broker  Broker
	Version int
	Log     func(string)
	served  []func()
}

// Desc is a service with unary methods that take and return a text.
func Desc(name string, methods map[string]func(context.Context, string) (string, error), streams ...grpc.StreamDesc) *grpc.ServiceDesc {
	d := &grpc.ServiceDesc{ServiceName: name, HandlerType: (*any)(nil), Streams: streams}
	for method, f := range methods {
		d.Methods = append(d.Methods, grpc.MethodDesc{MethodName: method, Handler: func(_ any, ctx context.Context, dec func(any) error, i grpc.UnaryServerInterceptor) (any, error) {
			in := new(Text)
			if err := dec(in); err != nil {
				return nil, err
			}
			handle := func(ctx context.Context, req any) (any, error) {
				out, err := f(ctx, req.(*Text).Value)
				return &Text{out}, err
			}
			if i == nil {
				return handle(ctx, in)
			}
			return i(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/" + name + "/" + method}, handle)
		}})
	}
	return d
}

// Register registers the service.
func (g *Greeter) Register(r Registrar) {
	r.RegisterService(Desc(greeterName, map[string]func(context.Context, string) (string, error){
		"Greet":   func(_ context.Context, s string) (string, error) { return "hello, " + s, nil },
		"Version": func(context.Context, string) (string, error) { return fmt.Sprint(g.Version), nil },
		"Fail":    func(_ context.Context, s string) (string, error) { return "", status.Error(codes.NotFound, s) },
		"Large":   func(_ context.Context, s string) (string, error) { return strings.Repeat("x", 6<<20) + s[:1], nil },
		"Wait":    wait,
		"Print":   g.print,
		"Back":    g.back,
		"Offer":   g.offer,
		"Pid":     func(context.Context, string) (string, error) { return fmt.Sprint(os.Getpid()), nil },
	}, grpc.StreamDesc{StreamName: "Echo", Handler: echo, ClientStreams: true, ServerStreams: true}), struct{}{})
}

func echo(_ any, s grpc.ServerStream) error {
	for {
		in := new(Text)
		if err := s.RecvMsg(in); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := s.SendMsg(&Text{"echo " + in.Value}); err != nil {
			return err
		}
	}
}

func (g *Greeter) print(_ context.Context, s string) (string, error) {
	fmt.Println("out " + s)
	fmt.Fprintln(os.Stderr, "err "+s)
	g.Log("log " + s)
	return "", nil
}

// wait returns a status, because the oldest gRPC makes none of a context's error.
func wait(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", status.Error(codes.DeadlineExceeded, ctx.Err().Error())
}

// back calls what the host serves under an id.
func (g *Greeter) back(ctx context.Context, id string) (string, error) {
	var n uint32
	fmt.Sscan(id, &n)
	return callBack(ctx, g.Broker, n, "the plugin")
}

// offer serves something under an id of the plugin's.
func (g *Greeter) offer(context.Context, string) (string, error) {
	id := g.Broker.Next()
	stop, err := g.Broker.Serve(id, answers("plugin"))
	if err != nil {
		return "", err
	}
	g.served = append(g.served, stop)
	return fmt.Sprint(id), nil
}

func answers(who string) func(Registrar) {
	return func(r Registrar) {
		r.RegisterService(Desc(backName, map[string]func(context.Context, string) (string, error){
			"Ask": func(_ context.Context, s string) (string, error) { return who + " answers " + s, nil },
		}), struct{}{})
	}
}

func callBack(ctx context.Context, b Broker, id uint32, who string) (string, error) {
	cc, done, err := b.Dial(ctx, id)
	if err != nil {
		return "", err
	}
	defer done()
	return Invoke(ctx, cc, backName+"/Ask", who)
}

// Invoke calls a method that takes and returns a text.
func Invoke(ctx context.Context, cc grpc.ClientConnInterface, method, in string) (string, error) {
	out := new(Text)
	err := cc.Invoke(ctx, "/"+method, &Text{in}, out)
	return out.Value, err
}
