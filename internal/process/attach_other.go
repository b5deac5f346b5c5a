//go:build !linux

package process

import (
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// attachedSystem is a number that is looked at from time to time. On Windows it
// is a handle, which stays with the process.
type attachedSystem struct {
	proc *os.Process
	once sync.Once
	stop chan struct{}
}

func (a *Attached) open() error {
	proc, err := os.FindProcess(a.pid)
	if err != nil {
		return ErrNotFound
	}
	a.sys.proc, a.sys.stop = proc, make(chan struct{})
	if runtime.GOOS != "windows" && !a.alive() {
		return ErrNotFound
	}
	return nil
}

func (a *Attached) alive() bool { return a.sys.proc.Signal(syscall.Signal(0)) == nil }

func (a *Attached) release() {}

func (a *Attached) watch() {
	defer close(a.done)
	if runtime.GOOS == "windows" {
		ended := make(chan struct{})
		go func() { a.sys.proc.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-a.sys.stop:
		}
		return
	}
	t := time.NewTicker(200 * time.Millisecond) // there is no event
	defer t.Stop()
	for a.alive() {
		select {
		case <-t.C:
		case <-a.sys.stop:
			return
		}
	}
}

// Kill ends the process.
func (a *Attached) Kill() error {
	select {
	case <-a.done:
		return os.ErrProcessDone // the number may be another's by now
	default:
	}
	return a.sys.proc.Kill()
}

// Terminate asks the process to end, where the system has a way to.
func (a *Attached) Terminate() error {
	select {
	case <-a.done:
		return os.ErrProcessDone
	default:
	}
	return a.sys.proc.Signal(syscall.SIGTERM)
}

// Close ends the watch.
func (a *Attached) Close() {
	a.sys.once.Do(func() { close(a.sys.stop) })
	<-a.done
}

// Identity is not known here.
func Identity(int) string { return "" }

// Listener is not known here.
func Listener(net.Conn) (pid int) { return 0 }

// Descends is not known here.
func Descends(pid, ancestor int) bool { return pid == ancestor }
