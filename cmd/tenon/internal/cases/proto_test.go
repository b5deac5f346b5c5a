package cases_test

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/tenon-go/tenon"
)

// protos compiles all committed .proto files.
var protos = sync.OnceValues(func() (linker.Files, error) {
	var names []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.Name() == "testdata" {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".proto") {
			names = append(names, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		ImportPaths: []string{".", "../../../../proto"},
	})}
	return c.Compile(context.Background(), append(names, "tenon/tenon.proto")...)
})

// service finds the service of a contract in the .proto files.
func service(name string) (protoreflect.ServiceDescriptor, error) {
	files, err := protos()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if d := f.FindDescriptorByName(protoreflect.FullName(name)); d != nil {
			if s, ok := d.(protoreflect.ServiceDescriptor); ok {
				return s, nil
			}
		}
	}
	return nil, fmt.Errorf("no .proto has a service %s", name)
}

// messageType is what a method is sent or answers with, by the .proto.
func messageType(c *tenon.Contract, method int, request bool) (protoreflect.MessageDescriptor, error) {
	s, err := service(c.Name)
	if err != nil {
		return nil, err
	}
	m := &c.Methods[method]
	d := s.Methods().ByName(protoreflect.Name(m.Name))
	switch {
	case d == nil:
		return nil, fmt.Errorf("the .proto of %s has no method %s", c.Name, m.Name)
	case d.IsStreamingClient() != m.ClientStream || d.IsStreamingServer() != m.ServerStream:
		return nil, fmt.Errorf("%s.%v streams otherwise in the .proto", c.Name, m)
	case request:
		return d.Input(), nil
	}
	return d.Output(), nil
}

// translate has protobuf read what the generated code has written, and write it
// anew, in an order of its own.
func translate(c *tenon.Contract, method int, request bool, sent []byte) ([]byte, error) {
	m, err := decode(c, method, request, sent)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(m.Interface())
}

func decode(c *tenon.Contract, method int, request bool, b []byte) (protoreflect.Message, error) {
	d, err := messageType(c, method, request)
	if err != nil {
		return nil, err
	}
	m := dynamicpb.NewMessage(d)
	if err := proto.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("protobuf can't read %s %x: %w", d.FullName(), b, err)
	}
	return m, known(m)
}

// known reports fields that the .proto doesn't have.
func known(m protoreflect.Message) (err error) {
	if u := m.GetUnknown(); len(u) > 0 {
		return fmt.Errorf("%s has fields that its .proto lacks: %x", m.Descriptor().FullName(), u)
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				if f.MapValue().Message() != nil {
					err = known(v.Message())
				}
				return err == nil
			})
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				if err == nil {
					err = known(v.List().Get(i).Message())
				}
			}
		default:
			err = known(v.Message())
		}
		return err == nil
	})
	return err
}

// TestThroughProtobuf runs all cases over a connection on which protobuf reads
// and writes every message, by the committed .proto files.
func TestThroughProtobuf(t *testing.T) {
	if _, err := protos(); err != nil {
		t.Fatal(err)
	}
	runAll(t, (&link{change: translate}).connect(services()))
}

// TestMeaning compares, of the echoes, what is sent and answered with what
// protobuf reads of it, value by value.
func TestMeaning(t *testing.T) {
	var request, response protoreflect.Message
	l := &link{change: func(c *tenon.Contract, method int, isRequest bool, sent []byte) ([]byte, error) {
		m, err := decode(c, method, isRequest, sent)
		if isRequest {
			request = m
		} else {
			response = m
		}
		return sent, err
	}}
	conn := l.connect(services())
	for _, tc := range all() {
		t.Run(tc.dir, func(t *testing.T) {
			for _, c := range tc.contracts {
				v, err := c.open(within(t), conn)
				if err != nil {
					t.Fatal(err)
				}
				testEchoes(t, echoes(c.iface, v), func(ctx context.Context, e *echo, args []reflect.Value) error {
					if err := e.call(ctx, args); err != nil {
						return err
					}
					return cmp.Or(meaning(args, request), meaning(args, response))
				})
			}
		})
	}
}
