package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenon-go/tenon/examples/terraform-schema/pb/tfplugin5"
	"github.com/tenon-go/tenon/examples/terraform-schema/pb/tfplugin6"
)

// An older is a provider of protocol 5 that is used as one of protocol 6, so that
// the rest of this program knows but one. What protocol 5 has, protocol 6 has too,
// by the same names, but partly under other numbers: the bytes of an answer cannot
// be read as the other's.
type older struct{ client tfplugin5.ProviderClient }

var _ tfplugin6.ProviderClient = older{}

// GetProviderSchema implements tfplugin6.ProviderClient.
func (o older) GetProviderSchema(ctx context.Context, _ *tfplugin6.GetProviderSchema_Request, opts ...grpc.CallOption) (*tfplugin6.GetProviderSchema_Response, error) {
	from, err := o.client.GetSchema(ctx, &tfplugin5.GetProviderSchema_Request{}, opts...)
	to := &tfplugin6.GetProviderSchema_Response{}
	return to, renew(to, from, err)
}

// GetResourceIdentitySchemas implements tfplugin6.ProviderClient.
func (o older) GetResourceIdentitySchemas(ctx context.Context, _ *tfplugin6.GetResourceIdentitySchemas_Request, opts ...grpc.CallOption) (*tfplugin6.GetResourceIdentitySchemas_Response, error) {
	from, err := o.client.GetResourceIdentitySchemas(ctx, &tfplugin5.GetResourceIdentitySchemas_Request{}, opts...)
	to := &tfplugin6.GetResourceIdentitySchemas_Response{}
	return to, renew(to, from, err)
}

// renew copies an answer of protocol 5, unless there is none.
func renew(to, from proto.Message, err error) error {
	if err != nil {
		return err
	}
	copyByName(to.ProtoReflect(), from.ProtoReflect())
	return nil
}

// copyByName copies all that is set in from into the fields of to that have the
// same names. They have the same types, but for the messages, which are copied
// likewise; all maps here are of messages.
func copyByName(to, from protoreflect.Message) {
	from.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		field := to.Descriptor().Fields().ByName(f.Name())
		switch {
		case field.IsMap():
			all := to.Mutable(field).Map()
			v.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
				copyByName(all.Mutable(key).Message(), v.Message())
				return true
			})
		case field.IsList():
			all := to.Mutable(field).List()
			for i := range v.List().Len() {
				copyByName(all.AppendMutable().Message(), v.List().Get(i).Message())
			}
		case field.Message() != nil:
			copyByName(to.Mutable(field).Message(), v.Message())
		default:
			to.Set(field, v)
		}
		return true
	})
}
