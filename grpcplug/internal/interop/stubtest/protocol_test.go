package stubtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/tenontest"
)

// The contract of the test service, for whoever knows nothing of gRPC. Its
// methods are in another order, as their numbers are nobody else's business.
const (
	mInput = iota
	mBoth
	mUnary
)

var plain = &tenon.Contract{
	Name: "grpc.testing.TestService",
	Methods: []tenon.Method{
		mInput: {Name: "StreamingInputCall", ClientStream: true},
		mBoth:  {Name: "FullDuplexCall", ClientStream: true, ServerStream: true},
		mUnary: {Name: "UnaryCall"},
	},
	Errors: []tenon.ErrorDef{
		{Name: "stubs.ErrOdd", Value: errOdd},
		{Name: "google.rpc.Status", Encode: encodeGarbage, Decode: func(m *tenon.Message, _ error) (error, error) {
			s := new(spb.Status)
			return rawStatus{s}, proto.Unmarshal(m.Raw(), s)
		}},
	},
}

type rawStatus struct{ *spb.Status }

func (rawStatus) Error() string { return "a status" }

// A garbage is an error that says it is a google.rpc.Status.
type garbage struct{ value string }

func (garbage) Error() string { return "text" }

func encodeGarbage(err error, m *tenon.Message) bool {
	g, ok := err.(garbage)
	m.WriteRaw([]byte(g.value))
	return ok
}

// sidelong is what a stream can do besides messages: 4.11.
type sidelong interface {
	Header() (map[string][]string, error)
	Trailer() map[string][]string
	SendHeader(md map[string][]string, now bool) error
	SetTrailer(md map[string][]string) error
}

// served returns a stream of the stubs' implementation, opened without stubs.
func served(t *testing.T, ctx context.Context, method int) tenon.Stream {
	t.Helper()
	ref, err := plain.Bind(tenontest.Serve(t, app, Tester.Serve(impl{})))
	if err != nil {
		t.Fatal(err)
	}
	s, err := ref.Open(ctx, method)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// question writes a SimpleRequest, or one of a stream: their payload has the same
// place but one.
func question(s tenon.Stream, field int32, text string) {
	out := s.Out()
	mark := out.Begin(field)
	out.WriteBytes(2, []byte(text))
	out.End(mark)
}

// called has the stubs call f, which serves a contract without stubs.
func called(t *testing.T, f func(ctx context.Context, method int, s tenon.Stream) error) pb.TestServiceClient {
	t.Helper()
	c, err := Tester.Open(t.Context(), tenontest.Serve(t, app, tenon.Service{Contract: plain, Server: serverFunc(f)}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type serverFunc func(ctx context.Context, method int, s tenon.Stream) error

func (f serverFunc) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	return f(ctx, method, s)
}

func fault(err error) (e *tenon.Error) {
	errors.As(err, &e)
	return e
}

// Each is a test of a clause of PROTOCOL.md, section 14.
func TestProtocol(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"15.1/stubs serve", func(t *testing.T) {
			s := served(t, t.Context(), mUnary)
			question(s, 3, "x")
			in, err := s.Call()
			if err != nil || string(in.Raw()) != "\x0a\x03\x12\x01x" {
				t.Errorf("%q, %v", in.Raw(), err)
			}
		}},
		{"15.1/stubs call", func(t *testing.T) {
			c := called(t, func(_ context.Context, _ int, s tenon.Stream) error {
				in, err := s.Recv()
				if err == nil && string(in.Raw()) != "\x1a\x03\x12\x01x" {
					err = fmt.Errorf("%q", in.Raw())
				}
				question(s, 1, "y")
				return err
			})
			if got, err := ask(t.Context(), c, "x"); got != "y" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		}},
		{"15.1/what is no message of the .proto", func(t *testing.T) {
			c := called(t, func(_ context.Context, _ int, s tenon.Stream) error {
				s.Out().WriteRaw([]byte("\xff\xff"))
				return nil
			})
			if _, err := ask(t.Context(), c, "x"); status.Code(err) != codes.Internal {
				t.Error(err)
			}
			s := served(t, t.Context(), mUnary)
			s.Out().WriteRaw([]byte("\xff\xff"))
			if _, err := s.Call(); tenon.CodeOf(err) != tenon.Internal {
				t.Error(err)
			}
		}},
		{"15.2/a stream begins at once", func(t *testing.T) {
			begun := make(chan bool, 1)
			c := called(t, func(ctx context.Context, _ int, _ tenon.Stream) error {
				begun <- true
				<-ctx.Done()
				return ctx.Err()
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if _, err := c.StreamingInputCall(ctx); err != nil {
				t.Fatal(err)
			}
			<-begun
		}},
		{"15.3/metadata", func(t *testing.T) {
			got := make(chan tenon.Metadata, 1)
			c := called(t, func(ctx context.Context, _ int, _ tenon.Stream) error {
				_, md, _ := tenon.Caller(ctx)
				got <- md
				return nil
			})
			ask(metadata.NewOutgoingContext(t.Context(), metadata.MD{
				"a": {"1", "2"}, "b-bin": {"\x00\xff"}, "grpc-timeout": {"1S"}, ":path": {"/"}, "te": {"x"}, "user-agent": {"y"},
			}), c, "")
			if md := <-got; fmt.Sprintf("%q", md) != `map["a":["1" "2"] "b-bin":["\x00\xff"]]` {
				t.Errorf("%q", md)
			}
			ask(t.Context(), c, "")
			if md := <-got; md != nil {
				t.Errorf("none: %q", md)
			}
		}},
		{"15.4/header", func(t *testing.T) {
			for what, want := range map[string]string{"aside": "[1 2]", "aside and fail": "[1 2]", "echo": "[]"} {
				s := served(t, t.Context(), mUnary)
				question(s, 3, what)
				s.Call()
				if h, err := s.(sidelong).Header(); err != nil || fmt.Sprint(h["h"]) != want {
					t.Errorf("%s: %v, %v", what, h, err)
				}
			}
		}},
		{"15.4/header of others", func(t *testing.T) {
			c := called(t, func(_ context.Context, _ int, s tenon.Stream) error {
				return s.(sidelong).SendHeader(map[string][]string{"k": {"v"}}, true)
			})
			var h metadata.MD
			if _, err := ask(t.Context(), c, "", grpc.Header(&h)); err != nil || fmt.Sprint(h["k"]) != "[v]" {
				t.Error(h, err)
			}
		}},
		{"15.5/trailer", func(t *testing.T) {
			for what, want := range map[string]string{"aside": "[1 2]", "aside and fail": "[1 2]", "echo": "[]"} {
				s := served(t, t.Context(), mBoth)
				question(s, 3, what)
				err := s.SendLast()
				for err == nil {
					_, err = s.Recv()
				}
				if tr := s.(sidelong).Trailer(); fmt.Sprint(tr["t"]) != want {
					t.Errorf("%s: %v, %v", what, tr, err)
				}
			}
		}},
		{"15.6/status", func(t *testing.T) {
			for what, want := range map[string]struct {
				code  tenon.Code
				text  string
				whole bool
			}{
				"status":  {tenon.FailedPrecondition, "a status", false},
				"details": {tenon.NotFound, "detailed", true},
				"no text": {tenon.Aborted, "aborted", true},
				"code 42": {42, "forty-two", false},
			} {
				s := served(t, t.Context(), mUnary)
				question(s, 3, what)
				_, err := s.Call()
				var whole rawStatus
				if e := fault(err); e == nil || e.Code != want.code || e.Message != want.text || errors.As(err, &whole) != want.whole {
					t.Errorf("%s: %#v, %v", what, e, whole)
				}
			}
		}},
		{"15.6/status of others", func(t *testing.T) {
			value := func(s *spb.Status) string { b, _ := proto.Marshal(s); return string(b) }
			for name, c := range map[string]struct{ value, want string }{
				"right":   {value(&spb.Status{Code: 9, Message: "whole"}), "FailedPrecondition whole"},
				"wrong":   {value(&spb.Status{Code: 8, Message: "whole"}), "FailedPrecondition text"},
				"OK":      {value(&spb.Status{}), "FailedPrecondition text"},
				"garbage": {"\xff\xff", "FailedPrecondition text"},
			} {
				client := called(t, func(context.Context, int, tenon.Stream) error {
					return &tenon.Error{Code: tenon.FailedPrecondition, Message: "text", Err: garbage{c.value}}
				})
				_, err := ask(t.Context(), client, "")
				if s := status.Convert(err); s.Code().String()+" "+s.Message() != c.want && name != "garbage" {
					t.Errorf("%s: %v", name, err)
				} else if s.Code() == codes.OK {
					t.Errorf("%s is OK", name)
				}
			}
		}},
		{"15.6/details that do not fit", func(t *testing.T) {
			big := &spb.Status{Code: 9, Message: "text"}
			s, err := status.FromProto(big).WithDetails(&pb.Payload{Body: bytes.Repeat([]byte("x"), 200<<10)})
			if err != nil {
				t.Fatal(err)
			}
			failing := grpcplug.Service(pb.NewTestServiceClient, pb.RegisterTestServiceServer).Serve(fails{err: s.Err()})
			c := pb.NewTestServiceClient(grpcplug.ClientConn(tenontest.Serve(t, app, failing)))
			_, got := ask(t.Context(), c, "")
			if s := status.Convert(got); s.Code() != codes.FailedPrecondition || s.Message() != "text" || len(s.Details()) != 0 {
				t.Errorf("%.200v", got)
			}
		}},
		{"15.7/errors", func(t *testing.T) {
			for what, want := range map[string]struct {
				code tenon.Code
				is   error
			}{
				"plain": {tenon.Unknown, nil}, "not there": {tenon.Unknown, fs.ErrNotExist}, "odd": {tenon.Unknown, errOdd}, "io.EOF": {tenon.Unknown, io.EOF},
				"canceled": {tenon.Canceled, context.Canceled}, "deadline over": {tenon.DeadlineExceeded, context.DeadlineExceeded}, "tenon": {tenon.AlreadyExists, fs.ErrExist},
			} {
				s := served(t, t.Context(), mUnary)
				question(s, 3, what)
				_, err := s.Call()
				if e := fault(err); e == nil || e.Code != want.code || want.is != nil && !errors.Is(err, want.is) {
					t.Errorf("%s: %#v", what, e)
				}
			}
		}},
		{"15.8/deadline", func(t *testing.T) {
			left := make(chan time.Duration, 1)
			c := called(t, func(ctx context.Context, _ int, _ tenon.Stream) error {
				d, _ := ctx.Deadline()
				left <- time.Until(d)
				<-ctx.Done()
				return ctx.Err()
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			go func() {
				if d := <-left; d <= 0 || d > time.Minute {
					t.Errorf("%v are left", d)
				}
				cancel()
			}()
			if _, err := ask(ctx, c, ""); status.Code(err) != codes.Canceled {
				t.Error(err)
			}
		}},
		{"15.9/no answer", func(t *testing.T) {
			s := served(t, t.Context(), mInput)
			question(s, 1, "return without")
			if _, err := s.Call(); tenon.CodeOf(err) != tenon.Internal || !strings.Contains(err.Error(), "without the message") {
				t.Error(err)
			}
		}},
		{"15.9/an answer and an error", func(t *testing.T) {
			s := served(t, t.Context(), mInput)
			question(s, 1, "answer twice")
			if _, err := s.Call(); tenon.CodeOf(err) != tenon.Internal || !strings.Contains(err.Error(), "second message") {
				t.Error(err)
			}
		}},
	} {
		t.Run(c.name, c.test)
	}
}

type fails struct {
	pb.UnimplementedTestServiceServer
	err error
}

func (f fails) UnaryCall(context.Context, *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	return nil, f.err
}
