package process

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// KillOwnTree ends this process and all that it started, by SIGKILL. It does
// not return. A child calls it when the end of file on its inherited socket
// says that the parent is gone, and nothing is left to put in order.
//
// In a group of its own the group goes. Otherwise the descendants are looked
// for, by their parents and by the mark that Start put into the environment.
func KillOwnTree() {
	self := os.Getpid()
	if unix.Getpgrp() == self {
		unix.Kill(-self, unix.SIGKILL)
		select {} // the signal is on its way
	}
	h := hunt{root: self, mark: ownMark()}
	h.freeze()
	h.kill()
	unix.Kill(self, unix.SIGKILL)
	select {}
}

// ownMark returns the innermost mark, that of the tree which begins here.
func ownMark() string {
	marks := os.Getenv(TreeVar)
	return marks[strings.LastIndexByte(marks, ':')+1:]
}

// SurviveParent lets a child in a shared group live on for a moment when its
// parent dies, to call [KillOwnTree]: the kernel would kill the child at once,
// before it could, and nothing else knows its children. In any other group it
// does nothing, because there the kernel kills the whole group.
//
// The caller promises to read the end of file. From now on the kernel sends
// SIGCONT instead of SIGKILL, so that a child which is stopped reads it too.
// After an error everything is as before.
func SurviveParent() error {
	if os.Getenv(TreeVar) == "" || unix.Getpgrp() == os.Getpid() {
		return nil
	}
	// The setting belongs to the thread that was there at exec. A goroutine
	// cannot move to that thread; but the call can be made on all of them.
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGCONT), 0)
	if errno == 0 {
		return nil
	}
	// With cgo there are threads which the runtime does not know.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Gettid() != os.Getpid() {
		return fmt.Errorf("keeping this process alive to end its children after its parent's death: "+
			"call it from main's goroutine, before any other is started: %w", errno)
	}
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGCONT), 0, 0, 0))
}
