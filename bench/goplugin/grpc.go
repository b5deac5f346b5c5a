package goplugin

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tenon-go/tenon/bench/harness"
)

// The service is what protoc-gen-go-grpc would make of
//
//	service Echo {
//	  rpc Echo(google.protobuf.BytesValue) returns (google.protobuf.BytesValue);
//	  rpc Stream(google.protobuf.BytesValue) returns (stream google.protobuf.BytesValue);
//	}
//
// written by hand so that the module needs no protoc.

type grpcPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (*grpcPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	Register(s)
	return nil
}

// Register registers the service, for plugins of another library.
func Register(s grpc.ServiceRegistrar) { s.RegisterService(&echoService, grpcServer{}) }

// A Client calls the service by a connection of whatever library. Its methods are
// those of [harness.Session].
type Client = grpcClient

// NewClient returns the client on a connection.
func NewClient(c *grpc.ClientConn) Client { return grpcClient{c} }

func (*grpcPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return grpcClient{c}, nil
}

const (
	echoMethod   = "/bench.Echo/Echo"
	streamMethod = "/bench.Echo/Stream"
)

var echoService = grpc.ServiceDesc{
	ServiceName: "bench.Echo",
	HandlerType: (*echoServer)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: handleEcho}},
	Streams:     []grpc.StreamDesc{{StreamName: "Stream", Handler: handleStream, ServerStreams: true}},
	Metadata:    "echo.proto",
}

type echoServer interface {
	Echo(context.Context, *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error)
	Stream(*wrapperspb.BytesValue, grpc.ServerStream) error
}

func handleEcho(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
	in := new(wrapperspb.BytesValue)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(echoServer).Echo(ctx, in)
	}
	info := &grpc.UnaryServerInfo{Server: srv, FullMethod: echoMethod}
	handler := func(ctx context.Context, req any) (any, error) {
		return srv.(echoServer).Echo(ctx, req.(*wrapperspb.BytesValue))
	}
	return interceptor(ctx, in, info, handler)
}

func handleStream(srv any, stream grpc.ServerStream) error {
	in := new(wrapperspb.BytesValue)
	if err := stream.RecvMsg(in); err != nil {
		return err
	}
	return srv.(echoServer).Stream(in, stream)
}

type grpcServer struct{}

func (grpcServer) Echo(_ context.Context, in *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
	return &wrapperspb.BytesValue{Value: harness.Echo(in.Value)}, nil
}

func (grpcServer) Stream(in *wrapperspb.BytesValue, stream grpc.ServerStream) error {
	if len(in.Value) != 16 {
		return errors.New("a wish for a stream has 16 bytes")
	}
	count := binary.LittleEndian.Uint64(in.Value)
	message := harness.NewMessage(int(binary.LittleEndian.Uint64(in.Value[8:])))
	for i := range int(count) {
		// SendMsg has encoded the message when it returns.
		if err := stream.SendMsg(&wrapperspb.BytesValue{Value: message.Number(i)}); err != nil {
			return err
		}
	}
	return nil
}

type grpcClient struct{ conn *grpc.ClientConn }

func (c grpcClient) Echo(ctx context.Context, request []byte) ([]byte, error) {
	out := new(wrapperspb.BytesValue)
	err := c.conn.Invoke(ctx, echoMethod, &wrapperspb.BytesValue{Value: request}, out)
	return out.Value, err
}

func (c grpcClient) Stream(ctx context.Context, count, size int, visit func([]byte) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the stream if visit gave up
	stream, err := c.open(ctx, count, size)
	if err != nil {
		return err
	}
	for {
		message := new(wrapperspb.BytesValue)
		switch err := stream.RecvMsg(message); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := visit(message.Value); err != nil {
			return err
		}
	}
}

func (c grpcClient) open(ctx context.Context, count, size int) (grpc.ClientStream, error) {
	stream, err := c.conn.NewStream(ctx, &echoService.Streams[0], streamMethod)
	if err != nil {
		return nil, err
	}
	wish := binary.LittleEndian.AppendUint64(nil, uint64(count))
	wish = binary.LittleEndian.AppendUint64(wish, uint64(size))
	if err := stream.SendMsg(&wrapperspb.BytesValue{Value: wish}); err != nil {
		return nil, err
	}
	return stream, stream.CloseSend()
}
