//go:build unix && !linux

package process

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// system is what a Process is where no kernel helps to end a tree: the child
// has a group of its own, and has to notice the end of its parent itself.
type system struct {
	proc     *os.Process
	detached bool
	shared   bool

	mu     sync.Mutex
	reaped bool
}

func (p *Process) start(spec *Spec) error {
	files, closeNull, err := stdio(spec)
	if err != nil {
		return Explain(spec.Path, spec.Dir, err)
	}
	defer closeNull()
	started := time.Now()
	attr := &os.ProcAttr{Dir: spec.Dir, Env: spec.Env, Files: files, Sys: p.sys.configure(spec)}
	if attr.Env == nil {
		attr.Env = []string{} // nil would be this process's own
	}
	p.sys.proc, err = startProcess(spec, attr)
	if err != nil {
		return Explain(spec.Path, spec.Dir, err)
	}
	p.pid = p.sys.proc.Pid
	go p.own(started)
	return nil
}

// startProcess tries again for a quarter of a second while the file is busy;
// see https://go.dev/issue/22315.
func startProcess(spec *Spec, attr *os.ProcAttr) (*os.Process, error) {
	for pause := time.Millisecond; ; pause *= 2 {
		proc, err := os.StartProcess(spec.Path, spec.Args, attr)
		if !errors.Is(err, syscall.ETXTBSY) || pause > 128*time.Millisecond {
			return proc, err
		}
		time.Sleep(pause)
	}
}

func (s *system) configure(spec *Spec) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{}
	if spec.SysProcAttr != nil {
		*attr = *spec.SysProcAttr
	}
	s.detached = spec.Detached
	switch {
	case spec.Detached:
		attr.Setsid, attr.Setpgid = true, false
	case attr.Setpgid && attr.Pgid != 0:
		s.shared = true
	case attr.Setsid || attr.Setpgid:
	case spec.Group == GroupShared, spec.Group == GroupAuto && isTerminal(spec.Stdin):
		s.shared = true
	default:
		attr.Setpgid = true
	}
	return attr
}

// own waits for the process to end, which reaps it, and kills what is left of
// its group. In between, a new group could get the number, for a microsecond:
// there is no portable way to notice an end without reaping.
func (p *Process) own(started time.Time) {
	state, err := p.sys.proc.Wait()
	ended := time.Now()
	p.sys.mu.Lock()
	p.sys.reaped = true
	if err == nil && !p.sys.detached && !p.sys.shared {
		unix.Kill(-p.pid, unix.SIGKILL)
	}
	p.sys.mu.Unlock()
	p.exit = exitOf(state, err)
	p.exit.Started, p.exit.Ended = started, ended
	close(p.done)
}

func exitOf(state *os.ProcessState, err error) Exit {
	if err != nil {
		return Exit{Code: -1, Unknown: true}
	}
	e := Exit{Code: state.ExitCode(), User: state.UserTime(), System: state.SystemTime()}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.Signal, e.CoreDumped = status.Signal(), status.CoreDump()
	}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		e.MaxRSS = int64(usage.Maxrss) * 1024
		if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
			e.MaxRSS /= 1024 // bytes already
		}
	}
	return e
}

// Signal sends sig to the process, and only to it. After the end of the
// process it returns [os.ErrProcessDone].
func (p *Process) Signal(sig os.Signal) error { return p.sys.proc.Signal(sig) }

// KillTree sends SIGKILL to the process and its group. In a shared group only
// the process itself is reached. When it has ended there is nothing to do.
func (p *Process) KillTree() error {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	if p.sys.reaped {
		return nil
	}
	if !p.sys.shared {
		unix.Kill(-p.pid, unix.SIGKILL)
	}
	err := p.sys.proc.Kill()
	if err == os.ErrProcessDone {
		return nil
	}
	return err
}

// KillOwnTree ends this process, and its group if it leads one, by SIGKILL. It
// does not return. A child calls it when the end of file on its inherited
// socket says that the parent is gone, and nothing is left to put in order.
func KillOwnTree() {
	self := os.Getpid()
	if group, err := unix.Getpgid(0); err == nil && group == self {
		unix.Kill(-self, unix.SIGKILL)
	}
	unix.Kill(self, unix.SIGKILL)
	select {} // the signal is on its way
}

// SurviveParent has nothing to do here: no signal comes when the parent dies.
func SurviveParent() error { return nil }
