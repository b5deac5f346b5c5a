package process

import "golang.org/x/sys/unix"

func onNoExecMount(file string) bool {
	var st unix.Statfs_t
	return unix.Statfs(file, &st) == nil && st.Flags&unix.ST_NOEXEC != 0
}
