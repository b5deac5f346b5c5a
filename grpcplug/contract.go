package grpcplug

import (
	"context"
	"fmt"
	"reflect"

	"google.golang.org/grpc"

	"github.com/tenon-go/tenon"
)

// A Contract is a protobuf service that one side implements and the other calls
// through the stubs of protoc-gen-go-grpc: C is the stubs' client, S what an
// implementation has to have. Make one with [Service]. It is safe for concurrent
// use.
type Contract[C, S any] struct {
	newClient func(grpc.ClientConnInterface) C
	register  func(grpc.ServiceRegistrar, S)
	shape     *shape
	err       error
}

// Service makes a contract of the two functions that protoc-gen-go-grpc writes
// for a service, whatever its version and options:
//
//	var Store = grpcplug.Service(pb.NewStoreClient, pb.RegisterStoreServer)
//
// Functions that are not such a pair are told by the methods of the contract, so
// that the variable's package can be initialised: see [UseError].
func Service[C, S any](newClient func(grpc.ClientConnInterface) C, register func(grpc.ServiceRegistrar, S)) *Contract[C, S] {
	c := &Contract[C, S]{newClient: newClient, register: register}
	if newClient == nil || register == nil {
		c.err = misuse("", "grpcplug.Service was given nil in place of a function; it takes the two that protoc-gen-go-grpc writes, NewXClient and RegisterXServer")
		return c
	}
	var noMetadata S
	r, err := c.record(noMetadata)
	if err != nil {
		c.err = err
		return c
	}
	if c.err = checkPair(r.desc, reflect.TypeFor[C]()); c.err == nil {
		c.shape = newShape(r.desc, nil)
	}
	return c
}

// checkPair reports whether a client has the methods of a service.
func checkPair(desc *grpc.ServiceDesc, client reflect.Type) error {
	var names []string
	for _, m := range desc.Methods {
		names = append(names, m.MethodName)
	}
	for _, s := range desc.Streams {
		names = append(names, s.StreamName)
	}
	for _, name := range names {
		if _, ok := client.MethodByName(name); !ok {
			return misuse(desc.ServiceName, fmt.Sprintf("it has the method %s, which a %s has not; are the two functions those of one service?", name, client))
		}
	}
	return nil
}

// WithErrors returns the contract with errors that keep their identity: what an
// implementation returns, or wraps, is found by [errors.Is] and [errors.As] in
// what the client's method returns, as long as both sides name it alike. Over
// gRPC such an error goes along as a detail of its status, of up to 4 KiB, which
// clients that are not Tenon's ignore.
func (c *Contract[C, S]) WithErrors(defs ...tenon.ErrorDef) *Contract[C, S] {
	with := *c
	if with.err == nil {
		with.shape = newShape(c.shape.desc, append(c.shape.own[:len(c.shape.own):len(c.shape.own)], defs...))
	}
	return &with
}

// Name returns the full name of the protobuf service, "kv.Store". It is empty if
// [Service] was misused.
func (c *Contract[C, S]) Name() string {
	if c.err != nil {
		return ""
	}
	return c.shape.desc.ServiceName
}

// Serve returns a service that impl carries out, for plugin.Main or host.Config.
//
// It panics, with a *[UseError], if there is no impl or [Service] was misused, as
// gRPC's own server ends the program: nobody could serve it.
func (c *Contract[C, S]) Serve(impl S, opts ...ServerOptions) tenon.Service {
	if c.err != nil {
		panic(c.err)
	}
	if any(impl) == nil {
		panic(misuse(c.Name(), "Serve was given no implementation: its argument is nil"))
	}
	r, err := c.record(impl)
	if err != nil {
		panic(err)
	}
	return c.shape.serve(r.impl, opts)
}

// Open returns a client of the service that the other side of conn offers. It
// fails with code Unimplemented if there is none. A method that the other side
// lacks fails so when it is called, as it does with gRPC.
func (c *Contract[C, S]) Open(_ context.Context, conn tenon.Conn, opts ...ClientOptions) (C, error) {
	var noMetadata C
	if c.err != nil {
		return noMetadata, c.err
	}
	if conn == nil {
		return noMetadata, misuse(c.Name(), "Open was given no connection: host.Start returns one, and so do tenon.Caller and tenontest.Serve")
	}
	cc, err := c.shape.dial(conn, opts)
	if err != nil {
		return noMetadata, err
	}
	return c.newClient(cc), nil
}

// Caller is Open on the connection that the call being handled under ctx came in
// on: that is how a plugin reaches a service of its host. It fails with code
// FailedPrecondition if ctx is not that of a handler.
func (c *Contract[C, S]) Caller(ctx context.Context, opts ...ClientOptions) (C, error) {
	var noMetadata C
	if c.err != nil {
		return noMetadata, c.err
	}
	conn, _, ok := tenon.Caller(ctx)
	if !ok {
		return noMetadata, &tenon.Error{
			Code: tenon.FailedPrecondition, Service: c.Name(),
			Message: "no caller to ask for " + c.Name() + ": the context is not that of a call that came in",
		}
	}
	return c.Open(ctx, conn, opts...)
}

// record has the generated function register impl, and returns what it did.
func (c *Contract[C, S]) record(impl S) (r recorder, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = misuse(r.name(), fmt.Sprintf("the function that registers a %s panicked: %v", reflect.TypeFor[S](), v))
		}
	}()
	c.register(&r, impl)
	switch r.count {
	case 0:
		return r, misuse("", fmt.Sprintf("the function that registers a %s registered no service; is it protoc-gen-go-grpc's RegisterXServer?", reflect.TypeFor[S]()))
	case 1:
		return r, nil
	}
	return r, misuse(r.name(), fmt.Sprintf("the function that registers a %s registered %d services; a contract is one", reflect.TypeFor[S](), r.count))
}

// A recorder is a gRPC server that only notes what is registered on it.
type recorder struct {
	desc  *grpc.ServiceDesc
	impl  any
	count int
}

// RegisterService implements [grpc.ServiceRegistrar].
func (r *recorder) RegisterService(desc *grpc.ServiceDesc, impl any) {
	r.desc, r.impl = desc, impl
	r.count++
}

func (r *recorder) name() string {
	if r.desc == nil {
		return ""
	}
	return r.desc.ServiceName
}

// A UseError says that this package was used in a way that cannot work, which
// is to be mended in the program that did.
type UseError struct {
	Service string // the protobuf service, if it is known
	Problem string // what is wrong, and what to do instead
}

// Error says what is wrong with which service.
func (e *UseError) Error() string {
	if e.Service == "" {
		return "grpcplug: " + e.Problem
	}
	return "grpcplug: " + e.Service + ": " + e.Problem
}

func misuse(service, problem string) *UseError { return &UseError{Service: service, Problem: problem} }
