package stubtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/tenontest"
)

// converse sends questions on a stream of both directions, and returns what came
// back, until the end.
func converse(ctx context.Context, c pb.TestServiceClient, questions ...string) (answers []string, err error) {
	s, err := c.FullDuplexCall(ctx)
	if err != nil {
		return nil, err
	}
	for _, q := range questions {
		if err := s.Send(&pb.StreamingOutputCallRequest{Payload: payload(q)}); err != nil {
			break // Recv says why
		}
		out, err := s.Recv()
		if err != nil {
			return answers, err
		}
		answers = append(answers, string(out.GetPayload().GetBody()))
	}
	s.CloseSend()
	if _, err := s.Recv(); err != io.EOF {
		return answers, err
	}
	return answers, nil
}

func chat(t *testing.T, ctx context.Context, c pb.TestServiceClient, questions ...string) []string {
	t.Helper()
	answers, err := converse(ctx, c, questions...)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// drain takes all that a stream has to say.
func drain(ctx context.Context, c pb.TestServiceClient, what string, sizes ...int32) (count int, err error) {
	in := &pb.StreamingOutputCallRequest{Payload: payload(what)}
	for _, n := range sizes {
		in.ResponseParameters = append(in.ResponseParameters, &pb.ResponseParameters{Size: n})
	}
	s, err := c.StreamingOutputCall(ctx, in)
	if err != nil {
		return 0, err
	}
	for {
		out, err := s.Recv()
		if err == io.EOF {
			return count, nil
		}
		if err != nil {
			return count, err
		}
		if n := len(out.GetPayload().GetBody()); n != int(sizes[count]) {
			return count, fmt.Errorf("message %d has %d bytes, want %d", count, n, sizes[count])
		}
		count++
	}
}

// tell sends a stream, and returns the answer.
func tell(ctx context.Context, c pb.TestServiceClient, parts ...string) (int, error) {
	s, err := c.StreamingInputCall(ctx)
	if err != nil {
		return 0, err
	}
	for _, p := range parts {
		if err := s.Send(&pb.StreamingInputCallRequest{Payload: payload(p)}); err != nil {
			break
		}
	}
	out, err := s.CloseAndRecv()
	return int(out.GetAggregatedPayloadSize()), err
}

func TestStreams(t *testing.T) {
	onEach(t, func(t *testing.T, w way, c pb.TestServiceClient) {
		ctx := t.Context()
		if got := chat(t, ctx, c, "a", "b", "size:100000", ""); len(got) != 4 || got[1] != "b" || len(got[2]) != 100000 {
			t.Errorf("both: %.100q", got)
		}
		if got := chat(t, ctx, c); len(got) != 0 {
			t.Errorf("both, empty: %q", got)
		}
		var sizes []int32
		for i := range 300 {
			sizes = append(sizes, int32(i*i))
		}
		if n, err := drain(ctx, c, "", sizes...); n != len(sizes) || err != nil {
			t.Errorf("output: %d, %v", n, err)
		}
		if n, err := tell(ctx, c, "abc", "", strings.Repeat("x", 1<<20)); n != 1<<20+3 || err != nil {
			t.Errorf("input: %d, %v", n, err)
		}
		if n, err := tell(ctx, c); n != 0 || err != nil {
			t.Errorf("empty input: %d, %v", n, err)
		}
		if n, err := tell(ctx, c, "answer early", "more", "more"); n != -1 || err != nil {
			t.Errorf("early answer: %d, %v", n, err)
		}
		if !w.native {
			return // gRPC's own answers to these differ from version to version
		}
		for _, what := range []string{"return without", "answer twice"} {
			if _, err := tell(ctx, c, what); status.Code(err) != codes.Internal {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := ask(ctx, c, "nothing"); err != nil && status.Code(err) != codes.Internal {
			t.Errorf("no answer: %v", err)
		}
	})
}

// Header waits for the header, also one without a message behind it, and while
// another goroutine receives.
func TestStreamHeader(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(t.Context(), "greet", "me"))
		defer cancel()
		s, err := c.FullDuplexCall(ctx)
		if err != nil {
			t.Fatal(err)
		}
		received := make(chan error, 1)
		go func() { _, err := s.Recv(); received <- err }()
		if h, err := s.Header(); err != nil || strings.Join(h["greeting"], "") != "early" {
			t.Errorf("header %v, %v", h, err)
		}
		if err := s.Send(&pb.StreamingOutputCallRequest{Payload: payload("x")}); err != nil {
			t.Error(err)
		}
		if err := <-received; err != nil {
			t.Error(err)
		}
		s.CloseSend()
		if _, err := s.Recv(); err != io.EOF {
			t.Error(err)
		}
		for range 2 {
			if h, _ := s.Header(); strings.Join(h["greeting"], "") != "early" {
				t.Errorf("header %v after the end", h)
			}
			if tr := s.Trailer(); strings.Join(tr["parting"], "") != "late" {
				t.Errorf("trailer %v", tr)
			}
			if _, err := s.Recv(); err != io.EOF {
				t.Error("Recv after the end:", err)
			}
		}
	})
}

func TestStreamWithoutHeader(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		var h, tr metadata.MD
		s, err := c.FullDuplexCall(t.Context(), grpc.Header(&h), grpc.Trailer(&tr))
		if err != nil {
			t.Fatal(err)
		}
		s.Send(&pb.StreamingOutputCallRequest{Payload: payload("aside")})
		if h, err := s.Header(); err != nil || fmt.Sprint(h["h"]) != "[1 2]" {
			t.Errorf("header %v, %v", h, err)
		}
		if _, err := s.Recv(); err != nil {
			t.Error(err)
		}
		s.CloseSend()
		s.Recv()
		if fmt.Sprint(h["h"], tr["t"]) != "[1 2] [1 2]" {
			t.Errorf("options: header %v, trailer %v", h, tr)
		}
		// A failure without either.
		s, err = c.FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Send(&pb.StreamingOutputCallRequest{Payload: payload("plain")})
		if h, err := s.Header(); err != nil || h["h"] != nil {
			t.Errorf("header %v, %v", h, err)
		}
		if _, err := s.Recv(); status.Code(err) != codes.Unknown {
			t.Error(err)
		}
	})
}

// After the call has ended Send returns io.EOF and Recv the reason.
func TestSendAfterEnd(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		s, err := c.FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			err = s.Send(&pb.StreamingOutputCallRequest{Payload: payload("status")})
			runtime.Gosched()
		}
		if err != io.EOF {
			t.Errorf("Send: %v", err)
		}
		for range 2 {
			if _, err := s.Recv(); status.Code(err) != codes.FailedPrecondition {
				t.Errorf("Recv: %v", err)
			}
		}
		if err := s.Send(&pb.StreamingOutputCallRequest{}); err != io.EOF {
			t.Errorf("Send after that: %v", err)
		}
		if err := s.CloseSend(); err != nil {
			t.Error(err)
		}
		s, _ = c.FullDuplexCall(t.Context())
		s.CloseSend()
		if err := s.Send(&pb.StreamingOutputCallRequest{}); status.Code(err) != codes.Internal {
			t.Errorf("Send after CloseSend: %v", err)
		}
	})
}

// A message that cannot be sent ends the stream, on both sides.
func TestUnsendable(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		s, err := c.FullDuplexCall(t.Context(), grpc.MaxCallSendMsgSize(100), grpc.MaxCallRecvMsgSize(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(&pb.StreamingOutputCallRequest{Payload: payload(strings.Repeat("x", 200))}); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("large question: %v", err)
		}
		if _, err := s.Recv(); err == nil || err == io.EOF {
			t.Errorf("Recv after that: %v", err)
		}
		s, err = c.FullDuplexCall(t.Context(), grpc.MaxCallRecvMsgSize(100))
		if err != nil {
			t.Fatal(err)
		}
		s.Send(&pb.StreamingOutputCallRequest{Payload: payload("size:200")})
		for range 2 {
			if _, err := s.Recv(); status.Code(err) != codes.ResourceExhausted {
				t.Errorf("large answer: %v", err)
			}
		}
	})
}

// A stream whose context ends is over on both sides, whatever its user does or
// does not do. The leak check of tenontest.Start is the other half of the test.
func TestAbandonedStreams(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		for name, use := range map[string]func(s grpc.BidiStreamingClient[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse]){
			"unused": func(grpc.BidiStreamingClient[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse]) {},
			"asked": func(s grpc.BidiStreamingClient[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse]) {
				s.Send(&pb.StreamingOutputCallRequest{Payload: payload("wait")})
			},
			"answered": func(s grpc.BidiStreamingClient[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse]) {
				s.Send(&pb.StreamingOutputCallRequest{Payload: payload("x")})
				s.Recv()
			},
			"closed": func(s grpc.BidiStreamingClient[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse]) {
				s.Send(&pb.StreamingOutputCallRequest{Payload: payload("wait")})
				s.CloseSend()
			},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			s, err := c.FullDuplexCall(ctx)
			if err != nil {
				t.Fatal(name, err)
			}
			use(s)
			cancel()
			if name == "unused" {
				continue
			}
			if _, err := s.Recv(); status.Code(err) != codes.Canceled {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A sender who waits for room is told when its stream ends.
func TestBlockedSender(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		ctx, cancel := context.WithCancel(t.Context())
		s, err := c.FullDuplexCall(ctx)
		if err != nil {
			t.Fatal(err)
		}
		s.Send(&pb.StreamingOutputCallRequest{Payload: payload("wait")})
		time.AfterFunc(100*time.Millisecond, cancel)
		for err == nil {
			err = s.Send(&pb.StreamingOutputCallRequest{Payload: payload(strings.Repeat("x", 60<<10))})
		}
		if err != io.EOF {
			t.Errorf("Send: %v", err)
		}
		if _, err := s.Recv(); status.Code(err) != codes.Canceled {
			t.Errorf("Recv: %v", err)
		}
	})
}

// One goroutine sends while another receives, and many streams do so at a time.
func TestConcurrentStreams(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				s, err := c.FullDuplexCall(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				wg.Go(func() {
					for n := range 50 {
						if err := s.Send(&pb.StreamingOutputCallRequest{Payload: payload(fmt.Sprint(i, n))}); err != nil {
							t.Error(err)
						}
					}
					s.CloseSend()
				})
				for n := range 50 {
					out, err := s.Recv()
					if err != nil || string(out.GetPayload().GetBody()) != fmt.Sprint(i, n) {
						t.Errorf("%d: %v, %v", n, out, err)
						return
					}
				}
				if _, err := s.Recv(); err != io.EOF {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// A plugin that goes ends its streams and calls with Unavailable.
func TestCrash(t *testing.T) {
	p, err := host.Start(t.Context(), host.Config{App: app, Cmd: tenontest.Command(t, "tester")})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Tester.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&pb.StreamingOutputCallRequest{Payload: payload("wait")}); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	<-p.Done()
	var exit *host.ExitError
	_, streamed := s.Recv()
	_, called := ask(t.Context(), c, "echo")
	for _, err := range []error{streamed, called} {
		if status.Code(err) != codes.Unavailable {
			t.Errorf("%v", err)
		}
	}
	if !errors.As(streamed, &exit) {
		t.Errorf("the stream's error is no ExitError: %v", streamed)
	}
}

// A receiver that gives up takes a sender with it who waits for room.
func TestReceiverGivesUp(t *testing.T) {
	onEach(t, func(t *testing.T, _ way, c pb.TestServiceClient) {
		s, err := c.FullDuplexCall(t.Context(), grpc.MaxCallRecvMsgSize(100))
		if err != nil {
			t.Fatal(err)
		}
		s.Send(&pb.StreamingOutputCallRequest{Payload: payload("size:200")})
		s.Send(&pb.StreamingOutputCallRequest{Payload: payload("wait")})
		sent := make(chan error, 1)
		go func() {
			var err error
			for err == nil {
				err = s.Send(&pb.StreamingOutputCallRequest{Payload: payload(strings.Repeat("x", 60<<10))})
			}
			sent <- err
		}()
		time.Sleep(100 * time.Millisecond) // until the sender waits; if it does not, the test says less
		if _, err := s.Recv(); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("Recv: %v", err)
		}
		if err := <-sent; err != io.EOF {
			t.Errorf("Send: %v", err)
		}
	})
}

// A header is sent once, however many messages come after it.
func TestHeaderOnce(t *testing.T) {
	conn := inMemory(t)
	c, err := Tester.Open(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	questions := []string{"wide header"}
	for range 50 {
		questions = append(questions, "x")
	}
	chat(t, t.Context(), c, questions...)
	if n := conn.Stats().BytesIn; n > 50<<10 {
		t.Errorf("%d bytes came for a header of 10000", n)
	}
}
