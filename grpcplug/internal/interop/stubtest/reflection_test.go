package stubtest

import (
	"testing"

	pb "google.golang.org/grpc/interop/grpc_testing"
	v1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
)

// The descriptors that generated code brings along are what reflection answers
// with.
func TestReflection(t *testing.T) {
	raw, _ := grpcplug.Of(overPlugin(t).(*host.Plugin))
	s, err := v1.NewServerReflectionClient(raw.ClientConn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Send(&v1.ServerReflectionRequest{MessageRequest: &v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "grpc.testing.TestService"}})
	a, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	files := a.GetFileDescriptorResponse().GetFileDescriptorProto()
	var f descriptorpb.FileDescriptorProto
	if len(files) == 0 || proto.Unmarshal(files[0], &f) != nil || f.GetName() != pb.File_grpc_testing_test_proto.Path() {
		t.Errorf("got %v", a)
	}
	s.CloseSend()
	s.Recv()
}
