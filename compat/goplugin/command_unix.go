//go:build unix

package plugin

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"reflect"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/tenon-go/tenon/internal/protocol"
)

// hasCredential reports whether the plugin runs as another user.
func hasCredential(cmd *exec.Cmd) bool {
	return cmd != nil && cmd.SysProcAttr != nil && cmd.SysProcAttr.Credential != nil
}

// wantsSession reports whether the plugin gets a session of its own, by which
// daemons are told from children.
func wantsSession(cmd *exec.Cmd) bool {
	return cmd.SysProcAttr != nil && cmd.SysProcAttr.Setsid
}

// owner says whose a file is, and who looks at it.
func owner(info os.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	name := func(id string, find func(string) (string, error)) string {
		if s, err := find(id); err == nil {
			return s
		}
		return "?"
	}
	number := func(n int) string { return strconv.Itoa(n) }
	userOf := func(id string) (string, error) {
		u, err := user.LookupId(id)
		if err != nil {
			return "", err
		}
		return u.Username, nil
	}
	groupOf := func(id string) (string, error) {
		g, err := user.LookupGroupId(id)
		if err != nil {
			return "", err
		}
		return g.Name, nil
	}
	uid, gid := number(os.Getuid()), number(os.Getgid())
	return fmt.Sprintf("  Owner: %d [%s] (current: %s [%s])\n  Group: %d [%s] (current: %s [%s])\n",
		s.Uid, name(number(int(s.Uid)), userOf), uid, name(uid, userOf),
		s.Gid, name(number(int(s.Gid)), groupOf), gid, name(gid, groupOf))
}

// publishState sets Cmd.ProcessState as Wait would: programs ask it for the status.
// Package os has no way to make one but to wait for the process, which is for the one
// who has started it. If a later Go has other fields it stays nil.
func publishState(cmd *exec.Cmd, e protocol.Exit) {
	if cmd == nil {
		return
	}
	status := syscall.WaitStatus(max(e.Code, 0) << 8)
	if e.Signal != 0 {
		status = syscall.WaitStatus(e.Signal)
	}
	usage := &syscall.Rusage{Utime: syscall.NsecToTimeval(int64(e.User)), Stime: syscall.NsecToTimeval(int64(e.System))}
	setMaxRSS(usage, e.MaxRSS)
	state := new(os.ProcessState)
	set(state, "pid", e.PID)
	if set(state, "status", status) && set(state, "rusage", usage) {
		cmd.ProcessState = state
	}
}

// setMaxRSS sets a field that is not a number of the same size everywhere. It counts
// kilobytes, but on macOS, where it counts bytes.
func setMaxRSS(r *syscall.Rusage, n int64) {
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		n >>= 10
	}
	reflect.ValueOf(r).Elem().FieldByName("Maxrss").SetInt(n)
}

func set[T any](state *os.ProcessState, field string, value T) bool {
	f := reflect.ValueOf(state).Elem().FieldByName(field)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return false
	}
	*(*T)(unsafe.Pointer(f.UnsafeAddr())) = value
	return true
}
