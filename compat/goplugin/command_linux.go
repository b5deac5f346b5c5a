package plugin

import "os/exec"

// isPlain reports whether the plugin sees this process's /proc, and may read it.
func isPlain(cmd *exec.Cmd) bool {
	a := cmd.SysProcAttr
	return a == nil || a.Credential == nil && a.Chroot == "" && a.Cloneflags == 0
}
