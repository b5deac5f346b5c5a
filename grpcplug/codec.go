package grpcplug

import (
	"fmt"

	"google.golang.org/grpc/encoding/proto"
	protobuf "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// A frame is a message whose bytes are known.
type frame struct{ b []byte }

// codec passes frames through, and takes all else for protobuf's messages. go-plugin's
// own messages are frames as well: generated code would register them under names
// that go-plugin registers too, and a program that has both would not start.
//
// It has gRPC's older form of a codec, which all versions know: with the newer one
// whoever takes the shim's line in a go.mod would get gRPC 1.66, in which programs
// that ask for the older one of protobuf do not find it any more.
type codec struct{}

func (codec) Name() string { return proto.Name }

func (codec) Marshal(v any) ([]byte, error) {
	if f, ok := v.(*frame); ok {
		return f.b, nil
	}
	m := message(v)
	if m == nil {
		return nil, fmt.Errorf("%T is no message of protobuf's", v)
	}
	return protobuf.Marshal(m)
}

func (codec) Unmarshal(data []byte, v any) error {
	if f, ok := v.(*frame); ok {
		f.b = append(f.b[:0], data...) // which is gRPC's to use again
		return nil
	}
	m := message(v)
	if m == nil {
		return fmt.Errorf("%T is no message of protobuf's", v)
	}
	return protobuf.Unmarshal(data, m)
}

// message returns what v is to protobuf, nil if nothing.
func message(v any) protobuf.Message {
	switch m := v.(type) {
	case protobuf.Message:
		return m
	case protoadapt.MessageV1:
		return protoadapt.MessageV2Of(m)
	}
	return nil
}
