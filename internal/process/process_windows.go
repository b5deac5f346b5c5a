package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// system is what a Process is on Windows: a process in a job object, which is
// ended with all that is in it when the last handle on it is closed. The only
// handle is held here, so the death of this process closes it.
type system struct {
	proc *os.Process

	mu  sync.Mutex
	job windows.Handle // 0: detached, or closed
}

var errInherit = fmt.Errorf("descriptors beyond the standard three cannot be inherited on Windows: %w", errors.ErrUnsupported)

// start cannot put the process into the job before it runs, since package os
// hides the thread that would have to be resumed. What the process starts in
// its first moments may not be in the job.
func (p *Process) start(spec *Spec) error {
	files, closeNull, err := stdio(spec)
	if err != nil {
		return Explain(spec.Path, spec.Dir, err)
	}
	defer closeNull()
	if len(spec.Extra) > 0 {
		return Explain(spec.Path, spec.Dir, errInherit)
	}
	started := time.Now()
	if !spec.Detached {
		if p.sys.job, err = newJob(); err != nil {
			return Explain(spec.Path, spec.Dir, err)
		}
	}
	attr := &os.ProcAttr{Dir: spec.Dir, Env: append([]string{}, spec.Env...), Files: files, Sys: configure(spec)}
	p.sys.proc, err = os.StartProcess(spec.Path, spec.Args, attr)
	if err != nil {
		p.sys.closeJob()
		return Explain(spec.Path, spec.Dir, err)
	}
	p.pid = p.sys.proc.Pid
	if err := p.sys.assign(); err != nil {
		return Explain(spec.Path, spec.Dir, err)
	}
	go p.own(started)
	return nil
}

func configure(spec *Spec) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{}
	if spec.SysProcAttr != nil {
		*attr = *spec.SysProcAttr
	}
	if spec.Detached {
		attr.CreationFlags |= windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS
	}
	return attr
}

func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, fmt.Errorf("creating a job object: %w", err)
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		windows.CloseHandle(job)
		return 0, fmt.Errorf("setting up a job object: %w", err)
	}
	return job, nil
}

// assign puts the new process into the job. One that cannot be put there would
// outlive us, so it is ended.
func (s *system) assign() error {
	if s.job == 0 {
		return nil
	}
	const access = windows.PROCESS_SET_QUOTA | windows.PROCESS_TERMINATE
	handle, err := windows.OpenProcess(access, false, uint32(s.proc.Pid))
	if err == nil {
		defer windows.CloseHandle(handle)
		err = windows.AssignProcessToJobObject(s.job, handle)
	}
	if err == nil {
		return nil
	}
	s.proc.Kill()
	s.proc.Wait()
	s.closeJob()
	return fmt.Errorf("assigning the process to a job object: %w", err)
}

// closeJob ends all that is left in the job.
func (s *system) closeJob() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.job != 0 {
		windows.CloseHandle(s.job)
		s.job = 0
	}
}

func (p *Process) own(started time.Time) {
	state, err := p.sys.proc.Wait()
	p.exit = Exit{Code: -1, Unknown: true}
	if err == nil {
		p.exit = Exit{Code: state.ExitCode(), User: state.UserTime(), System: state.SystemTime()}
	}
	p.exit.Started, p.exit.Ended = started, time.Now()
	p.sys.closeJob()
	close(p.done)
}

// Signal sends sig to the process. Windows knows only [os.Kill].
func (p *Process) Signal(sig os.Signal) error { return p.sys.proc.Signal(sig) }

// KillTree ends the process and all that it started. It does not wait for
// their end. When the process has ended there is nothing to do.
func (p *Process) KillTree() error {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	if p.sys.job != 0 {
		return os.NewSyscallError("TerminateJobObject", windows.TerminateJobObject(p.sys.job, 1))
	}
	err := p.sys.proc.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// KillOwnTree ends this process. Its children are in its parent's job. A child
// calls it when the connection to its parent has ended.
func KillOwnTree() { os.Exit(1) }

// SurviveParent has nothing to do here: the job takes care of all.
func SurviveParent() error { return nil }

// Socketpair is not available on Windows.
func Socketpair() (parent, child *os.File, err error) {
	return nil, nil, fmt.Errorf("making a socketpair for the child: %w", errors.ErrUnsupported)
}

// Inherited is not available on Windows.
func Inherited(fd int) (*os.File, error) {
	return nil, fmt.Errorf("descriptor %d: %w", fd, errInherit)
}

// ParentPid returns the pid of the parent, which may have ended.
func ParentPid() int { return os.Getppid() }

func signalName(sig syscall.Signal) string { return "signal " + strconv.Itoa(int(sig)) }

// isFormatError tells whether the system saw no program in the file.
func isFormatError(err error) bool {
	return errors.Is(err, windows.ERROR_BAD_EXE_FORMAT) || errors.Is(err, windows.ERROR_EXE_MACHINE_TYPE_MISMATCH)
}

func mayEnter(string) bool { return true }
