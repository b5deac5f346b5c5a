package stubtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
)

var errOdd = errors.New("odd")

// A countError is an error type of the contract.
type countError struct{ n int64 }

func (e *countError) Error() string { return fmt.Sprint("count ", e.n) }

var countDef = tenon.ErrorDef{
	Name: "stubs.CountError",
	Encode: func(err error, m *tenon.Message) bool {
		e, ok := err.(*countError)
		if ok {
			m.WriteInt(1, e.n)
		}
		return ok
	},
	Decode: func(m *tenon.Message, _ error) (error, error) {
		e := new(countError)
		for m.Next() {
			e.n = m.ReadInt()
		}
		return e, m.Err()
	},
}

// oddStatus has a status, with a detail, and is an error of the contract.
type oddStatus struct{}

func (oddStatus) Error() string { return "text that is not the status'" }
func (oddStatus) Unwrap() error { return errOdd }
func (oddStatus) GRPCStatus() *status.Status {
	s, err := status.New(codes.Aborted, "odd").WithDetails(&errdetails.ErrorInfo{Reason: "why"})
	if err != nil {
		panic(err)
	}
	return s
}

// An impl does what its question says. It has to be told so, because it may be
// in another process.
type impl struct {
	pb.UnimplementedTestServiceServer
}

func (impl) EmptyCall(context.Context, *pb.Empty) (*pb.Empty, error) { return &pb.Empty{}, nil }

func (impl) UnaryCall(ctx context.Context, in *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	text, err := obey(ctx, string(in.GetPayload().GetBody()))
	if err != nil || text == "nothing" {
		return nil, err
	}
	return &pb.SimpleResponse{Payload: payload(text)}, nil
}

func (impl) StreamingInputCall(s grpc.ClientStreamingServer[pb.StreamingInputCallRequest, pb.StreamingInputCallResponse]) error {
	sum := 0
	for {
		in, err := s.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch what := string(in.GetPayload().GetBody()); what {
		case "return without":
			return nil
		case "answer early":
			return s.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: -1})
		case "answer twice":
			s.SendAndClose(&pb.StreamingInputCallResponse{})
			return s.SendAndClose(&pb.StreamingInputCallResponse{})
		default:
			if _, err := obey(s.Context(), what); err != nil {
				return err
			}
			sum += len(what)
		}
	}
	return s.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: int32(sum)})
}

func (impl) StreamingOutputCall(in *pb.StreamingOutputCallRequest, s grpc.ServerStreamingServer[pb.StreamingOutputCallResponse]) error {
	for i, p := range in.GetResponseParameters() {
		body := bytes.Repeat([]byte{byte(i)}, int(p.GetSize()))
		if err := s.Send(&pb.StreamingOutputCallResponse{Payload: &pb.Payload{Body: body}}); err != nil {
			return err
		}
	}
	_, err := obey(s.Context(), string(in.GetPayload().GetBody()))
	return err
}

func (impl) FullDuplexCall(s grpc.BidiStreamingServer[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse]) error {
	if md, _ := metadata.FromIncomingContext(s.Context()); len(md.Get("greet")) > 0 {
		if err := s.SendHeader(metadata.Pairs("greeting", "early")); err != nil {
			return err
		}
		s.SetTrailer(metadata.Pairs("parting", "late"))
	}
	for {
		in, err := s.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := obey(s.Context(), string(in.GetPayload().GetBody()))
		if err != nil {
			return err
		}
		if err := s.Send(&pb.StreamingOutputCallResponse{Payload: payload(text)}); err != nil {
			return err
		}
	}
}

func payload(text string) *pb.Payload { return &pb.Payload{Body: []byte(text)} }

// obey carries out what, and returns the text of the answer.
func obey(ctx context.Context, what string) (string, error) {
	what, rest, _ := strings.Cut(what, ":")
	if err := failure(what); err != nil {
		return "", err
	}
	switch what {
	case "aside", "aside and fail":
		grpc.SetHeader(ctx, metadata.Pairs("h", "1", "h-bin", "\x00\xff"))
		grpc.SetHeader(ctx, metadata.Pairs("h", "2"))
		grpc.SetTrailer(ctx, metadata.Pairs("t", "1"))
		grpc.SetTrailer(ctx, metadata.Pairs("t", "2", "t-bin", "\x00\xff"))
		if what != "aside" {
			return "", status.Error(codes.DataLoss, "asides come all the same")
		}
	case "send header":
		first := grpc.SendHeader(ctx, metadata.Pairs("h", "sent"))
		return fmt.Sprint(first, grpc.SendHeader(ctx, nil) != nil, grpc.SetHeader(ctx, metadata.Pairs("h", "late")) != nil), nil
	case "wide header":
		grpc.SetHeader(ctx, metadata.Pairs("h", strings.Repeat("h", 10000)))
	case "large header":
		grpc.SetHeader(ctx, metadata.Pairs("h", strings.Repeat("h", 40<<10)))
	case "large trailer":
		grpc.SetTrailer(ctx, metadata.Pairs("t", strings.Repeat("t", 40<<10)))
	case "context":
		return describe(ctx), nil
	case "metadata":
		md, ok := metadata.FromIncomingContext(ctx)
		return fmt.Sprintf("%v %q", ok, md.Get(rest)), nil
	case "deadline":
		d, ok := ctx.Deadline()
		return fmt.Sprint(ok, ok && time.Until(d) < time.Minute), nil
	case "wait":
		<-ctx.Done()
		return "", ctx.Err()
	case "size":
		n, err := strconv.Atoi(rest)
		return strings.Repeat("x", n), err
	case "nothing":
		return "nothing", nil
	case "quit":
		runtime.Goexit()
	case "panic":
		panic("out of ideas")
	}
	return what, nil
}

// failure is the error of that name.
func failure(name string) error {
	detailed, err := status.New(codes.NotFound, "detailed").WithDetails(&errdetails.ErrorInfo{Reason: "why", Domain: "tests"})
	if err != nil {
		return err
	}
	return map[string]error{
		"status":         status.Error(codes.FailedPrecondition, "a status"),
		"details":        detailed.Err(),
		"details inside": fmt.Errorf("outside: %w", detailed.Err()),
		"no text":        status.Error(codes.Aborted, ""),
		"code 42":        status.Error(42, "forty-two"),
		"special":        status.Error(codes.Unknown, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"),
		"plain":          errors.New("plain"),
		"io.EOF":         io.EOF,
		"not there":      fmt.Errorf("looking: %w", fs.ErrNotExist),
		"odd":            fmt.Errorf("very %w", errOdd),
		"odd status":     oddStatus{},
		"counted":        fmt.Errorf("too many: %w", &countError{7}),
		"canceled":       context.Canceled,
		"deadline over":  fmt.Errorf("x: %w", context.DeadlineExceeded),
		"tenon":          &tenon.Error{Code: tenon.AlreadyExists, Message: "twice"},
	}[name]
}

// describe says what a handler knows of its call.
func describe(ctx context.Context) string {
	path, ok := grpc.Method(ctx)
	_, md := metadata.FromIncomingContext(ctx)
	p, ok2 := peer.FromContext(ctx)
	stream := grpc.ServerTransportStreamFromContext(ctx)
	return fmt.Sprintln(path, ok, md, ok2 && p.Addr != nil && p.Addr.String() != "", stream != nil && stream.Method() == path)
}
