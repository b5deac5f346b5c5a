//go:build unix

package carrier

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Socket is a Carrier on a connected stream socket.
type Socket struct {
	file *os.File
	raw  syscall.RawConn

	// What the write callback works on. A callback that captured them would be
	// allocated for every write.
	a, b    []byte
	written int
	err     error
	closed  atomic.Bool
	iov     [2][]byte // for writev
	try     func(fd uintptr) bool
	wait    func(fd uintptr) bool

	// The same for a look at what there is to read.
	into   []byte
	seen   int
	lookFn func(fd uintptr) bool
	looks  looks
}

// NewSocket takes over f, which must be a connected stream socket that does
// not block.
func NewSocket(f *os.File) (*Socket, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("socket carrier: %w", err)
	}
	// A descriptor that the runtime cannot poll would block a thread for ever
	// and ignore Interrupt.
	if err := f.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("socket carrier: descriptor cannot be polled: %w", err)
	}
	s := &Socket{file: f, raw: raw}
	s.try = func(fd uintptr) bool { s.step(int(fd)); return true }
	s.wait = func(fd uintptr) bool { return s.step(int(fd)) }
	s.lookFn = func(fd uintptr) bool { s.look(int(fd)); return true }
	return s, nil
}

// Read implements Carrier.
func (s *Socket) Read(p []byte, look bool) (int, error) {
	if look && s.looks.worthwhile() {
		s.into, s.seen = p, 0
		err := s.raw.Read(s.lookFn)
		s.into = nil
		if s.seen > 0 {
			return s.seen, nil
		}
		if err != nil {
			return 0, s.readError(err)
		}
	}
	n, err := s.file.Read(p)
	if err != nil {
		err = s.readError(err)
	}
	return n, err
}

func (s *Socket) readError(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		// Cleared here and not before the next Read, where it would wipe out
		// an interruption meant for that one. One that comes between the two
		// calls is lost with this one's, which it only repeats.
		s.file.SetReadDeadline(time.Time{})
		return ErrInterrupted
	case errors.Is(err, syscall.ECONNRESET):
		// The other end was closed while it had unread bytes: gone all the same.
		return io.EOF
	}
	return err
}

// look reads what comes within lookTime, without giving the processor away. End
// of file and errors are left to the ordinary way of reading.
func (s *Socket) look(fd int) {
	for start := time.Now(); ; {
		for range 4 {
			n, err := unix.Read(fd, s.into)
			if n > 0 {
				s.seen = n
				s.looks.paid()
				return
			}
			if err != unix.EAGAIN {
				return
			}
		}
		if time.Since(start) > lookTime {
			s.looks.wasted()
			return
		}
	}
}

// TryWrite implements Carrier.
func (s *Socket) TryWrite(a, b []byte) (int, error) {
	n, err := s.write(a, b, s.try)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		// An interruption that came too late for the Write that was meant.
		s.file.SetWriteDeadline(time.Time{})
		return s.write(a, b, s.try)
	}
	return n, err
}

// Write implements Carrier.
func (s *Socket) Write(a, b []byte) (int, error) {
	n, err := s.write(a, b, s.wait)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.file.SetWriteDeadline(time.Time{})
		err = ErrInterrupted
	}
	return n, err
}

func (s *Socket) write(a, b []byte, f func(uintptr) bool) (int, error) {
	s.a, s.b, s.written, s.err = a, b, 0, nil
	err := s.raw.Write(f)
	s.a, s.b = nil, nil
	if s.err != nil {
		err = s.err
	}
	if err != nil && s.closed.Load() {
		err = os.ErrClosed // the runtime has an error of its own for this
	}
	return s.written, err
}

// step writes until everything is written, which it reports, or the socket is
// full, or an error has come.
func (s *Socket) step(fd int) bool {
	for len(s.a)+len(s.b) > 0 {
		n, err := s.writev(fd)
		switch err {
		case nil:
			s.advance(n)
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			s.err = os.NewSyscallError("write", err)
			return true
		}
	}
	return true
}

func (s *Socket) writev(fd int) (int, error) {
	switch {
	case len(s.b) == 0:
		return unix.Write(fd, s.a)
	case len(s.a) == 0:
		return unix.Write(fd, s.b)
	}
	return s.both(fd)
}

func (s *Socket) advance(n int) {
	s.written += n
	first := min(n, len(s.a))
	s.a, s.b = s.a[first:], s.b[n-first:]
}

// Interrupt implements Carrier.
func (s *Socket) Interrupt() { s.file.SetReadDeadline(past) }

// InterruptWrite implements Carrier.
func (s *Socket) InterruptWrite() { s.file.SetWriteDeadline(past) }

// Close implements Carrier.
func (s *Socket) Close() error {
	s.closed.Store(true)
	return s.file.Close()
}

var past = time.Unix(1, 0)
