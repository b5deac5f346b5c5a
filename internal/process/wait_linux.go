package process

import (
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// The values of si_code that mean an end. Stops have others.
const (
	cldExited = 1
	cldKilled = 2
	cldDumped = 3
)

// awaitExit returns when the child has ended, and leaves it a zombie.
//
// Not all that waitid reports is an end. A child may make this process its
// tracer without being asked to (PTRACE_TRACEME); from then on each of its
// stops is reported, whatever was waited for, while its other threads run on.
// Nobody here wants to trace it, and as it would stay stopped for ever at its
// next signal it is killed.
func (p *Process) awaitExit() error {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, p.pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return err
		case info.Code == cldExited, info.Code == cldKilled, info.Code == cldDumped:
			return nil
		default:
			p.killTracee()
			runtime.Gosched() // until the signal is there the same stop is reported
		}
	}
}

func (p *Process) killTracee() {
	s := &p.sys
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed, s.traced = true, true
	signalTo(p.pid, s.pidfd, unix.SIGKILL)
	p.releaseThreads()
}

// releaseThreads sees to it that a process which was sent SIGKILL can end: a
// thread other than the first that made this process its tracer stays a zombie
// until it is waited for here, and the end of the process is not reported
// before. The caller holds the lock.
func (p *Process) releaseThreads() {
	if p.sys.releasing || p.sys.reaped {
		return
	}
	p.sys.releasing = true
	go func() {
		const most = 100 * time.Millisecond
		for pause := time.Millisecond; ; pause = min(2*pause, most) {
			select {
			case <-p.done:
				return
			case <-time.After(pause):
				p.reapThreads()
			}
		}
	}()
}

// reapThreads reaps threads of the child. Those that are not traced are
// nobody's children, and the kernel says so.
func (p *Process) reapThreads() {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	if p.sys.reaped {
		return
	}
	threads, _ := os.ReadDir(procFile(p.pid, "task"))
	for _, thread := range threads {
		if tid, err := strconv.Atoi(thread.Name()); err == nil && tid != p.pid {
			unix.Wait4(tid, nil, unix.WALL|unix.WNOHANG, nil)
		}
	}
}

// reap collects the exit status. If other code in this program, one that waits
// for any child, has taken it already, the status is unknown; and so is who has
// the pid now. The caller holds the lock.
func (p *Process) reap() Exit {
	var status unix.WaitStatus
	var usage unix.Rusage
	for {
		_, err := unix.Wait4(p.pid, &status, 0, &usage)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return Exit{Code: -1, Unknown: true}
		}
		if status.Exited() || status.Signaled() {
			break
		}
		signalTo(p.pid, p.sys.pidfd, unix.SIGKILL) // a stop; see awaitExit
	}
	e := Exit{
		Code:   status.ExitStatus(),
		User:   time.Duration(usage.Utime.Nano()),
		System: time.Duration(usage.Stime.Nano()),
		MaxRSS: usage.Maxrss * 1024,
	}
	if status.Signaled() {
		e.Signal, e.CoreDumped = status.Signal(), status.CoreDump()
	}
	return e
}
