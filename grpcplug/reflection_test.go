package grpcplug

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	v1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// enquire asks the reflection service one question.
func enquire(t *testing.T, cc grpc.ClientConnInterface, q *v1.ServerReflectionRequest) *v1.ServerReflectionResponse {
	t.Helper()
	return enquireOf(t, cc, "grpc.reflection.v1.ServerReflection", q)
}

func enquireOf(t *testing.T, cc grpc.ClientConnInterface, service string, q *v1.ServerReflectionRequest) *v1.ServerReflectionResponse {
	t.Helper()
	s, err := cc.NewStream(t.Context(), &v1.ServerReflection_ServiceDesc.Streams[0], "/"+service+"/ServerReflectionInfo")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SendMsg(q); err != nil {
		t.Fatal(err)
	}
	a := new(v1.ServerReflectionResponse)
	if err := s.RecvMsg(a); err != nil {
		t.Fatal(err)
	}
	s.CloseSend()
	s.RecvMsg(new(v1.ServerReflectionResponse))
	return a
}

func symbol(name string) *v1.ServerReflectionRequest {
	return &v1.ServerReflectionRequest{MessageRequest: &v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: name}}
}

func TestReflection(t *testing.T) {
	s := start(t, "echo", Protocol{})
	raw, _ := Of(s)
	list := enquire(t, raw.ClientConn, &v1.ServerReflectionRequest{MessageRequest: &v1.ServerReflectionRequest_ListServices{}})
	var names []string
	for _, x := range list.GetListServicesResponse().GetService() {
		names = append(names, x.GetName())
	}
	if want := []string{
		"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
		brokerService, controllerService, stdioService, "test.Echo",
	}; !slices.Equal(names, want) {
		t.Errorf("services %q", names)
	}
	for _, name := range names {
		if name == "test.Echo" {
			continue
		}
		a := enquire(t, raw.ClientConn, symbol(name))
		if !describes(t, a.GetFileDescriptorResponse().GetFileDescriptorProto(), name) {
			t.Errorf("%s: %v", name, a)
		}
	}
	for name, says := range map[string]string{
		"test.Echo": "the .proto that tenon gen wrote", "test.Echo.Fail": "test.Echo is a contract of Tenon's", "test.Echoes": "not found",
	} {
		e := enquire(t, raw.ClientConn, symbol(name)).GetErrorResponse()
		if e.GetErrorCode() != int32(codes.NotFound) || !strings.Contains(e.GetErrorMessage(), says) {
			t.Errorf("%s: %v", name, e)
		}
	}
	file := enquire(t, raw.ClientConn, &v1.ServerReflectionRequest{
		MessageRequest: &v1.ServerReflectionRequest_FileByFilename{FileByFilename: "internal/plugin/grpc_stdio.proto"},
	})
	if !describes(t, file.GetFileDescriptorResponse().GetFileDescriptorProto(), "plugin.StdioData.Channel") {
		t.Errorf("the file: %v", file)
	}
	// Of the older version the messages are the same.
	old := enquireOf(t, raw.ClientConn, "grpc.reflection.v1alpha.ServerReflection", symbol("plugin.ConnInfo"))
	if !describes(t, old.GetFileDescriptorResponse().GetFileDescriptorProto(), "plugin.GRPCBroker.StartStream") {
		t.Errorf("v1alpha: %v", old)
	}
}

// describes reports whether there is a descriptor of name in the files, of which
// all that they import must be there.
func describes(t *testing.T, files [][]byte, name string) bool {
	t.Helper()
	set := new(descriptorpb.FileDescriptorSet)
	for _, b := range files {
		f := new(descriptorpb.FileDescriptorProto)
		if err := proto.Unmarshal(b, f); err != nil {
			t.Error(err)
		}
		set.File = append(set.File, f)
	}
	all, err := protodesc.NewFiles(set)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return false
	}
	_, err = all.FindDescriptorByName(protoreflect.FullName(name))
	return err == nil
}

// The descriptors say what is sent.
func TestDescriptors(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"plugin.ConnInfo": {
			connInfo{id: 7, network: "unix", address: "/x", knock: &knock{knock: true, ack: true, err: "no"}}.encode(),
			`{"serviceId":7,"network":"unix","address":"/x","knock":{"knock":true,"ack":true,"error":"no"}}`,
		},
		"plugin.StdioData": {stdioData{stderrChannel, []byte("hello")}.encode(), `{"channel":"STDERR","data":"aGVsbG8="}`},
	} {
		d, err := goPluginFiles().FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			t.Fatal(err)
		}
		m := dynamicpb.NewMessage(d.(protoreflect.MessageDescriptor))
		if err := proto.Unmarshal(c.b, m); err != nil || len(m.GetUnknown()) > 0 {
			t.Errorf("%s: %v, unknown %x", name, err, m.GetUnknown())
		}
		if got, err := protojson.Marshal(m); strings.ReplaceAll(string(got), " ", "") != c.want || err != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}
