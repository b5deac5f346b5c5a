package tenon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
)

// A Code says in general terms what went wrong. The codes, their numbers and
// their meaning are those of gRPC, https://grpc.io/docs/guides/status-codes/.
type Code uint32

// The codes of gRPC.
const (
	OK Code = iota
	Canceled
	Unknown
	InvalidArgument
	DeadlineExceeded
	NotFound
	AlreadyExists
	PermissionDenied
	ResourceExhausted
	FailedPrecondition
	Aborted
	OutOfRange
	Unimplemented
	Internal
	Unavailable
	DataLoss
	Unauthenticated
)

var codeNames = [...]string{
	"ok", "canceled", "unknown", "invalid argument", "deadline exceeded", "not found", "already exists",
	"permission denied", "resource exhausted", "failed precondition", "aborted", "out of range", "unimplemented",
	"internal", "unavailable", "data loss", "unauthenticated",
}

// String returns the code's name in lower case, "not found".
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return "code " + strconv.Itoa(int(c))
}

// An Error is what a call was answered with, by the implementation on the
// other side or by the runtime in its name. A connection that failed is a
// *[TransportError] and a plugin that crashed another type again: errors.As
// tells the three apart.
//
// What the implementation returned is found in it: errors.Is and errors.As
// answer for the sentinels and types that its contract lists, for those of
// context, io and io/fs, and for what they were wrapped in.
type Error struct {
	// Code is Unknown for an error of the implementation's own, unless it, or
	// one that it wraps, is an *Error with a code.
	Code Code

	// Message is the text of the error as the implementation returned it.
	Message string

	// Service and Method say which call it was. They may be empty.
	Service, Method string

	// Stack is the goroutine's stack if a panic in the handler is the cause.
	Stack string

	// Err is what the error wraps, rebuilt on this side. It may be nil.
	Err error
}

// Error returns the message as the implementation returned it, so that a
// program prints the same text whether or not a process boundary is between.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code.String()
	}
	return e.Message
}

// Unwrap returns what the error wraps.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether the error's code says what target says: a code of
// [Canceled] is [context.Canceled], and so on for [context.DeadlineExceeded],
// [fs.ErrNotExist], [fs.ErrExist], [fs.ErrPermission] and
// [errors.ErrUnsupported].
func (e *Error) Is(target error) bool {
	switch target {
	case context.Canceled:
		return e.Code == Canceled
	case context.DeadlineExceeded:
		return e.Code == DeadlineExceeded
	case fs.ErrNotExist:
		return e.Code == NotFound
	case fs.ErrExist:
		return e.Code == AlreadyExists
	case fs.ErrPermission:
		return e.Code == PermissionDenied
	case errors.ErrUnsupported:
		return e.Code == Unimplemented
	}
	return false
}

// NoResult returns the error of a call that was answered without an error and
// without the interface value that is its result. Generated code calls it.
func NoResult(service, method string) error {
	return &Error{
		Code: Internal, Service: service, Method: method,
		Message: service + "." + method + ": answered with no error and no value",
	}
}

// CodeOf returns the code that describes err best: that of an *[Error] in its
// chain, else the one that a known error stands for, else Unknown. It is OK
// for nil. Like [errors.Is] it does not end if the chain has no end.
func CodeOf(err error) Code {
	var e *Error
	var t *TransportError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e) && e != nil && e.Code != OK:
		return e.Code
	case errors.As(err, &t):
		return Unavailable
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return DeadlineExceeded
	case errors.Is(err, fs.ErrNotExist):
		return NotFound
	case errors.Is(err, fs.ErrExist):
		return AlreadyExists
	case errors.Is(err, fs.ErrPermission):
		return PermissionDenied
	case errors.Is(err, errors.ErrUnsupported):
		return Unimplemented
	}
	return Unknown
}

// A TransportError says that a connection failed or was closed while a call
// was under way or before it began. Whether the other side carried out the
// call is not known, unless Unsent is true.
type TransportError struct {
	// Op is what was being done: "read", "write", "protocol", "call".
	Op string

	// Unsent says that the call was never sent, so that it is safe to repeat.
	Unsent bool

	// Err is the cause; never nil.
	Err error
}

// Error names the operation and the cause.
func (e *TransportError) Error() string {
	if e.Unsent {
		return fmt.Sprintf("call not sent: %v", e.Err)
	}
	return fmt.Sprintf("connection lost (%s): %v", e.Op, e.Err)
}

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// An ErrorDef is an error of a contract that keeps its identity across the
// boundary: a sentinel value or an error type. The generator writes it.
type ErrorDef struct {
	// Name is unique in the contract, and the same on both sides:
	// "kv.ErrNotFound".
	Name string

	// Value is the sentinel. It is nil for a type.
	Value error

	// Encode writes err's fields if err, which it must not unwrap, is of the
	// type, and reports whether it is.
	Encode func(err error, m *Message) bool

	// Decode makes a value of the type. Cause is what the original wrapped, nil
	// if nothing, for the field that the type's Unwrap method returns.
	Decode func(m *Message, cause error) (error, error)
}
