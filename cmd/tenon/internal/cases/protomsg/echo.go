package protomsg

import (
	"context"

	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Echo returns what it is given.
type Echo struct{}

func (Echo) Known(_ context.Context, a *structpb.Struct, b *timestamppb.Timestamp, c *structpb.Value) (*structpb.Struct, *timestamppb.Timestamp, *structpb.Value, error) {
	return a, b, c, nil
}

func (Echo) Generated(_ context.Context, f *descriptorpb.FileDescriptorProto) (*descriptorpb.FileDescriptorProto, error) {
	return f, nil
}

func (Echo) Fields(_ context.Context, v Fields) (Fields, error) {
	return v, nil
}

func (Echo) Lists(_ context.Context, a []*structpb.Value, b map[string]*durationpb.Duration) ([]*structpb.Value, map[string]*durationpb.Duration, error) {
	return a, b, nil
}
