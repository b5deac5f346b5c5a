package process

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// system is what a Process is on Linux.
//
// The lock and the flag keep every signal away from a stranger that was given
// the same number: a child keeps its pid, and so the number of its group,
// until it is reaped, and that happens under the lock.
type system struct {
	detached bool
	shared   bool   // the group is not the child's own
	mark     string // in the environment of all that the child starts; empty if it is detached
	guard    guard
	spare    bool // those that the child starts in another session
	session  int  // the child's, 0 too: that of a leader outside of this pid namespace
	started  time.Time
	oomKills int64 // by the machine, when the process started
	forks    int64 // likewise

	mu        sync.Mutex
	reaped    bool
	killed    bool // a SIGKILL was sent from here
	traced    bool // the child made this process its tracer
	releasing bool // see releaseThreads
	pidfd     int  // -1: the kernel has none, or closed
}

func (p *Process) start(spec *Spec) error {
	started := make(chan error)
	go p.own(spec, started)
	return <-started
}

// own starts the process and sees it to its end.
//
// It keeps one thread for all that time. The parent-death signal is tied to
// the thread that forked, not to the process: forked from any goroutine, the
// child would be killed when the runtime gives up an idle thread. This thread
// cannot go early, because it spends its life waiting for the child.
func (p *Process) own(spec *Spec, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.fork(spec); err != nil {
		started <- Explain(spec.Path, spec.Dir, err)
		return
	}
	started <- nil
	// Whoever was waiting is next on the processor of this goroutine, which the
	// wait below would keep until the runtime notices, up to 10 ms later.
	runtime.Gosched()
	// Only now: the kernel takes 70 µs to write the two files.
	p.sys.oomKills, p.sys.forks = countOOMKills(), countForks()
	waitErr := p.awaitExit()
	p.finish(waitErr)
}

func (p *Process) fork(spec *Spec) error {
	files, closeNull, err := stdio(spec)
	if err != nil {
		return err
	}
	defer closeNull()
	s := &p.sys
	attr := s.configure(spec)
	if !s.detached && !s.shared {
		if s.guard, err = newGuard(); err != nil {
			return err
		}
	}
	s.started = time.Now()
	p.pid, err = forkExec(spec, files, attr)
	if err != nil {
		s.guard.close()
		return err
	}
	if s.spare {
		s.session, err = unix.Getsid(p.pid)
		s.spare = err == nil
	}
	s.guard.aim(p.pid)
	return nil
}

// configure decides how the child is tied to this process.
func (s *system) configure(spec *Spec) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{}
	if spec.SysProcAttr != nil {
		*attr = *spec.SysProcAttr
	}
	s.pidfd = -1
	attr.PidFD = &s.pidfd
	s.detached = spec.Detached
	if spec.Detached {
		attr.Setsid, attr.Setpgid, attr.Foreground = true, false, false
		attr.Pdeathsig = 0
		return attr
	}
	if attr.Pdeathsig == 0 {
		attr.Pdeathsig = syscall.SIGKILL
	}
	s.spare = spec.SpareSessions
	s.mark = newMark()
	spec.Env = addMark(spec.Env, s.mark)
	switch {
	case attr.Setpgid && attr.Pgid != 0:
		s.shared = true
	case attr.Setsid || attr.Foreground || attr.Setpgid:
	case spec.Group == GroupShared, spec.Group == GroupAuto && isTerminal(spec.Stdin):
		s.shared = true
	default:
		attr.Setpgid = true
	}
	return attr
}

// forkExec starts the child, and tries again for a quarter of a second while
// the file is busy. A program that writes an executable and runs it meets that
// without a fault of its own: between fork and exec, a child that another
// thread starts holds a copy of the descriptor which the file was written
// through. See https://go.dev/issue/22315.
func forkExec(spec *Spec, files []*os.File, sys *syscall.SysProcAttr) (int, error) {
	attr := &syscall.ProcAttr{Dir: spec.Dir, Env: spec.Env, Sys: sys}
	for _, f := range files {
		attr.Files = append(attr.Files, f.Fd())
	}
	defer runtime.KeepAlive(files)
	path := spec.Path
	if spec.File != nil {
		path = procFile(os.Getpid(), "fd/"+strconv.Itoa(int(spec.File.Fd())))
		defer runtime.KeepAlive(spec.File)
	}
	for pause := time.Millisecond; ; pause *= 2 {
		pid, _, err := syscall.StartProcess(path, spec.Args, attr)
		if !errors.Is(err, syscall.ETXTBSY) || pause > 128*time.Millisecond {
			return pid, err
		}
		time.Sleep(pause)
	}
}

// finish clears up after a child that has ended. The tree is swept first and
// the zombie reaped afterwards: until then nobody else can get its number.
//
// The hunt is not under the lock: it takes as long as the machine has
// processes, and whoever wants to signal a zombie need not wait for that.
func (p *Process) finish(waitErr error) {
	s := &p.sys
	ended := time.Now()
	s.mu.Lock()
	own := waitErr == nil && !s.detached && !s.shared
	if own {
		p.sweep()
	}
	killed := s.killed
	s.mu.Unlock()
	if !s.detached {
		p.huntMarked(own)
	}
	s.mu.Lock()
	p.exit = p.reap()
	s.reaped = true
	if s.pidfd >= 0 {
		unix.Close(s.pidfd)
		s.pidfd = -1
	}
	p.exit.Traced = s.traced
	s.mu.Unlock()
	s.guard.close()
	p.exit.Started, p.exit.Ended = s.started, ended
	p.exit.OutOfMemory = p.exit.Signal == syscall.SIGKILL && !killed && countOOMKills() > s.oomKills
	close(p.done)
}

// sweep kills what the child, a zombie now, has left behind in its group. The
// child is sent the signal too: should the kernel have reported an end that was
// none, it might have left the group.
func (p *Process) sweep() {
	unix.Kill(-p.pid, unix.SIGKILL)
	signalTo(p.pid, p.sys.pidfd, unix.SIGKILL)
}

// huntMarked kills what the child has left behind in other groups: jobs of a
// shell, daemons.
func (p *Process) huntMarked(swept bool) {
	h := hunt{mark: p.sys.mark, spare: p.sys.spare, session: p.sys.session, born: birth{p.pid, p.sys.started, p.sys.forks}}
	if swept {
		h.swept = p.pid
	}
	h.killMarked()
}

// Signal sends sig, a [syscall.Signal], to the process, and only to it. After
// the end of the process it returns [os.ErrProcessDone].
func (p *Process) Signal(sig os.Signal) error {
	n, ok := sig.(syscall.Signal)
	if !ok {
		return os.NewSyscallError("kill", syscall.EINVAL)
	}
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	if p.sys.reaped {
		return os.ErrProcessDone
	}
	if n == syscall.SIGKILL {
		p.sys.killed = true
		p.releaseThreads()
	}
	return os.NewSyscallError("kill", signalTo(p.pid, p.sys.pidfd, n))
}

// huntTimeout bounds how long KillTree searches before it kills. A child may
// have ten thousand threads, and each has a list of children of its own.
const huntTimeout = 50 * time.Millisecond

// KillTree sends SIGKILL to the process and all its descendants, those that
// moved to another group included, as far as they can be found. It does not
// wait for their end. When the process has ended there is nothing to do.
//
// The search gets a twentieth of a second. Whom it has not come to by then is
// left to that for the mark, which follows the end of the process.
func (p *Process) KillTree() error {
	s := &p.sys
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reaped {
		return nil
	}
	s.killed = true
	signalTo(p.pid, s.pidfd, unix.SIGSTOP) // it must not fork while its children are counted
	h := hunt{root: p.pid, spare: s.spare, session: s.session, until: time.Now().Add(huntTimeout)}
	if s.shared {
		h.mark = s.mark // all of /proc: the goroutine that knows the birth may be writing it down
	}
	h.freeze()
	err := signalTo(p.pid, s.pidfd, unix.SIGKILL)
	if !s.shared {
		unix.Kill(-p.pid, unix.SIGKILL)
	}
	h.kill()
	p.releaseThreads()
	if err == unix.ESRCH {
		err = nil
	}
	return os.NewSyscallError("kill", err)
}

// signalTo sends a signal through a pidfd if there is one and it works: old
// sandboxes answer EPERM to calls that they do not know. Otherwise the caller
// knows that pid is still whom it means.
func signalTo(pid, pidfd int, sig unix.Signal) error {
	if pidfd >= 0 {
		err := unix.PidfdSendSignal(pidfd, sig, nil, 0)
		if err != unix.ENOSYS && err != unix.EPERM {
			return err
		}
	}
	return unix.Kill(pid, sig)
}
