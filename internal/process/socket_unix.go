//go:build unix

package process

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Socketpair returns two connected stream sockets, one to keep and one to pass
// to a child in Spec.Extra. No other child inherits them. The parent's end
// doesn't block and works with the runtime's poller. The child's end blocks,
// which is what a program in any language expects of a descriptor; [Inherited]
// changes that.
//
// The buffers are left at the system's size: what an unprivileged process may
// ask for is no more than that on most machines.
func Socketpair() (parent, child *os.File, err error) {
	fds, err := socketpair()
	if err != nil {
		return nil, nil, fmt.Errorf("making a socketpair for the child: %w", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		unix.Close(fds[0])
		unix.Close(fds[1])
		return nil, nil, fmt.Errorf("making a socketpair for the child: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "socketpair, parent's end"), os.NewFile(uintptr(fds[1]), "socketpair, child's end"), nil
}

// Inherited returns the socket that this process inherited as descriptor fd,
// set not to block and not to be inherited by the processes that it starts
// itself. A descriptor which is not a connected unix socket is left alone:
// under a parent that knows nothing of us the number may be anything.
func Inherited(fd int) (*os.File, error) {
	if err := checkSocket(fd); err != nil {
		return nil, fmt.Errorf("descriptor %d, which the parent should have passed on, %w", fd, err)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("descriptor %d cannot be used without blocking: %w", fd, err)
	}
	return os.NewFile(uintptr(fd), "inherited socket "+strconv.Itoa(fd)), nil
}

func checkSocket(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	switch {
	case err == syscall.EBADF:
		return fmt.Errorf("is not open: %w", err)
	case err != nil:
		return fmt.Errorf("is not a socket: %w", err)
	case kind != unix.SOCK_STREAM:
		return fmt.Errorf("is not a stream socket: %w", syscall.EPROTOTYPE)
	}
	local, err := unix.Getsockname(fd)
	if err != nil {
		return fmt.Errorf("has no address: %w", err)
	}
	if _, ok := local.(*unix.SockaddrUnix); !ok {
		return fmt.Errorf("is not a unix socket: %w", syscall.EAFNOSUPPORT)
	}
	if _, err := unix.Getpeername(fd); err != nil {
		return fmt.Errorf("is not connected: %w", err)
	}
	return nil
}

// ParentPid returns the pid of the parent. It changes when the parent dies.
func ParentPid() int { return unix.Getppid() }

func signalName(sig syscall.Signal) string {
	if name := unix.SignalName(sig); name != "" {
		return name
	}
	return "signal " + strconv.Itoa(int(sig))
}
