// Package process starts child processes that inherit descriptors and never
// outlive their parent.
//
// What "never" rests on differs between systems:
//
//   - Linux: the kernel kills the child when the parent is gone, by the
//     parent-death signal, and the child's whole process group with it, by
//     sockets that send SIGKILL to the group when they are closed. Neither
//     needs the child's help. A shared group, see [GroupShared], has only the
//     first, and needs a child that calls [SurviveParent] for the rest. What
//     left the group is found by a mark in its environment, see [TreeVar], when
//     the child ends and the parent is there to look; when the parent is killed,
//     or exits before Done, nobody is, and it stays.
//   - Windows: a job object that is killed when its last handle is closed.
//   - Elsewhere: the child has to notice the end of file on a socket that it
//     inherited, and to call [KillOwnTree].
package process

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// TreeVar is the environment variable that marks the processes of a tree, by
// which those are found that have left its process group. Its value is a list of
// marks, separated by colons: a host within a plugin adds its own, and what that
// started ends with the outer plugin too. Only Linux uses it.
//
// Whoever is started without it is lost to the search, unless its parent is found.
// That is a limit, since a malicious child can do it, and the way for an
// honest one to leave a daemon behind on purpose. Lost too is a process whose
// environment may not be read: one of another user, or that may not be dumped.
const TreeVar = "TENON_TREE"

// A Spec says what to start, and how. Start does not keep or change it.
type Spec struct {
	// Path is the file to run; required. It must contain a slash, since nothing
	// is looked up in PATH here. If it is relative it counts from Dir.
	Path string

	// File, if not nil, is what is run: the open file itself, whatever Path, its
	// name, leads to by now. It is for programs, not for scripts, and for a child
	// that sees this process's /proc and may read it: not for one with
	// credentials or namespaces of its own. Linux only; elsewhere it is ignored.
	File *os.File

	// Args is the child's argv, the name that it is called by included. Nil is
	// Path alone.
	Args []string

	// Env is the child's whole environment. Nothing is added, except for a mark
	// in TreeVar on Linux, unless it is detached. Nil is an empty environment.
	Env []string

	// Dir is the working directory. Empty is the parent's own.
	Dir string

	// Stdin, Stdout and Stderr are the child's descriptors 0, 1 and 2. Nil is
	// the null device. The files stay the caller's: it closes them. As with
	// package os they are put into blocking mode.
	Stdin, Stdout, Stderr *os.File

	// Extra holds the child's descriptors 3, 4 and so on. A nil entry leaves
	// its descriptor closed.
	Extra []*os.File

	// Detached lets the child outlive its parent: it becomes the leader of a
	// session of its own whatever Group says, no signal tells it that the
	// parent died, and what it leaves behind when it ends is not touched.
	Detached bool

	// SpareSessions lets alone, when the child ends or is killed, what it has
	// started that made itself the leader of a session or is in such a one: daemons.
	// Linux only; elsewhere they are not found anyway.
	SpareSessions bool

	// Group says which process group the child runs in.
	Group Group

	// SysProcAttr is for what is not covered here, such as credentials. It is
	// copied. PidFD in it is ignored. Setsid and Foreground are a group of the
	// child's own, Setpgid with a Pgid is a shared one.
	SysProcAttr *syscall.SysProcAttr
}

// A Group is a choice of process group.
type Group int

const (
	// GroupAuto is GroupShared if Stdin is a terminal and GroupOwn if not.
	GroupAuto Group = iota

	// GroupOwn gives the child a process group of its own, so that it can be
	// killed together with all that it starts, in one step that leaves no gap.
	GroupOwn

	// GroupShared leaves the child in its parent's group. A child that is to ask
	// for a password at the terminal needs that: the kernel stops whoever reads
	// a terminal from a background group. Its descendants are found through
	// their parents, and by a mark in their environment. Those that removed the
	// mark and lost their parent are not found.
	GroupShared
)

// An Exit says how a process ended.
type Exit struct {
	// Code is what the process passed to exit, -1 if a signal ended it or if
	// it is not known.
	Code int

	// Signal is what killed the process, or 0.
	Signal syscall.Signal

	// CoreDumped says that the kernel wrote a core file.
	CoreDumped bool

	// OutOfMemory says that the kernel probably killed the process for want of
	// memory: it died by a SIGKILL that was not sent from here, and the machine
	// counted a new out-of-memory kill in its lifetime. Linux only.
	OutOfMemory bool

	// Unknown says that the status was lost: other code in this program waits
	// for any child, as an init process does, and was faster.
	Unknown bool

	// Traced says that the process had made this one its tracer, by which a
	// process can hide its end or feign it, and was killed for that. Linux only.
	Traced bool

	// Started and Ended bound the time in which the process ran.
	Started, Ended time.Time

	// User and System are the processor time that it used.
	User, System time.Duration

	// MaxRSS is the most memory that was resident, in bytes, or 0 if that is
	// not known. On Linux the kernel counts the moment between fork and exec
	// too, so it is never less than what the parent had resident then.
	MaxRSS int64
}

// String is a clause for an error message: "exit status 3", "killed by
// SIGKILL".
func (e Exit) String() string {
	switch {
	case e.Unknown:
		return "ended, its exit status was collected by other code in this program"
	case e.Signal == 0:
		return "exit status " + strconv.Itoa(e.Code)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "killed by %s", signalName(e.Signal))
	if e.CoreDumped {
		b.WriteString(" (core dumped)")
	}
	if e.Traced {
		b.WriteString(" (it had asked to be traced)")
	}
	if e.OutOfMemory {
		b.WriteString(" (the machine ran out of memory)")
	}
	return b.String()
}

// A Process is a child that was started. It is safe for concurrent use.
type Process struct {
	pid  int
	done chan struct{}
	exit Exit // written before done is closed, never after
	sys  system
}

// Start starts a child. The error is a *[StartError]; then nothing was started
// and nothing is left open.
//
// The child belongs to one goroutine, which lives as long as it does. When the
// child ends that kills what was left of its tree, unless the child is detached,
// and collects its exit status. Namespaces and the like that the caller's thread
// entered by itself do not pass to the child: another thread forks it.
func Start(spec Spec) (*Process, error) {
	if err := checkPath(spec.Path); err != nil {
		return nil, err
	}
	if spec.Args == nil {
		spec.Args = []string{spec.Path}
	}
	p := &Process{done: make(chan struct{})}
	if err := p.start(&spec); err != nil {
		return nil, err
	}
	return p, nil
}

// Pid returns the process id, for messages. Do not signal it: after the end of
// the process it may belong to another one.
func (p *Process) Pid() int { return p.pid }

// Done is closed when the process has ended and what was left of its tree has
// been sent SIGKILL. It does not matter who still holds its pipes open.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit says how the process ended. It waits until Done is closed, so that it
// cannot be misread as a success.
func (p *Process) Exit() Exit {
	<-p.done
	return p.exit
}

// stdio returns the files for descriptors 0, 1, 2 and so on, and what closes
// those which were opened here.
func stdio(spec *Spec) (files []*os.File, closeNull func(), err error) {
	files = append([]*os.File{spec.Stdin, spec.Stdout, spec.Stderr}, spec.Extra...)
	if files[0] != nil && files[1] != nil && files[2] != nil {
		return files, func() {}, nil
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	for i, f := range files[:3] {
		if f == nil {
			files[i] = null
		}
	}
	return files, func() { null.Close() }, nil
}
