//go:build unix

package process

import (
	"errors"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// isFormatError tells whether the kernel saw no program in the file. macOS has
// errors of its own for a wrong processor (86) and a broken header (88).
func isFormatError(err error) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	return errno == syscall.ENOEXEC || runtime.GOOS == "darwin" && (errno == 86 || errno == 88)
}

func mayEnter(dir string) bool { return unix.Access(dir, unix.X_OK) == nil }
