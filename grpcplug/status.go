package grpcplug

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
)

// faultType is the type of the status detail that carries an error's identity.
const faultType = "type.googleapis.com/tenon.Error"

// maxDetail is what an error's identity may take: status details are sent as a
// header, of which many libraries take no more than 8 KiB in all.
const maxDetail = 4 << 10

// maxText is the same for its text.
const maxText = 2 << 10

// toStatus returns err as gRPC sends it: a status of its own as it is, any
// other with Tenon's form of it as a detail.
func toStatus(err error, defs []tenon.ErrorDef) error {
	if err == nil {
		return nil
	}
	if s, ok := err.(interface{ GRPCStatus() *status.Status }); ok {
		return s.GRPCStatus().Err()
	}
	var m tenon.Message
	fault.Encode(err, defs, &m)
	text := err.Error()
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	p := status.New(codes.Code(tenon.CodeOf(err)), text).Proto()
	if m.Err() == nil && m.Len() <= maxDetail {
		p.Details = append(p.Details, &anypb.Any{TypeUrl: faultType, Value: m.Raw()})
	}
	return status.ErrorProto(p)
}

// fromStatus returns what a call was answered with as Tenon's error.
func fromStatus(err error, contract *tenon.Contract, method string) error {
	if err == nil {
		return nil
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	var name string
	var defs []tenon.ErrorDef
	if contract != nil {
		name, defs = contract.Name, contract.Errors
	}
	e := &tenon.Error{Code: tenon.Code(s.Code()), Message: s.Message(), Err: err}
	switch {
	case s.Code() == codes.Canceled:
		e.Err = context.Canceled
	case s.Code() == codes.DeadlineExceeded:
		e.Err = context.DeadlineExceeded
	}
	for _, d := range s.Proto().GetDetails() {
		if d.GetTypeUrl() == faultType {
			var m tenon.Message
			m.Load(d.GetValue(), nil)
			e = fault.Decode(&m, defs)
			break
		}
	}
	e.Service, e.Method = name, method
	if s.Code() == codes.ResourceExhausted {
		e.Message += tooLarge(s.Message())
	}
	return e
}

// tooLarge says what to do about a limit of gRPC's, which names none.
func tooLarge(text string) string {
	switch {
	case strings.Contains(text, "trying to send message larger than max"):
		return "; the limit is tenon.Limits.Message, in host.Config.Limits or plugin.Config.Limits"
	case strings.Contains(text, "received message larger than max"):
		return "; the limit is the receiver's: tenon.Limits.Message, or in a plugin of go-plugin's grpc.MaxRecvMsgSize, 4 MiB if it sets none"
	}
	return ""
}
