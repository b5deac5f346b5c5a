//go:build unix

package host

import "syscall"

func (c child) terminate() { c.Signal(syscall.SIGTERM) }
