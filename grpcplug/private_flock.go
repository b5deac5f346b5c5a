//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package grpcplug

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// lockDirectory locks a directory of this user's, for as long as what it returns
// is open. It follows no link, which could lead anywhere.
func lockDirectory(path string) (io.Closer, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	f := os.NewFile(uintptr(fd), path)
	if err := lockOwn(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func lockOwn(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); !ok || int(s.Uid) != os.Geteuid() {
		return fs.ErrPermission
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	if err != nil {
		return err
	}
	// Another process may have removed it before the lock was there.
	if again, err := os.Lstat(f.Name()); err != nil || !os.SameFile(info, again) {
		return fs.ErrNotExist
	}
	return nil
}
