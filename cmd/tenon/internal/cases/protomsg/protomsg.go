// Package protomsg has protobuf messages, which cross as they are.
package protomsg

import (
	"context"

	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Messages returns what it is given.
//
//tenon:contract
type Messages interface {
	Known(ctx context.Context, a *structpb.Struct, b *timestamppb.Timestamp, c *structpb.Value) (*structpb.Struct, *timestamppb.Timestamp, *structpb.Value, error)
	Generated(ctx context.Context, f *descriptorpb.FileDescriptorProto) (*descriptorpb.FileDescriptorProto, error)
	Fields(ctx context.Context, v Fields) (Fields, error)
	Lists(ctx context.Context, a []*structpb.Value, b map[string]*durationpb.Duration) ([]*structpb.Value, map[string]*durationpb.Duration, error)
}

// Fields has messages as fields.
type Fields struct {
	Name   string
	Struct *structpb.Struct
	List   []*timestamppb.Timestamp
	ByName map[string]*structpb.Value
}
