package fault

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"github.com/tenon-go/tenon"
)

// A sentinel is an error that every peer knows by its name.
type sentinel struct {
	name string
	err  error
	code tenon.Code // what [tenon.CodeOf] takes it for; OK if for nothing
}

// exec.ErrNotFound and net.ErrClosed are not here because their packages would
// be linked into every plugin; a contract that needs them lists them.
var sentinels = [...]sentinel{
	{"context.Canceled", context.Canceled, tenon.Canceled},
	{"context.DeadlineExceeded", context.DeadlineExceeded, tenon.DeadlineExceeded},
	{"fs.ErrNotExist", fs.ErrNotExist, tenon.NotFound},
	{"fs.ErrExist", fs.ErrExist, tenon.AlreadyExists},
	{"fs.ErrPermission", fs.ErrPermission, tenon.PermissionDenied},
	{"errors.ErrUnsupported", errors.ErrUnsupported, tenon.Unimplemented},
	{"fs.ErrClosed", fs.ErrClosed, 0},
	{"fs.ErrInvalid", fs.ErrInvalid, 0},
	{"fs.SkipAll", fs.SkipAll, 0},
	{"fs.SkipDir", fs.SkipDir, 0},
	{"io.EOF", io.EOF, 0},
	{"io.ErrClosedPipe", io.ErrClosedPipe, 0},
	{"io.ErrNoProgress", io.ErrNoProgress, 0},
	{"io.ErrShortBuffer", io.ErrShortBuffer, 0},
	{"io.ErrShortWrite", io.ErrShortWrite, 0},
	{"io.ErrUnexpectedEOF", io.ErrUnexpectedEOF, 0},
	{"os.ErrDeadlineExceeded", os.ErrDeadlineExceeded, 0},
	{"os.ErrNoDeadline", os.ErrNoDeadline, 0},
	{"os.ErrProcessDone", os.ErrProcessDone, 0},
	{"strconv.ErrRange", strconv.ErrRange, 0},
	{"strconv.ErrSyntax", strconv.ErrSyntax, 0},
}

// A known type is an error type that every peer knows by its name.
type knownType struct {
	name   string
	encode func(err error, m *tenon.Message) bool
	// decode makes a value that wraps cause. It is nil if the fields make no
	// sense here; what was wrong with m is its caller's to find out.
	decode func(m *tenon.Message, text string, cause error) error
}

var knownTypes = [...]knownType{
	{"fs.PathError", encodePathError, decodePathError},
	{"os.LinkError", encodeLinkError, decodeLinkError},
	{"os.SyscallError", encodeSyscallError, decodeSyscallError},
	{"strconv.NumError", encodeNumError, decodeNumError},
	{"syscall.Errno", encodeErrno, decodeErrno},
	{"tenon.Error", encodeError, decodeError},
}

// as is a type assertion that does not hold for a nil pointer.
func as[T comparable](err error) (value T, ok bool) {
	value, ok = err.(T)
	var none T
	return value, ok && value != none
}

// present stands in for a cause that is missing: the Error methods of the
// standard library's types call that of what they wrap, whatever it is, so that
// a nil there would let the other side make this one panic.
func present(cause error) error {
	if cause == nil {
		return &node{text: "unknown error"}
	}
	return cause
}

func encodePathError(err error, m *tenon.Message) bool {
	e, ok := as[*fs.PathError](err)
	if ok {
		writeTexts(m, e.Op, e.Path)
	}
	return ok
}

func decodePathError(m *tenon.Message, _ string, cause error) error {
	t := readTexts(m)
	return &fs.PathError{Op: t[0], Path: t[1], Err: present(cause)}
}

func encodeLinkError(err error, m *tenon.Message) bool {
	e, ok := as[*os.LinkError](err)
	if ok {
		writeTexts(m, e.Op, e.Old, e.New)
	}
	return ok
}

func decodeLinkError(m *tenon.Message, _ string, cause error) error {
	t := readTexts(m)
	return &os.LinkError{Op: t[0], Old: t[1], New: t[2], Err: present(cause)}
}

func encodeSyscallError(err error, m *tenon.Message) bool {
	e, ok := as[*os.SyscallError](err)
	if ok {
		writeTexts(m, e.Syscall)
	}
	return ok
}

func decodeSyscallError(m *tenon.Message, _ string, cause error) error {
	t := readTexts(m)
	return &os.SyscallError{Syscall: t[0], Err: present(cause)}
}

func encodeNumError(err error, m *tenon.Message) bool {
	e, ok := as[*strconv.NumError](err)
	if ok {
		writeTexts(m, e.Func, e.Num)
	}
	return ok
}

func decodeNumError(m *tenon.Message, _ string, cause error) error {
	t := readTexts(m)
	return &strconv.NumError{Func: t[0], Num: t[1], Err: present(cause)}
}

// writeTexts writes texts as fields 1, 2 and so on.
func writeTexts(m *tenon.Message, texts ...string) {
	for i, t := range texts {
		m.WriteBytes(int32(i+1), []byte(t))
	}
}

func readTexts(m *tenon.Message) (texts [3]string) {
	for m.Next() {
		if i := m.Field() - 1; i < int32(len(texts)) {
			texts[i] = string(m.ReadView())
		}
	}
	return texts
}

func encodeErrno(err error, m *tenon.Message) bool {
	e, ok := err.(syscall.Errno)
	if ok {
		m.WriteUint(1, uint64(e))
		m.WriteString(2, runtime.GOOS)
	}
	return ok
}

// decodeErrno takes the number for what it is on the same operating system
// only, and then only if it has the same text here: on Linux a few processors
// number some errors differently. Otherwise the text stays, and the sentinels
// that the sender named.
func decodeErrno(m *tenon.Message, text string, _ error) error {
	var number uint64
	var goos string
	for m.Next() {
		switch m.Field() {
		case 1:
			number = m.ReadUint()
		case 2:
			goos = string(m.ReadView())
		}
	}
	errno := syscall.Errno(number)
	if goos != runtime.GOOS || uint64(errno) != number || errno.Error() != text {
		return nil
	}
	return errno
}

func encodeError(err error, m *tenon.Message) bool {
	e, ok := as[*tenon.Error](err)
	if ok {
		m.WriteUint(1, uint64(e.Code))
		m.WriteString(2, clip(e.Service, maxText))
		m.WriteString(3, clip(e.Method, maxText))
		m.WriteString(4, clip(e.Stack, maxText))
	}
	return ok
}

func decodeError(m *tenon.Message, text string, cause error) error {
	e := &tenon.Error{Message: text, Err: cause}
	for m.Next() {
		switch m.Field() {
		case 1:
			e.Code = tenon.Code(m.ReadUint())
		case 2:
			e.Service = m.ReadString()
		case 3:
			e.Method = m.ReadString()
		case 4:
			e.Stack = m.ReadString()
		}
	}
	if text == e.Code.String() {
		e.Message = "" // that is how it prints without one
	}
	return e
}
