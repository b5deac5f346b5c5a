package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/bench/harness"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
)

var (
	overGRPC = harness.Target{Name: "gRPC, unix socket", Start: startGRPC, Serve: serveGRPC}
	native   = harness.Target{Name: "Tenon", Start: startTenon, Serve: serveTenon}
)

// An echo is the implementation that both targets serve.
type echo struct {
	pb.UnimplementedBenchmarkServiceServer
}

func (echo) UnaryCall(_ context.Context, in *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	return &pb.SimpleResponse{Payload: &pb.Payload{Body: harness.Echo(in.GetPayload().GetBody())}}, nil
}

// StreamingFromServer sends as many messages, of the size, as the question says.
func (echo) StreamingFromServer(in *pb.SimpleRequest, s grpc.ServerStreamingServer[pb.SimpleResponse]) error {
	wish := in.GetPayload().GetBody()
	if len(wish) != 16 {
		return errors.New("a wish for a stream has 16 bytes")
	}
	message := harness.NewMessage(int(binary.LittleEndian.Uint64(wish[8:])))
	for i := range int(binary.LittleEndian.Uint64(wish)) {
		// Send has encoded the message when it returns.
		if err := s.Send(&pb.SimpleResponse{Payload: &pb.Payload{Body: message.Number(i)}}); err != nil {
			return err
		}
	}
	return nil
}

// A session uses the stubs, whatever they are connected with.
type session struct {
	client pb.BenchmarkServiceClient
	stop   func() error
}

func (s *session) Echo(ctx context.Context, request []byte) ([]byte, error) {
	out, err := s.client.UnaryCall(ctx, &pb.SimpleRequest{Payload: &pb.Payload{Body: request}})
	return out.GetPayload().GetBody(), err
}

func (s *session) Stream(ctx context.Context, count, size int, visit func([]byte) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the stream if visit gave up
	wish := binary.LittleEndian.AppendUint64(nil, uint64(count))
	wish = binary.LittleEndian.AppendUint64(wish, uint64(size))
	stream, err := s.client.StreamingFromServer(ctx, &pb.SimpleRequest{Payload: &pb.Payload{Body: wish}})
	if err != nil {
		return err
	}
	for {
		out, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = visit(out.GetPayload().GetBody())
		}
		if err != nil {
			return err
		}
	}
}

func (s *session) Stop() error { return s.stop() }

// ---- gRPC

const socketVar = "BENCH_SOCKET"

func serveGRPC() error {
	listener, err := net.Listen("unix", os.Getenv(socketVar))
	if err != nil {
		return err
	}
	s := grpc.NewServer()
	pb.RegisterBenchmarkServiceServer(s, echo{})
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, s.Stop)()
	return s.Serve(listener)
}

func startGRPC(_ context.Context, cmd *exec.Cmd) (harness.Session, error) {
	dir, err := os.MkdirTemp("", "stubs-")
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "s")
	cmd.Env = append(os.Environ(), socketVar+"="+socket)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	cc, err := grpc.NewClient("unix:"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	stop := func() error {
		cc.Close()
		err := cmd.Process.Signal(syscall.SIGTERM)
		return errors.Join(err, cmd.Wait(), os.RemoveAll(dir))
	}
	if err != nil {
		return nil, err
	}
	return &session{pb.NewBenchmarkServiceClient(cc), stop}, nil
}

// ---- Tenon

var (
	app     = tenon.App{Name: "stubs"}
	service = grpcplug.Service(pb.NewBenchmarkServiceClient, pb.RegisterBenchmarkServiceServer)
)

func serveTenon() error {
	return plugin.Serve(context.Background(), plugin.Config{App: app, Services: []tenon.Service{service.Serve(echo{})}})
}

func startTenon(ctx context.Context, cmd *exec.Cmd) (harness.Session, error) {
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	p, err := host.Start(ctx, host.Config{App: app, Cmd: cmd, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	c, err := service.Open(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("%w; %w", err, p.Stop(ctx))
	}
	return &session{c, func() error { return p.Stop(context.Background()) }}, nil
}
