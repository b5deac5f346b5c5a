package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/bench/goplugin"
	"github.com/tenon-go/tenon/bench/harness"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
)

// handed leaves HTTP/2 out: the host's interceptors answer the calls of a ClientConn
// that never connects, over the native protocol, and the plugin hands them to its
// Server as HTTP requests. It has what the figures need, and neither metadata nor
// options, credentials or stats, so that it is faster than one that could be
// used: if this does not pay, nothing of the kind does.
var handed = harness.Target{Name: "native protocol, ServeHTTP", Start: startHanded, Serve: serveHanded}

var (
	app      = tenon.App{Name: "carriers"}
	contract = &tenon.Contract{Name: "bench.Handed", Methods: []tenon.Method{{Name: "Unary"}, {Name: "Stream", ServerStream: true}}}
)

const (
	unary = iota
	stream
)

func startHanded(ctx context.Context, cmd *exec.Cmd) (harness.Session, error) {
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	p, err := host.Start(ctx, host.Config{App: app, Cmd: cmd, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	ref, err := contract.Bind(p)
	if err != nil {
		return nil, fmt.Errorf("%w; %w", err, p.Stop(ctx))
	}
	cc, err := grpc.NewClient("passthrough:///localhost",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(caller{ref}.unary), grpc.WithChainStreamInterceptor(caller{ref}.stream))
	if err != nil {
		return nil, fmt.Errorf("%w; %w", err, p.Stop(ctx))
	}
	return handedSession{goplugin.NewClient(cc), cc, p}, nil
}

type handedSession struct {
	goplugin.Client
	cc     *grpc.ClientConn
	plugin *host.Plugin
}

func (s handedSession) Stop() error {
	return errors.Join(s.cc.Close(), s.plugin.Stop(context.Background()))
}

// A caller answers a ClientConn's calls.
type caller struct{ ref *tenon.Ref }

func (c caller) unary(ctx context.Context, path string, request, reply any, _ *grpc.ClientConn, _ grpc.UnaryInvoker, _ ...grpc.CallOption) error {
	s, err := c.ref.Open(ctx, unary)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := ask(s.Out(), path, request); err != nil {
		return err
	}
	in, err := s.Call()
	if err != nil {
		return err
	}
	return readMessage(in.Raw(), reply)
}

func (c caller) stream(ctx context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, path string, _ grpc.Streamer, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := c.ref.Open(ctx, stream)
	if err != nil {
		return nil, err
	}
	// Only the call's context tells that nobody wants the rest.
	context.AfterFunc(ctx, func() { s.Close() })
	return &handedStream{s: s, path: path}, nil
}

// A handedStream is a stream of answers. What is embedded is not used here.
type handedStream struct {
	grpc.ClientStream
	s    tenon.Stream
	path string
}

func (h *handedStream) SendMsg(m any) error {
	if err := ask(h.s.Out(), h.path, m); err != nil {
		return err
	}
	return h.s.SendLast()
}

func (h *handedStream) CloseSend() error { return nil }

func (h *handedStream) RecvMsg(m any) error {
	in, err := h.s.Recv()
	if err != nil {
		return err
	}
	return readMessage(in.Raw(), m)
}

// prefix is what gRPC puts before a message: whether it is compressed, and how long
// it is.
const prefix = 5

// ask writes a request: the method's path, a zero, and the body that a gRPC server
// reads.
func ask(out *tenon.Message, path string, m any) error {
	b := append(append(out.Buffer()[:0], path...), 0)
	at := len(b)
	b, err := proto.MarshalOptions{}.MarshalAppend(append(b, make([]byte, prefix)...), m.(proto.Message))
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint32(b[at+1:], uint32(len(b)-at-prefix))
	out.Reset(b, nil)
	return nil
}

func readMessage(b []byte, m any) error {
	if len(b) < prefix || len(b)-prefix != int(binary.BigEndian.Uint32(b[1:])) {
		return fmt.Errorf("an answer of %d bytes is no whole message of gRPC's", len(b))
	}
	return proto.Unmarshal(b[prefix:], m.(proto.Message))
}

func serveHanded() error {
	return plugin.Serve(context.Background(), plugin.Config{
		App: app, Services: []tenon.Service{{Contract: contract, Server: handler{newServer()}}},
	})
}

// A handler carries out calls by handing them to a server.
type handler struct{ server *grpc.Server }

// ServeCall implements tenon.Server.
func (h handler) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	in, err := s.Recv()
	if err != nil {
		return err
	}
	path, body, _ := bytes.Cut(in.Raw(), []byte{0})
	r := &http.Request{
		Method: http.MethodPost, ProtoMajor: 2, URL: &url.URL{Path: string(path)},
		Header: http.Header{"Content-Type": {"application/grpc"}}, Body: io.NopCloser(bytes.NewReader(body)),
	}
	w := &answer{s: s, header: http.Header{}, streams: method == stream}
	h.server.ServeHTTP(w, r.WithContext(ctx))
	if w.err != nil {
		return w.err
	}
	if code := w.header.Get("Grpc-Status"); code != "0" {
		return &tenon.Error{Code: tenon.Unknown, Message: strings.Join(w.header.Values("Grpc-Message"), " ")}
	}
	return nil
}

// An answer is where a server writes. It flushes once for each message, and more
// often without one.
type answer struct {
	s       tenon.Stream
	header  http.Header
	streams bool
	err     error
}

func (a *answer) Header() http.Header { return a.header }
func (a *answer) WriteHeader(int)     {}

func (a *answer) Write(b []byte) (int, error) {
	out := a.s.Out()
	out.Reset(append(out.Buffer(), b...), nil)
	return len(b), nil
}

// Flush implements http.Flusher. What answers with one message is sent when the
// handler returns.
func (a *answer) Flush() {
	if a.streams && a.s.Out().Len() > 0 && a.err == nil {
		a.err = a.s.Send()
	}
}
