package process

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// A guard makes the kernel send SIGKILL to a process group when this process
// ends, however it ends.
//
// It is a socketpair whose ends both stay here, each armed with a signal for
// the group (F_SETSIG, F_SETOWN, O_ASYNC). When a process dies its descriptors
// are closed one after the other; whichever end goes first is a hang-up on the
// end that is still there, and that sends the signal. It works for children
// that are stopped, ignore every signal, close all inherited descriptors, or
// have never heard of us. The kernel remembers the group itself, not its
// number, so a group that has ended is never mistaken for another.
//
// There are two such pairs. Recent kernels go through the group without a lock
// against forks, unlike kill(2): a process that has not been reached yet may
// have a child behind the signal's back. The second pair's signal comes when
// all that were there at the first can fork no more.
//
// A host that exits without stopping its children ends them in the same abrupt
// way. What is not reached: processes that left the group, which are found by
// their mark only while there is a host to look for them, and those which the
// child starts before Start, here, has returned.
//
// What lost:
//   - the parent-death signal alone: it reaches the child and none of its
//     children. As SIGKILL it also keeps the child from killing them when it
//     reads the end of file; as SIGTERM it spares whoever ignores or is stopped.
//     It is set nevertheless: it covers the time before aim, and a guard that
//     is held open by a child which was forked without exec.
//   - holding the child back until aim, by ptrace: sandboxes forbid it, and a
//     setuid program loses its rights.
//   - a watcher process: another exec, to be started, found and kept alive.
//   - a controlling terminal whose master is held here: hangs up on the whole
//     session, but by SIGHUP, which can be ignored, and programs such as ssh
//     would then ask their questions on a terminal that nobody sees.
//   - a pid namespace, a cgroup: need privileges that a host seldom has.
type guard []int // descriptors, pair by pair; nil: there is none

func newGuard() (guard, error) {
	const pairs = 2
	var g guard
	for range pairs {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			g.close()
			return nil, fmt.Errorf("making a socketpair that watches over the process group: %w", err)
		}
		g = append(g, fds[0], fds[1])
	}
	for _, fd := range g {
		if arm(fd) != nil {
			// Kernels that only look like Linux may lack it. The parent-death
			// signal and the end of file are left.
			g.close()
			return nil, nil
		}
	}
	return g, nil
}

func arm(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETSIG, int(unix.SIGKILL))
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_ASYNC)
	}
	return err
}

// aim names the group. It is all that is left to do after the fork, to keep
// short the time in which the child runs unguarded.
func (g guard) aim(pgid int) {
	for _, fd := range g {
		unix.FcntlInt(uintptr(fd), unix.F_SETOWN, -pgid)
	}
}

// close closes the pairs, which kills what is left of the group.
func (g guard) close() {
	for _, fd := range g {
		unix.Close(fd)
	}
}
