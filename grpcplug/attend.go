package grpcplug

import (
	"context"
	"runtime/debug"
	"strings"
	"sync"

	"google.golang.org/grpc"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
)

// attend runs a handler and sees that its call is answered. gRPC answers when
// the handler returns; one that ends its goroutine, as testing.T.FailNow does,
// takes gRPC's with it, and the caller would wait for ever. What is deferred there
// cannot answer either: gRPC has no other way to send a status. So the handler has
// a goroutine of its own.
func (o *options) attend(method string, handle func() error) error {
	ended := ends.Get().(chan error)
	defer ends.Put(ended) // empty again
	go func() {
		returned := false
		defer func() {
			if !returned {
				ended <- o.noReturn(method, recover())
			}
		}()
		err := handle()
		returned = true
		ended <- err
	}()
	return <-ended
}

// ends are channels for attend, each with room for one error.
var ends = sync.Pool{New: func() any { return make(chan error, 1) }}

// noReturn answers for a handler that panicked or, if it did not, ended its
// goroutine.
func (o *options) noReturn(method string, panicked any) error {
	if panicked != nil && o.crash {
		panic(panicked)
	}
	e := &tenon.Error{Code: tenon.Internal, Message: "the handler ended its goroutine without returning"}
	if panicked != nil {
		e = fault.Panic(panicked, debug.Stack())
	}
	e.Message = strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", ".") + ": " + e.Message
	return toStatus(e, nil)
}

func (o *options) attendUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (reply any, err error) {
	if ours(info.FullMethod) {
		return handle(ctx, req)
	}
	err = o.attend(info.FullMethod, func() (err error) {
		reply, err = handle(ctx, req)
		return err
	})
	return reply, err
}

func (o *options) attendStream(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if ours(info.FullMethod) {
		return handle(srv, s)
	}
	return o.attend(info.FullMethod, func() error { return handle(srv, s) })
}
