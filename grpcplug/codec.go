package grpcplug

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// A frame is a message whose bytes are known.
type frame struct{ b []byte }

// codec passes frames through, and leaves all else to gRPC's codec of protobuf.
// go-plugin's own messages are frames as well: generated code would register them
// under names that go-plugin registers too, and a program that has both would not
// start.
type codec struct{}

func (codec) Name() string { return proto.Name }

func (codec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return mem.BufferSlice{mem.SliceBuffer(f.b)}, nil
	}
	return encoding.GetCodecV2(proto.Name).Marshal(v)
}

func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	if f, ok := v.(*frame); ok {
		// Data is gRPC's to use again.
		f.b = append(f.b[:0], make([]byte, data.Len())...)
		data.CopyTo(f.b)
		return nil
	}
	return encoding.GetCodecV2(proto.Name).Unmarshal(data, v)
}
