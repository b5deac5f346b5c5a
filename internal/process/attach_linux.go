package process

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// attachedSystem is a pidfd: it stays with the process, whatever becomes of the
// number. The runtime's poller watches it, so that no thread has to.
type attachedSystem struct {
	file  *os.File
	pidfd int
}

func (a *Attached) open() error {
	fd, err := unix.PidfdOpen(a.pid, unix.PIDFD_NONBLOCK)
	if errors.Is(err, unix.ESRCH) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("%w: pidfd_open: %w", ErrNotFound, err)
	}
	a.sys.pidfd = fd
	a.sys.file = os.NewFile(uintptr(fd), "pidfd")
	if gone(fd) {
		a.release()
		return ErrNotFound // a zombie
	}
	return nil
}

func (a *Attached) release() { a.sys.file.Close() }

func (a *Attached) watch() {
	defer close(a.done)
	conn, err := a.sys.file.SyscallConn()
	if err != nil {
		return
	}
	conn.Read(func(fd uintptr) bool { return gone(int(fd)) })
}

func gone(pidfd int) bool {
	p := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(p, 0)
	return err == nil && n > 0
}

// Kill sends SIGKILL to the process, and nobody else.
func (a *Attached) Kill() error { return a.signal(unix.SIGKILL) }

// Terminate sends SIGTERM.
func (a *Attached) Terminate() error { return a.signal(unix.SIGTERM) }

func (a *Attached) signal(sig unix.Signal) error {
	conn, err := a.sys.file.SyscallConn()
	if err != nil {
		return os.ErrProcessDone
	}
	err2 := conn.Control(func(fd uintptr) { err = unix.PidfdSendSignal(int(fd), sig, nil, 0) })
	if err2 != nil || errors.Is(err, unix.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// Close ends the watch.
func (a *Attached) Close() {
	a.release()
	<-a.done
}

// Identity is what [Attached.Identity] would return for a process.
func Identity(pid int) string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	stat, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return ""
	}
	const sinceName, startTime = 3, 22 // of the fields, counted from 1
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) <= startTime-sinceName {
		return ""
	}
	return strings.TrimSpace(string(boot)) + ":" + fields[startTime-sinceName]
}

// Listener returns the process that listens at the other end of a connection,
// 0 if that is not known: the connection is none of a unix socket, or the
// process is in another namespace.
func Listener(c net.Conn) (pid int) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return 0
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(cred.Pid)
		}
	})
	return pid
}

// Descends reports whether a process is the other, or was started by it or by
// one that it has started, all of which are there still.
func Descends(pid, ancestor int) bool {
	for generation := 0; pid > 1 && generation < 100; generation++ {
		if pid == ancestor {
			return true
		}
		pid = parentOf(pid)
	}
	return pid == ancestor
}
