package grpcplug

import (
	"fmt"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"
	v1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	v1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	_ "google.golang.org/protobuf/types/known/emptypb" // which the descriptors below import
)

// registerReflection lets programs such as grpcurl ask what the server has.
func registerReflection(s *grpc.Server, contracts []string) {
	o := reflection.ServerOptions{Services: s, DescriptorResolver: &described{contracts}}
	v1.RegisterServerReflectionServer(s, reflection.NewServerV1(o))
	v1alpha.RegisterServerReflectionServer(s, reflection.NewServer(o))
}

// described finds the descriptors of what a plugin serves: those that the
// program's generated code has registered, and those of go-plugin's services. Of a
// contract it knows the name and no more: its messages are in the .proto, and not
// in the program.
type described struct{ contracts []string }

// FindFileByPath implements protodesc.Resolver.
func (d *described) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	f, err := protoregistry.GlobalFiles.FindFileByPath(path)
	if err == nil {
		return f, nil
	}
	return goPluginFiles().FindFileByPath(path)
}

// FindDescriptorByName implements protodesc.Resolver.
func (d *described) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err == nil {
		return found, nil
	}
	if found, err = goPluginFiles().FindDescriptorByName(name); err == nil {
		return found, nil
	}
	for _, c := range d.contracts {
		if string(name) == c || strings.HasPrefix(string(name), c+".") {
			return nil, fmt.Errorf("%s is a contract of Tenon's, whose messages are not in the program: give the .proto that tenon gen wrote beside it, as with grpcurl -import-path and -proto", c)
		}
	}
	return nil, err
}

// goPluginFiles are the descriptors of go-plugin's services, made when somebody
// asks: a plugin starts often and is asked seldom. They are in no registry of the
// program's, where go-plugin's own may be under the same names.
var goPluginFiles = sync.OnceValue(func() *protoregistry.Files {
	files := new(protoregistry.Files)
	for _, f := range []*descriptorpb.FileDescriptorProto{brokerFile(), controllerFile(), stdioFile()} {
		f.Syntax, f.Package = proto.String("proto3"), proto.String("plugin")
		made, err := protodesc.NewFile(f, protoregistry.GlobalFiles)
		if err == nil {
			err = files.RegisterFile(made)
		}
		if err != nil {
			panic(err) // of data that is below; a test makes them
		}
	}
	return files
})

func brokerFile() *descriptorpb.FileDescriptorProto {
	return &descriptorpb.FileDescriptorProto{
		Name: proto.String("internal/plugin/grpc_broker.proto"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String("ConnInfo"),
			Field: []*descriptorpb.FieldDescriptorProto{
				field("service_id", 1, descriptorpb.FieldDescriptorProto_TYPE_UINT32),
				field("network", 2, descriptorpb.FieldDescriptorProto_TYPE_STRING),
				field("address", 3, descriptorpb.FieldDescriptorProto_TYPE_STRING),
				field("knock", 4, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, ".plugin.ConnInfo.Knock"),
			},
			NestedType: []*descriptorpb.DescriptorProto{{
				Name: proto.String("Knock"),
				Field: []*descriptorpb.FieldDescriptorProto{
					field("knock", 1, descriptorpb.FieldDescriptorProto_TYPE_BOOL),
					field("ack", 2, descriptorpb.FieldDescriptorProto_TYPE_BOOL),
					field("error", 3, descriptorpb.FieldDescriptorProto_TYPE_STRING),
				},
			}},
		}},
		Service: service("GRPCBroker", &descriptorpb.MethodDescriptorProto{
			Name: proto.String(brokerStream), InputType: proto.String(".plugin.ConnInfo"), OutputType: proto.String(".plugin.ConnInfo"),
			ClientStreaming: proto.Bool(true), ServerStreaming: proto.Bool(true),
		}),
	}
}

func controllerFile() *descriptorpb.FileDescriptorProto {
	return &descriptorpb.FileDescriptorProto{
		Name:        proto.String("internal/plugin/grpc_controller.proto"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("Empty")}},
		Service: service("GRPCController", &descriptorpb.MethodDescriptorProto{
			Name: proto.String(shutdownMethod), InputType: proto.String(".plugin.Empty"), OutputType: proto.String(".plugin.Empty"),
		}),
	}
}

func stdioFile() *descriptorpb.FileDescriptorProto {
	return &descriptorpb.FileDescriptorProto{
		Name:       proto.String("internal/plugin/grpc_stdio.proto"),
		Dependency: []string{"google/protobuf/empty.proto"},
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String("StdioData"),
			Field: []*descriptorpb.FieldDescriptorProto{
				field("channel", 1, descriptorpb.FieldDescriptorProto_TYPE_ENUM, ".plugin.StdioData.Channel"),
				field("data", 2, descriptorpb.FieldDescriptorProto_TYPE_BYTES),
			},
			EnumType: []*descriptorpb.EnumDescriptorProto{{
				Name: proto.String("Channel"),
				Value: []*descriptorpb.EnumValueDescriptorProto{
					{Name: proto.String("INVALID"), Number: proto.Int32(0)},
					{Name: proto.String("STDOUT"), Number: proto.Int32(stdoutChannel)},
					{Name: proto.String("STDERR"), Number: proto.Int32(stderrChannel)},
				},
			}},
		}},
		Service: service("GRPCStdio", &descriptorpb.MethodDescriptorProto{
			Name: proto.String(stdioStream), InputType: proto.String(".google.protobuf.Empty"), OutputType: proto.String(".plugin.StdioData"),
			ServerStreaming: proto.Bool(true),
		}),
	}
}

func field(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type, message ...string) *descriptorpb.FieldDescriptorProto {
	f := &descriptorpb.FieldDescriptorProto{
		Name: &name, Number: &number, Type: kind.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
	}
	if len(message) > 0 {
		f.TypeName = &message[0]
	}
	return f
}

func service(name string, m *descriptorpb.MethodDescriptorProto) []*descriptorpb.ServiceDescriptorProto {
	return []*descriptorpb.ServiceDescriptorProto{{Name: &name, Method: []*descriptorpb.MethodDescriptorProto{m}}}
}
