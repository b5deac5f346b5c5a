package grpcplug

import (
	"context"
	"errors"
	"io"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tenon-go/tenon"
)

// A statusError is what a call has failed with: a status for those who know
// gRPC, and the error for those who ask errors.Is and errors.As.
type statusError struct {
	status *status.Status
	err    error // never nil
}

// Error prints as gRPC's own errors do.
func (e *statusError) Error() string { return e.status.String() }

// GRPCStatus is what [status.FromError] looks for.
func (e *statusError) GRPCStatus() *status.Status { return e.status }

// Unwrap returns the error of the native protocol.
func (e *statusError) Unwrap() error { return e.err }

// Is reports whether target is an error of gRPC's with the same status.
func (e *statusError) Is(target error) bool {
	t, ok := target.(interface{ GRPCStatus() *status.Status })
	return ok && proto.Equal(e.status.Proto(), t.GRPCStatus().Proto())
}

// stubStatus makes of an error of Tenon's what gRPC's users expect. It returns nil
// and io.EOF as they are.
func stubStatus(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if _, ok := err.(interface{ GRPCStatus() *status.Status }); ok {
		return err
	}
	return &statusError{statusFrom(err), err}
}

// statusFrom returns the status of an error that a stream has failed with.
func statusFrom(err error) *status.Status {
	e, ok := err.(*tenon.Error)
	if !ok {
		// The connection, or the plugin: all that is not an answer.
		if code := tenon.CodeOf(err); code == tenon.Canceled || code == tenon.DeadlineExceeded {
			return status.New(codes.Code(code), err.Error())
		}
		return status.New(codes.Unavailable, err.Error())
	}
	var whole *wholeStatus
	if errors.As(e.Err, &whole) && whole.p.GetCode() == int32(e.Code) {
		return status.FromProto(whole.p)
	}
	return status.New(codes.Code(e.Code), e.Message)
}

// statusOf is the status that an implementation's error stands for: its own, as
// gRPC's server would find it, or the code of an error of Tenon's.
func statusOf(err error) *status.Status {
	if s, ok := status.FromError(err); ok && s.Code() != codes.OK {
		return s
	}
	var e *tenon.Error
	var t *tenon.TransportError
	switch {
	case errors.As(err, &e) && e != nil && e.Code != tenon.OK:
		return status.New(codes.Code(e.Code), err.Error())
	case errors.As(err, &t):
		return status.New(codes.Unavailable, err.Error())
	case errors.Is(err, context.Canceled):
		return status.New(codes.Canceled, err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return status.New(codes.DeadlineExceeded, err.Error())
	}
	return status.New(codes.Unknown, err.Error())
}

// toFault makes of an implementation's error what the native protocol carries
// with its identity, and with all that its status says.
func toFault(err error) error {
	s := statusOf(err)
	e := &tenon.Error{Code: tenon.Code(s.Code()), Message: s.Message(), Err: err}
	if _, ok := err.(interface{ GRPCStatus() *status.Status }); ok {
		e.Err = errors.Unwrap(err)
	}
	// The fields of the protocol say it all unless there are details; and no
	// message at all would be replaced by the name of the code.
	if p := s.Proto(); len(p.GetDetails()) > 0 || p.GetMessage() == "" {
		e.Err = &wholeStatus{p, e.Err}
	}
	return e
}

// A wholeStatus carries a status with its details across the native protocol.
// PROTOCOL.md, 15.6.
type wholeStatus struct {
	p   *spb.Status
	err error // what the error wrapped; may be nil
}

func (s *wholeStatus) Error() string {
	if m := s.p.GetMessage(); m != "" {
		return m
	}
	return tenon.Code(s.p.GetCode()).String()
}

func (s *wholeStatus) Unwrap() error { return s.err }

// errorDefs are the errors of a contract: the user's, and the status.
func errorDefs(own []tenon.ErrorDef) []tenon.ErrorDef {
	return append([]tenon.ErrorDef{{Name: "google.rpc.Status", Encode: encodeStatus, Decode: decodeStatus}}, own...)
}

func encodeStatus(err error, m *tenon.Message) bool {
	s, ok := err.(*wholeStatus)
	if !ok {
		return false
	}
	b, err := proto.Marshal(s.p)
	m.WriteRaw(b)
	return err == nil
}

func decodeStatus(m *tenon.Message, cause error) (error, error) {
	p := new(spb.Status)
	if err := proto.Unmarshal(m.Raw(), p); err != nil {
		return nil, err
	}
	return &wholeStatus{p, cause}, nil
}
