package fault

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/tenon-go/tenon"
)

// Panic returns the error that a call is answered with after its handler
// panicked with value. stack is what [runtime/debug.Stack] returned in the
// deferred function that recovered; the frames above the panic are left out. If
// value is an error, the result wraps it.
func Panic(value any, stack []byte) *tenon.Error {
	err, _ := value.(error)
	return &tenon.Error{
		Code:    tenon.Internal,
		Message: clip("panic: "+panicText(value), maxText),
		Stack:   clip(string(trim(stack)), maxText),
		Err:     err,
	}
}

// panicText prints value as the runtime does, which does not look into
// composite values: one that contains itself has no end.
func panicText(value any) string {
	if err, ok := value.(error); ok {
		return textOf(err)
	}
	if _, ok := value.(fmt.Stringer); ok {
		return fmt.Sprint(value) // which survives a String method that panics
	}
	switch k := reflect.ValueOf(value).Kind(); {
	case k == reflect.String, reflect.Bool <= k && k <= reflect.Complex128:
		return fmt.Sprintf("%v", value)
	}
	return fmt.Sprintf("(%T)", value)
}

// trim cuts out of a stack what is between its first line and the frame that
// panicked: the recovering function and the runtime's own. The topmost panic is
// the one that was recovered, if there are several.
func trim(stack []byte) []byte {
	head, rest, ok := bytes.Cut(stack, []byte("\n"))
	if !ok || !bytes.HasPrefix(head, []byte("goroutine ")) {
		return stack
	}
	for found := false; len(rest) > 0; {
		switch frame, tail := cutFrame(rest); {
		case bytes.HasPrefix(frame, []byte("panic(")):
			found, rest = true, tail
		case found && !bytes.HasPrefix(frame, []byte("runtime.")):
			return bytes.Join([][]byte{head, rest}, []byte("\n"))
		default:
			rest = tail
		}
	}
	return stack
}

// cutFrame takes the first frame off a stack: a line for the function, and one
// for the place, which begins with a tab.
func cutFrame(stack []byte) (frame, rest []byte) {
	frame, rest, _ = bytes.Cut(stack, []byte("\n"))
	if bytes.HasPrefix(rest, []byte("\t")) {
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
	}
	return frame, rest
}
