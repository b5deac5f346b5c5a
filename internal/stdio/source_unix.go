//go:build unix

package stdio

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// pipe is a file that the runtime polls: a pipe, a socket or a terminal.
type pipe struct {
	*os.File
	raw syscall.RawConn
}

// newSource finds out whether r can be interrupted: a deadline can be set only
// on a file that is polled.
func newSource(r io.Reader) source {
	f, ok := r.(*os.File)
	if !ok || f.SetReadDeadline(time.Time{}) != nil {
		return plain{r}
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return plain{r}
	}
	// Asking a file for its descriptor may have made it blocking.
	var mode error
	err = raw.Control(func(fd uintptr) { mode = syscall.SetNonblock(int(fd), true) })
	if err != nil || mode != nil {
		return plain{r}
	}
	return pipe{f, raw}
}

func (p pipe) Read(b []byte) (int, error) {
	n, err := p.File.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errInterrupted
	}
	return n, err
}

func (p pipe) interrupt() { p.SetReadDeadline(time.Unix(1, 0)) }

// now goes round the poller: with a deadline in the past, Read does not even
// look at the pipe, and with none it would wait for as long as anyone, such as a
// grandchild, holds the other end.
func (p pipe) now(b []byte) (n int, err error) {
	p.SetReadDeadline(time.Time{})
	rawErr := p.raw.Read(func(fd uintptr) bool {
		for {
			n, err = syscall.Read(int(fd), b)
			if err != syscall.EINTR {
				return true
			}
		}
	})
	switch {
	case rawErr != nil:
		return 0, rawErr
	case err == syscall.EAGAIN:
		return 0, errEmpty
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
