package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A socket is a listener with a name, in a directory of the host's.
type socket struct{}

const socketVar = "BENCH_SOCKET"

func (socket) prepare(cmd *exec.Cmd) (end, error) {
	dir, err := os.MkdirTemp("", "carriers-")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "s")
	cmd.Env = append(os.Environ(), socketVar+"="+path)
	return socketEnd(path), nil
}

func (socket) listen() (net.Listener, error) { return net.Listen("unix", os.Getenv(socketVar)) }

type socketEnd string

func (e socketEnd) connect() (net.Conn, error) { return net.Dial("unix", string(e)) }
func (e socketEnd) Close() error               { return os.RemoveAll(filepath.Dir(string(e))) }

// A pair is two connected sockets, of which the plugin inherits one.
type pair struct{}

// inherited is the descriptor of the first of exec.Cmd.ExtraFiles.
const inherited = 3

func (pair) prepare(cmd *exec.Cmd) (end, error) {
	own, theirs, err := socketpair()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
	c, err := fileConn(own)
	if err != nil {
		theirs.Close()
		return nil, err
	}
	return pairEnd{c}, nil
}

func (pair) listen() (net.Listener, error) {
	c, err := fileConn(os.NewFile(inherited, "socketpair"))
	if err != nil {
		return nil, err
	}
	return newOnce(c), nil
}

// A pairEnd is connected from the beginning. gRPC's connection closes it too, and the
// second time is of no consequence.
type pairEnd struct{ c net.Conn }

func (e pairEnd) connect() (net.Conn, error) { return e.c, nil }
func (e pairEnd) Close() error               { e.c.Close(); return nil }

func socketpair() (own, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return os.NewFile(uintptr(fds[0]), "host's end"), os.NewFile(uintptr(fds[1]), "plugin's end"), nil
}

// fileConn takes over f.
func fileConn(f *os.File) (net.Conn, error) {
	defer f.Close()
	return net.FileConn(f)
}

// looking is a carrier of sockets that are looked at for a moment before a read
// sleeps, on either side.
type looking struct{ carrier }

func (l looking) prepare(cmd *exec.Cmd) (end, error) {
	e, err := l.carrier.prepare(cmd)
	return lookingEnd{e}, err
}

func (l looking) listen() (net.Listener, error) {
	in, err := l.carrier.listen()
	return lookingListener{in}, err
}

type lookingEnd struct{ end }

func (e lookingEnd) connect() (net.Conn, error) { return look(e.end.connect()) }

type lookingListener struct{ net.Listener }

func (l lookingListener) Accept() (net.Conn, error) { return look(l.Listener.Accept()) }

func look(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	s, ok := c.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("a %T cannot be looked at", c)
	}
	raw, err := s.SyscallConn()
	return &lookingConn{Conn: c, raw: raw}, err
}

// A lookingConn is read by one goroutine.
type lookingConn struct {
	net.Conn
	raw   syscall.RawConn
	looks looks
}

// Read implements net.Conn. Errors and the end are left to the ordinary read.
func (c *lookingConn) Read(b []byte) (n int, err error) {
	c.looks.while(func() bool {
		problem := c.raw.Read(func(fd uintptr) bool {
			n, err = unix.Read(int(fd), b)
			return true
		})
		return problem != nil || n > 0 || err != unix.EAGAIN
	})
	if n > 0 {
		return n, nil
	}
	return c.Conn.Read(b)
}

// looks decides as those of internal/carrier whether looking pays. They differ in
// that others get the processor between two looks: a call over gRPC needs three
// goroutines on each side, one over the native protocol a single one.
type looks struct {
	wasted, skipped int
}

const (
	lookTime  = 50 * time.Microsecond
	mostWaste = 16
	lookAgain = 64
)

func (l *looks) while(found func() bool) {
	if l.wasted >= mostWaste {
		if l.skipped++; l.skipped%lookAgain != 0 {
			return
		}
	}
	for start := time.Now(); time.Since(start) < lookTime; runtime.Gosched() {
		if found() {
			l.wasted = max(0, l.wasted-2)
			return
		}
	}
	l.wasted = min(l.wasted+1, mostWaste)
}
