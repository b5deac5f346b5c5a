package stubtest

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/tenontest"
)

// Whatever the other side answers with, as a message or as a status, the stubs
// return it or an error that has a code.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{"", "\x0a\x03\x12\x01x", "\xff\xff", "\x08\x09\x12\x04text", "\x08\x00", "\x08\x09\x1a\x02\x0a\x00"} {
		f.Add([]byte(seed))
	}
	var answer []byte
	conn := tenontest.Serve(f, app, tenon.Service{Contract: plain, Server: serverFunc(func(_ context.Context, _ int, s tenon.Stream) error {
		in, err := s.Recv()
		if err == nil && in.Len() > 0 {
			return &tenon.Error{Code: tenon.FailedPrecondition, Message: "text", Err: garbage{string(answer)}}
		}
		s.Out().WriteRaw(answer)
		return err
	})})
	c, err := Tester.Open(context.Background(), conn)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		answer = b
		if _, err := c.UnaryCall(t.Context(), &pb.SimpleRequest{}); err != nil && status.Code(err) != codes.Internal {
			t.Errorf("message: %v", err)
		}
		_, err := ask(t.Context(), c, "x")
		var e *tenon.Error
		if code := status.Code(err); code != codes.FailedPrecondition && code != codes.Internal || !errors.As(err, &e) {
			t.Errorf("status: %v", err)
		}
		status.Convert(err).Details()
	})
}
