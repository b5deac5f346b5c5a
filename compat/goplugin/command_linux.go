package plugin

import (
	"os"
	"os/exec"
	"syscall"
)

// changeTime is when anything of a file was last changed, in nanoseconds.
func changeTime(info os.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ctim.Nano()
	}
	return 0
}

// isPlain reports whether the plugin sees this process's /proc, and may read it.
func isPlain(cmd *exec.Cmd) bool {
	a := cmd.SysProcAttr
	return a == nil || a.Credential == nil && a.Chroot == "" && a.Cloneflags == 0
}
