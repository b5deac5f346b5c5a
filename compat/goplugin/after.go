package plugin

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// afterOptions make calls to a plugin that has ended by itself fail with
// Unavailable, as go-plugin's do, whose connection stays open until Kill. Here it is
// closed with the plugin, and gRPC's error would be Canceled: to those who ask for
// the code, a call that was given up on purpose.
func (l *launch) afterOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(l.unary), grpc.WithChainStreamInterceptor(l.stream)}
}

func (l *launch) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return l.whyEnded(ctx, invoke(ctx, method, req, reply, cc, opts...))
}

func (l *launch) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := open(ctx, desc, cc, method, opts...)
	if err != nil {
		return nil, l.whyEnded(ctx, err)
	}
	return &afterStream{s, l}, nil
}

func (l *launch) whyEnded(ctx context.Context, err error) error {
	if status.Code(err) != codes.Canceled || ctx.Err() != nil || !l.link.lost() {
		return err
	}
	return status.Error(codes.Unavailable, fmt.Sprintf("connection error: desc = \"transport: Error while dialing: dial %s %s: %s\"",
		l.addr.Network(), l.addr, l.link.epitaph()))
}

type afterStream struct {
	grpc.ClientStream
	launch *launch
}

func (s *afterStream) SendMsg(m any) error {
	return s.launch.whyEnded(s.Context(), s.ClientStream.SendMsg(m))
}

func (s *afterStream) RecvMsg(m any) error {
	return s.launch.whyEnded(s.Context(), s.ClientStream.RecvMsg(m))
}

// lost reports whether the connection has ended, and not because the caller has
// ended it.
func (k *link) lost() bool {
	if k.leaving.Load() {
		return false
	}
	k.mu.Lock()
	lost := k.st.lost
	k.mu.Unlock()
	select {
	case <-k.left:
		return true
	case <-lost:
		return true
	default:
		return false
	}
}

// epitaph is how the plugin has ended.
func (k *link) epitaph() string {
	if !k.gone() {
		return "the plugin takes no connections any more"
	}
	switch e := k.with.Exit(); {
	case e.Signal != 0:
		return "the plugin has ended (signal: " + e.Signal.String() + ")"
	case e.Code >= 0:
		return fmt.Sprintf("the plugin has ended (exit status %d)", e.Code)
	}
	return "the plugin has ended"
}
