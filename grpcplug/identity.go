package grpcplug

import (
	"context"
	"io"
	"slices"
	"strings"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
)

// An identified connection is gRPC's own to a plugin, for stubs. Its errors are
// those that the stubs have over the native protocol: statuses, in which the
// errors of the contract are found, and what has ended the plugin.
type identified struct {
	*grpc.ClientConn
	conn     *hostConn
	contract *tenon.Contract // nil if it is not known
}

var _ grpc.ClientConnInterface = (*identified)(nil)

// Invoke implements [grpc.ClientConnInterface].
func (c *identified) Invoke(ctx context.Context, path string, args, reply any, opts ...grpc.CallOption) error {
	return c.explain(ctx, path, c.ClientConn.Invoke(c.outgoing(ctx), path, args, reply, opts...))
}

// NewStream implements [grpc.ClientConnInterface].
func (c *identified) NewStream(ctx context.Context, desc *grpc.StreamDesc, path string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := c.ClientConn.NewStream(c.outgoing(ctx), desc, path, opts...)
	if err != nil {
		return nil, c.explain(ctx, path, err)
	}
	return &identifiedStream{s, ctx, c, path}, nil
}

// outgoing says where the host's services are, if there are any.
func (c *identified) outgoing(ctx context.Context) context.Context {
	if len(c.conn.services) == 0 {
		return ctx
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	return metadata.NewOutgoingContext(ctx, c.conn.outgoing(ctx, md.Copy()))
}

// explain makes of gRPC's error the one that stubs return.
func (c *identified) explain(ctx context.Context, path string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	service, method, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	known := c.conn.explain(ctx, err, c.contract, method)
	e, ok := known.(*tenon.Error)
	if !ok {
		return &statusError{statusFrom(known), known} // the connection, or the plugin
	}
	e.Service = service
	return &statusError{withoutIdentity(s), e}
}

type identifiedStream struct {
	grpc.ClientStream
	ctx  context.Context // the caller's; the stream's own ends with it
	conn *identified
	path string
}

func (s *identifiedStream) explain(err error) error { return s.conn.explain(s.ctx, s.path, err) }

func (s *identifiedStream) SendMsg(m any) error { return s.explain(s.ClientStream.SendMsg(m)) }
func (s *identifiedStream) RecvMsg(m any) error { return s.explain(s.ClientStream.RecvMsg(m)) }
func (s *identifiedStream) CloseSend() error    { return s.explain(s.ClientStream.CloseSend()) }

// withIdentity returns the status of an error of an implementation with what the
// error is as a detail, if it is, or wraps, one that the contract names. Any other
// is as plain as gRPC makes it: who calls may never have heard of Tenon.
func withIdentity(s *status.Status, err error, own []tenon.ErrorDef) *status.Status {
	if len(own) == 0 {
		return s
	}
	var m tenon.Message
	fault.Encode(&tenon.Error{Code: tenon.Code(s.Code()), Message: s.Message(), Err: err}, own, &m)
	if m.Err() != nil || m.Len() > maxDetail || !namesOne(m.Raw(), faultCause, own) {
		return s
	}
	p := s.Proto()
	p.Details = append(p.Details, &anypb.Any{TypeUrl: faultType, Value: m.Raw()})
	return status.FromProto(p)
}

// Of the fields of a Fault and of its Causes.
const (
	faultCause  = 4
	causeName   = 2
	causeCauses = 5
	causeIs     = 7
)

// namesOne reports whether one of the causes in field has the name of one of the
// errors. It looks at what was encoded and not at the error, whose methods may do
// anything.
func namesOne(b []byte, field int32, own []tenon.ErrorDef) bool {
	var m tenon.Message
	m.Load(b, nil)
	for m.Next() {
		switch m.Field() {
		case field:
			if namesOne(m.ReadView(), causeCauses, own) {
				return true
			}
		case causeName, causeIs:
			if field == faultCause {
				continue // the text
			}
			name := m.ReadString()
			if slices.ContainsFunc(own, func(d tenon.ErrorDef) bool { return d.Name == name }) {
				return true
			}
		}
	}
	return false
}

// withoutIdentity is the status as the implementation returned it.
func withoutIdentity(s *status.Status) *status.Status {
	p := s.Proto()
	if !slices.ContainsFunc(p.GetDetails(), isIdentity) {
		return s
	}
	p = proto.Clone(p).(*spb.Status)
	p.Details = slices.DeleteFunc(p.Details, isIdentity)
	return status.FromProto(p)
}

func isIdentity(a *anypb.Any) bool { return a.GetTypeUrl() == faultType }
