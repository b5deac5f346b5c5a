//go:build unix

package plugin

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
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
