package grpcplug

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/tenon-go/tenon"
)

// protoMessage returns v as a message of today's API; generated code of before 2020
// has another.
func protoMessage(v any) (proto.Message, bool) {
	switch m := v.(type) {
	case proto.Message:
		return m, true
	case protoadapt.MessageV1:
		return protoadapt.MessageV2Of(m), true
	}
	return nil, false
}

// encodeProto writes v into an empty message, straight into its buffer, unless it has
// more bytes than most; 0 is no limit.
func encodeProto(out *tenon.Message, v any, most int) error {
	if v == nil {
		return nil // gRPC takes it for an empty message
	}
	m, ok := protoMessage(v)
	if !ok {
		return status.Errorf(codes.Internal, "cannot encode a %T: it is no protobuf message", v)
	}
	b, err := proto.MarshalOptions{}.MarshalAppend(out.Buffer()[:0], m)
	if err != nil {
		return status.Errorf(codes.Internal, "cannot encode a %T: %v", v, err)
	}
	if most > 0 && len(b) > most {
		return status.Errorf(codes.ResourceExhausted, "message of %d bytes is larger than the %d that the caller sends at most (grpc.MaxCallSendMsgSize)", len(b), most)
	}
	out.Reset(b, nil) // there are no refs in such messages
	return nil
}

// decodeProto reads v from a message that was received. It keeps none of its bytes.
func decodeProto(in *tenon.Message, v any, most int) error {
	b := in.Raw()
	if most > 0 && len(b) > most {
		return status.Errorf(codes.ResourceExhausted, "message of %d bytes is larger than the %d that the caller takes (grpc.MaxCallRecvMsgSize)", len(b), most)
	}
	m, ok := protoMessage(v)
	if !ok {
		return status.Errorf(codes.Internal, "cannot decode a %T: it is no protobuf message", v)
	}
	if err := proto.Unmarshal(b, m); err != nil {
		return status.Errorf(codes.Internal, "cannot decode a %T: %v", v, err)
	}
	return nil
}
