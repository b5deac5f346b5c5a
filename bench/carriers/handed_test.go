package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/stats"
	"google.golang.org/protobuf/types/known/emptypb"
)

// These tests hold what speaks against handing calls over, besides the figures: should
// one fail with a later gRPC, the question is open again. RATIONALE.md has the answer.

// discard is an HTTP response that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
func (d discard) Flush()                      {}

// hand has a server carry out one call of /x.X/Call.
func hand(s *grpc.Server) {
	s.ServeHTTP(discard{http.Header{}}, &http.Request{
		Method: http.MethodPost, ProtoMajor: 2, URL: &url.URL{Path: "/x.X/Call"},
		Header: http.Header{"Content-Type": {"application/grpc"}}, Body: io.NopCloser(bytes.NewReader(make([]byte, prefix))),
	})
}

func serving(handle grpc.StreamHandler, opts ...grpc.ServerOption) *grpc.Server {
	s := grpc.NewServer(opts...)
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "x.X", HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{StreamName: "Call", Handler: handle, ServerStreams: true}},
	}, 0)
	return s
}

// A server that is asked to stop when its calls have ended panics if one is under
// way that was handed over.
func TestHandedGracefulStop(t *testing.T) {
	begun, end, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s := serving(func(any, grpc.ServerStream) error { close(begun); <-end; return nil })
	go func() { defer close(over); hand(s) }()
	<-begun
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "Drain() is not implemented") {
			t.Errorf("GracefulStop with a call under way: %s", got)
		}
		close(end)
		<-over
	}()
	s.GracefulStop()
}

// A handler does not get what the server's own credentials have found out.
func TestHandedCredentials(t *testing.T) {
	var info credentials.AuthInfo
	s := serving(func(_ any, s grpc.ServerStream) error {
		p, _ := peer.FromContext(s.Context())
		info = p.AuthInfo
		return nil
	}, grpc.Creds(insecure.NewCredentials()))
	hand(s)
	if info != nil {
		t.Errorf("the handler sees %v", info)
	}
}

// A server's options about connections do not apply.
func TestHandedConnections(t *testing.T) {
	var h counting
	s := serving(func(any, grpc.ServerStream) error { return nil }, grpc.StatsHandler(&h))
	hand(s)
	hand(s)
	if h.conns != 2 {
		t.Errorf("two calls were %d connections", h.conns)
	}
}

// A ClientConn whose interceptors answer has neither stats nor credentials, and no
// state.
func TestAnsweredByInterceptor(t *testing.T) {
	var h counting
	cc, err := grpc.NewClient("passthrough:///localhost",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(&h), grpc.WithPerRPCCredentials(&h),
		grpc.WithChainUnaryInterceptor(func(context.Context, string, any, any, *grpc.ClientConn, grpc.UnaryInvoker, ...grpc.CallOption) error {
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	err = cc.Invoke(t.Context(), "/x.X/Call", new(emptypb.Empty), new(emptypb.Empty))
	if err != nil || h != (counting{}) {
		t.Errorf("%v, and seen was %+v", err, h)
	}
	if state := cc.GetState(); state != connectivity.Idle {
		t.Errorf("after a call the state is %s", state)
	}
}

// counting notes what it is asked as a stats handler and as credentials.
type counting struct{ conns, calls, asked int }

func (c *counting) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	c.calls++
	return ctx
}
func (c *counting) HandleRPC(context.Context, stats.RPCStats) {}
func (c *counting) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	c.conns++
	return ctx
}
func (c *counting) HandleConn(context.Context, stats.ConnStats) {}
func (c *counting) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	c.asked++
	return nil, nil
}
func (c *counting) RequireTransportSecurity() bool { return false }
