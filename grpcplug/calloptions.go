package grpcplug

import (
	"reflect"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
)

// callSettings are what the options of a call come to. Nil is a call without any.
type callSettings struct {
	send, receive   int // bytes of a message; 0 is no limit but the connection's
	creds           []credentials.PerRPCCredentials
	headers         []*metadata.MD
	trailers        []*metadata.MD
	onFinish        []func(error)
	header, trailer metadata.MD
}

// newCallSettings reads the options of a call. Those that it does not know are for
// interceptors, or about a network.
func newCallSettings(opts []grpc.CallOption) (*callSettings, error) {
	s := new(callSettings)
	for _, o := range opts {
		if err := s.take(o); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *callSettings) take(o grpc.CallOption) error {
	switch o := o.(type) {
	case grpc.HeaderCallOption:
		s.headers = append(s.headers, o.HeaderAddr)
	case grpc.TrailerCallOption:
		s.trailers = append(s.trailers, o.TrailerAddr)
	case grpc.PeerCallOption:
		if o.PeerAddr != nil {
			*o.PeerAddr = *otherSide
		}
	case grpc.OnFinishCallOption:
		s.onFinish = append(s.onFinish, o.OnFinish)
	case grpc.MaxSendMsgSizeCallOption:
		s.send = sizeLimit(o.MaxSendMsgSize)
	case grpc.MaxRecvMsgSizeCallOption:
		s.receive = sizeLimit(o.MaxRecvMsgSize)
	case grpc.PerRPCCredsCallOption:
		s.creds = append(s.creds[:0], o.Creds) // the last one counts
	case grpc.ContentSubtypeCallOption:
		if o.ContentSubtype != "" && o.ContentSubtype != "proto" {
			return otherEncoding("grpc.CallContentSubtype(%q)", o.ContentSubtype)
		}
	case grpc.ForceCodecCallOption:
		return otherEncoding("grpc.ForceCodec")
	case grpc.CustomCodecCallOption:
		return otherEncoding("grpc.CallCustomCodec")
	default:
		if isOption(o, "ForceCodecV2CallOption") {
			return otherEncoding("grpc.ForceCodecV2")
		}
	}
	return nil
}

// isOption reports whether opt is of gRPC's type of that name, which the oldest
// gRPC that this module works with does not have.
func isOption(opt grpc.CallOption, name string) bool {
	t := reflect.TypeOf(opt)
	return t != nil && t.Name() == name && t.PkgPath() == "google.golang.org/grpc"
}

// sizeLimit is a limit of gRPC's, where 0 lets nothing pass but empty messages.
func sizeLimit(n int) int {
	if n <= 0 {
		return -1
	}
	return n
}

// otherEncoding refuses an option that nobody could honour: the other side
// expects protobuf's own encoding, whatever is sent.
func otherEncoding(option string, args ...any) error {
	return status.Errorf(codes.Unimplemented, option+": messages are encoded as protobuf says; leave the option out, or call over gRPC", args...)
}

func (s *callSettings) maxSend() int {
	if s == nil {
		return 0
	}
	return s.send
}

func (s *callSettings) maxReceive() int {
	if s == nil {
		return 0
	}
	return s.receive
}

func (s *callSettings) credentials() []credentials.PerRPCCredentials {
	if s == nil {
		return nil
	}
	return s.creds
}

// collect takes from a call that has ended, or was closed, what options ask for.
func (s *callSettings) collect(stream tenon.Stream) {
	a, ok := stream.(aside)
	if !ok {
		return
	}
	if len(s.headers) > 0 {
		h, _ := a.Header()
		s.header = metadata.MD(h)
	}
	if len(s.trailers) > 0 {
		s.trailer = metadata.MD(a.Trailer())
	}
}

// finish tells everybody who asked how the call went. With the trailer gRPC
// gives them maps that are their own.
func (s *callSettings) finish(err error) {
	for _, h := range s.headers {
		*h = s.header.Copy()
	}
	for _, t := range s.trailers {
		*t = s.trailer.Copy()
	}
	for _, f := range s.onFinish {
		f(err)
	}
}
