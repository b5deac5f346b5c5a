package stubtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

func ask(ctx context.Context, c pb.TestServiceClient, what string, opts ...grpc.CallOption) (string, error) {
	out, err := c.UnaryCall(ctx, &pb.SimpleRequest{Payload: payload(what)}, opts...)
	return string(out.GetPayload().GetBody()), err
}

func TestUnary(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		ctx := t.Context()
		if _, err := c.EmptyCall(ctx, &pb.Empty{}); err != nil {
			t.Error(err)
		}
		for _, size := range []int{0, 1, 100, 65535, 65536, 1 << 20, 3 << 20} {
			if got, err := ask(ctx, c, fmt.Sprint("size:", size)); err != nil || len(got) != size {
				t.Errorf("%d bytes: %d, %v", size, len(got), err)
			}
			text := strings.Repeat("y", size)
			if got, err := ask(ctx, c, text); err != nil || got != text {
				t.Errorf("%d bytes to and fro: %d, %v", size, len(got), err)
			}
		}
	})
}

// What a handler knows of its call.
func TestHandlerContext(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		ctx := t.Context()
		if got, _ := ask(ctx, c, "context"); got != "/grpc.testing.TestService/UnaryCall true true true true\n" {
			t.Errorf("unary: %s", got)
		}
		if got := chat(t, ctx, c, "context")[0]; got != "/grpc.testing.TestService/FullDuplexCall true true true true\n" {
			t.Errorf("stream: %s", got)
		}
		if got, _ := ask(ctx, c, "deadline"); got != "false false" {
			t.Errorf("no deadline: %s", got)
		}
		bounded, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		if got, _ := ask(bounded, c, "deadline"); got != "true true" {
			t.Errorf("deadline: %s", got)
		}
	})
}

func TestMetadata(t *testing.T) {
	onEach(t, func(t *testing.T, w way, c pb.TestServiceClient) {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "key", "1", "Key", "2", "raw-bin", "\x00\xfe", "te", "mine")
		for key, want := range map[string]string{"key": `["1" "2"]`, "raw-bin": `["\x00\xfe"]`, "absent": "[]"} {
			if got, err := ask(ctx, c, "metadata:"+key); got != "true "+want || err != nil {
				t.Errorf("%s: %s, %v", key, got, err)
			}
			if got := chat(t, ctx, c, "metadata:"+key)[0]; got != "true "+want {
				t.Errorf("%s in a stream: %s", key, got)
			}
		}
		for _, bad := range [][2]string{{"white space", "v"}, {"k", "a\nb"}, {"ü", "v"}} {
			ctx := metadata.NewOutgoingContext(t.Context(), metadata.MD{bad[0]: {bad[1]}})
			if _, err := ask(ctx, c, "echo"); status.Code(err) != codes.Internal {
				t.Errorf("%q: %v", bad, err)
			}
			if _, err := c.FullDuplexCall(ctx); status.Code(err) != codes.Internal {
				t.Errorf("%q in a stream: %v", bad, err)
			}
		}
		if !w.native {
			return
		}
		if got, err := ask(tenon.WithMetadata(ctx, tenon.Metadata{"trace": {"t"}}), c, "metadata:trace"); got != `true ["t"]` || err != nil {
			t.Errorf("Tenon's own: %s, %v", got, err)
		}
		// Beyond what the native protocol carries: an error, and the connection
		// goes on.
		long := metadata.AppendToOutgoingContext(t.Context(), "k", strings.Repeat("v", 40<<10))
		if _, err := ask(long, c, "echo"); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("40 KiB: %v", err)
		}
		if _, err := c.FullDuplexCall(long); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("40 KiB in a stream: %v", err)
		}
		for _, what := range []string{"large header", "large trailer"} {
			if _, err := ask(t.Context(), c, what); status.Code(err) != codes.ResourceExhausted {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestHeaderAndTrailer(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		for _, what := range []string{"aside", "aside and fail"} {
			var h, tr metadata.MD
			_, err := ask(t.Context(), c, what, grpc.Header(&h), grpc.Trailer(&tr))
			if (err != nil) != (what != "aside") {
				t.Error(err)
			}
			if got := fmt.Sprintf("%q %q %q %q", h["h"], h["h-bin"], tr["t"], tr["t-bin"]); got != `["1" "2"] ["\x00\xff"] ["1" "2"] ["\x00\xff"]` {
				t.Errorf("%s: %s", what, got)
			}
		}
		var h metadata.MD
		got, err := ask(t.Context(), c, "send header", grpc.Header(&h))
		if got != "<nil> true true" || err != nil || fmt.Sprint(h["h"]) != "[sent]" {
			t.Errorf("%s, %v, header %v", got, err, h)
		}
		h = metadata.MD{"old": {"value"}}
		if _, err := ask(t.Context(), c, "echo", grpc.Header(&h)); err != nil || h["old"] != nil || h["h"] != nil {
			t.Errorf("without: %v, %v", h, err)
		}
	})
}

func TestErrors(t *testing.T) {
	onEach(t, func(t *testing.T, w way, c pb.TestServiceClient) {
		for name, want := range map[string]struct {
			code codes.Code
			text string
		}{
			"status":         {codes.FailedPrecondition, "a status"},
			"details":        {codes.NotFound, "detailed"},
			"details inside": {codes.NotFound, "outside: rpc error: code = NotFound desc = detailed"},
			"no text":        {codes.Aborted, ""},
			"code 42":        {42, "forty-two"},
			"special":        {codes.Unknown, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"},
			"plain":          {codes.Unknown, "plain"},
			"io.EOF":         {codes.Unknown, "EOF"},
			"not there":      {codes.Unknown, "looking: file does not exist"},
			"odd":            {codes.Unknown, "very odd"},
			"canceled":       {codes.Canceled, "context canceled"},
			"deadline over":  {codes.DeadlineExceeded, "x: context deadline exceeded"},
			"tenon":          {codes.AlreadyExists, "twice"},
		} {
			_, unary := ask(t.Context(), c, name)
			_, stream := converse(t.Context(), c, name)
			_, output := drain(t.Context(), c, name)
			_, input := tell(t.Context(), c, name)
			for kind, err := range map[string]error{"unary": unary, "both": stream, "output": output, "input": input} {
				s, ok := status.FromError(err)
				if !ok || s.Code() != want.code || s.Message() != want.text {
					t.Errorf("%s, %s: %v, code %v, text %q", name, kind, ok, s.Code(), s.Message())
				}
				if err.Error() != s.String() {
					t.Errorf("%s, %s prints as %q", name, kind, err)
				}
				if strings.HasPrefix(name, "details") {
					if d, ok := s.Details()[0].(*errdetails.ErrorInfo); !ok || d.GetReason() != "why" {
						t.Errorf("%s, %s: details %v", name, kind, s.Details())
					}
				}
			}
			if !w.native {
				continue
			}
			// What gRPC cannot do: the error itself.
			for _, known := range []struct {
				name string
				err  error
			}{{"not there", fs.ErrNotExist}, {"odd", errOdd}, {"io.EOF", io.EOF}, {"canceled", context.Canceled}, {"deadline over", context.DeadlineExceeded}} {
				if want.code != codes.NotFound && errors.Is(unary, known.err) != (name == known.name) { // NotFound is fs.ErrNotExist
					t.Errorf("%s: errors.Is with %v is %v", name, known.err, name != known.name)
				}
			}
			var e *tenon.Error
			if !errors.As(unary, &e) || e.Code != tenon.Code(want.code) || e.Method != "UnaryCall" {
				t.Errorf("%s: errors.As gives %#v", name, e)
			}
			if !errors.Is(unary, status.FromProto(status.Convert(unary).Proto()).Err()) {
				t.Errorf("%s is not its own status", name)
			}
		}
	})
}

func TestDeadlineAndCancel(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		short, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if _, err := ask(short, c, "wait"); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("deadline: %v", err)
		}
		if _, err := ask(short, c, "wait"); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("deadline over before: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Millisecond, cancel)
		if _, err := ask(ctx, c, "wait"); status.Code(err) != codes.Canceled {
			t.Errorf("cancel: %v", err)
		}
		if _, err := ask(ctx, c, "echo"); status.Code(err) != codes.Canceled {
			t.Errorf("cancelled before: %v", err)
		}
		if _, err := c.FullDuplexCall(ctx); status.Code(err) != codes.Canceled {
			t.Errorf("stream cancelled before: %v", err)
		}
	})
}

func TestCallOptions(t *testing.T) {
	onEach(t, func(t *testing.T, w way, c pb.TestServiceClient) {
		ctx := t.Context()
		if _, err := ask(ctx, c, "size:2000", grpc.MaxCallRecvMsgSize(1000)); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("large answer: %v", err)
		}
		if _, err := ask(ctx, c, strings.Repeat("x", 2000), grpc.MaxCallSendMsgSize(1000)); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("large question: %v", err)
		}
		var p peer.Peer
		finished := 0
		_, err := ask(ctx, c, "echo", grpc.Peer(&p), grpc.WaitForReady(true), grpc.StaticMethod(), grpc.CallContentSubtype("proto"),
			grpc.MaxRetryRPCBufferSize(1), grpc.OnFinish(func(err error) {
				if finished++; err != nil {
					t.Errorf("OnFinish: %v", err)
				}
			}), grpc.EmptyCallOption{})
		if err != nil || p.Addr == nil || finished != 1 {
			t.Errorf("%v, peer %v, finished %d times", err, p, finished)
		}
		var failed error
		if _, err := ask(ctx, c, "plain", grpc.OnFinish(func(err error) { failed = err })); err == nil || status.Code(failed) != codes.Unknown {
			t.Errorf("OnFinish of a failure: %v, %v", err, failed)
		}
		if !w.native {
			return
		}
		for _, o := range []grpc.CallOption{grpc.ForceCodec(nil), grpc.ForceCodecV2(nil), grpc.CallContentSubtype("json")} {
			if _, err := ask(ctx, c, "echo", o); status.Code(err) != codes.Unimplemented {
				t.Errorf("%T: %v", o, err)
			}
			if _, err := c.FullDuplexCall(ctx, o); status.Code(err) != codes.Unimplemented {
				t.Errorf("%T in a stream: %v", o, err)
			}
		}
	})
}

// Options are served when a call could not even be sent.
func TestUnsentCall(t *testing.T) {
	conn := tenontest.Pair(t, host.Config{App: app}, plugin.Config{Limits: tenon.Limits{Message: 4096}, Services: []tenon.Service{Tester.Serve(impl{})}})
	c := pb.NewTestServiceClient(grpcplug.ClientConn(conn))
	var h, tr metadata.MD
	finished := 0
	opts := []grpc.CallOption{grpc.Header(&h), grpc.Trailer(&tr), grpc.OnFinish(func(error) { finished++ })}
	if _, err := ask(t.Context(), c, strings.Repeat("x", 5000), opts...); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("unary: %v", err)
	}
	s, err := c.FullDuplexCall(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&pb.StreamingOutputCallRequest{Payload: payload(strings.Repeat("x", 5000))}); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("Send: %v", err)
	}
	if _, err := s.Recv(); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("Recv: %v", err)
	}
	if finished != 2 {
		t.Errorf("%d calls have finished", finished)
	}
}

// credentials that want a secure transport.
type token struct{ err error }

func (k token) GetRequestMetadata(_ context.Context, uri ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + strings.Join(uri, "")}, k.err
}

func (token) RequireTransportSecurity() bool { return true }

func TestCredentials(t *testing.T) {
	c := opened(inMemory)(t)
	got, err := ask(t.Context(), c, "metadata:authorization", grpc.PerRPCCredentials(token{}))
	if want := `true ["Bearer https://tenon/grpc.testing.TestService"]`; got != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := ask(t.Context(), c, "echo", grpc.PerRPCCredentials(token{errOdd})); status.Code(err) != codes.Unauthenticated {
		t.Error(err)
	}
	if _, err := ask(t.Context(), c, "echo", grpc.PerRPCCredentials(token{status.Error(codes.Aborted, "")})); status.Code(err) != codes.Aborted {
		t.Error(err)
	}
}

func TestNotThere(t *testing.T) {
	onEach(t, func(t *testing.T, w way, c pb.TestServiceClient) {
		if _, err := c.UnimplementedCall(t.Context(), &pb.Empty{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("method without an implementation: %v", err)
		}
		if _, err := c.HalfDuplexCall(t.Context()); w.native && err != nil {
			t.Errorf("stream without an implementation: %v", err)
		}
		cc := w.dial(t)
		for _, path := range []string{"/grpc.testing.TestService/NoSuch", "/no.Such/Method", "nonsense", ""} {
			err := cc.Invoke(t.Context(), path, &pb.Empty{}, &pb.Empty{})
			if code := status.Code(err); code != codes.Unimplemented && (w.native || code != codes.Internal) {
				t.Errorf("%q: %v", path, err)
			}
		}
	})
}

// What is no message cannot be sent.
func TestNoMessage(t *testing.T) {
	onEach(t, func(t *testing.T, w way, c pb.TestServiceClient) {
		cc := w.dial(t)
		path := pb.TestService_UnaryCall_FullMethodName
		for _, v := range []any{5, "text"} {
			if err := cc.Invoke(t.Context(), path, v, &pb.SimpleResponse{}); status.Code(err) != codes.Internal {
				t.Errorf("question %v: %v", v, err)
			}
			if err := cc.Invoke(t.Context(), path, &pb.SimpleRequest{}, v); status.Code(err) != codes.Internal {
				t.Errorf("answer %v: %v", v, err)
			}
		}
		if err := cc.Invoke(t.Context(), path, &pb.SimpleRequest{Payload: payload("\xff\xff")}, &pb.EchoStatus{}); status.Code(err) != codes.Internal && err != nil {
			t.Errorf("answer of another type: %v", err)
		}
		if err := cc.Invoke(t.Context(), path, &pb.EchoStatus{Code: 1, Message: "\xff"}, &pb.SimpleResponse{}); status.Code(err) != codes.Internal {
			t.Errorf("text that is not UTF-8: %v", err)
		}
	})
}
