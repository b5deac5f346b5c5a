package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// sharedFile returns memory that can be inherited.
func sharedFile(size int64) (*os.File, error) {
	fd, err := unix.MemfdCreate("rings", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "rings")
	return f, f.Truncate(size)
}
