package plugin

import (
	"fmt"
	"os"
	"path/filepath"
)

// BasicError is an error as its text, which is all that net/rpc's encoding can
// carry of one: a field of type error in an answer would have to be of a type that
// both sides have registered with package gob.
type BasicError struct {
	Message string
}

// NewBasicError returns the text of err, nil for nil.
func NewBasicError(err error) *BasicError {
	if err == nil {
		return nil
	}
	return &BasicError{Message: err.Error()}
}

// Error is the text.
func (e *BasicError) Error() string { return e.Message }

// Discover returns the paths in dir that match the pattern glob, as
// filepath.Glob does. A dir that is relative counts from the working directory.
// Whether they are programs is not looked at.
func Discover(glob, dir string) ([]string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(abs, glob))
}

// ServeMuxMap is what one program can serve, by the argument that it is started
// with.
type ServeMuxMap map[string]*ServeConfig

// ServeMux is Serve for the configuration that the program's only argument names,
// and returns when that does. Without such an argument it says so on standard error
// and ends the process with status 1.
func ServeMux(m ServeMuxMap) {
	if len(os.Args) != 2 {
		fmt.Fprintf(os.Stderr,
			"Invoked improperly. This is an internal command that shouldn't\n"+
				"be manually invoked.\n")
		os.Exit(1)
	}
	opts, ok := m[os.Args[1]]
	if !ok {
		fmt.Fprintf(os.Stderr, "Unknown plugin: %s\n", os.Args[1])
		os.Exit(1)
	}
	Serve(opts)
}
