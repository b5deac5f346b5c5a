package process

import "errors"

// ErrNotFound says that there is no process with a number, or that it is not
// the one that was meant.
var ErrNotFound = errors.New("there is no such process")

// An Attached is a process that somebody else has started, and that is watched
// and may be killed. It is safe for concurrent use. Close has to be called.
type Attached struct {
	pid  int
	id   string
	done chan struct{}
	sys  attachedSystem
}

// Attach finds a process. Identity, if it is not empty, is what Identity returned
// for it before: a process that has only been given the same number is not
// found. The error is [ErrNotFound], possibly wrapped.
func Attach(pid int, identity string) (*Attached, error) {
	if pid <= 0 {
		return nil, ErrNotFound
	}
	a := &Attached{pid: pid, done: make(chan struct{})}
	if err := a.open(); err != nil {
		return nil, err
	}
	// Read when the process is held: before, the number could change hands.
	a.id = Identity(pid)
	if identity != "" && identity != a.id {
		a.release()
		return nil, ErrNotFound
	}
	go a.watch()
	return a, nil
}

// Pid returns the process id, for messages.
func (a *Attached) Pid() int { return a.pid }

// Identity tells the process from others that have, or had, the same number, on
// this machine and since it was switched on. It is empty where that is not known.
func (a *Attached) Identity() string { return a.id }

// Done is closed when the process has ended, or Close was called.
func (a *Attached) Done() <-chan struct{} { return a.done }
