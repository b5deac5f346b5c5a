package grpcplug

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A private directory is one for sockets that nobody else can enter, but for a
// group. Nil is none.
//
// As long as the process lives it holds a lock on the directory, which the system
// takes back however the process ends. So who finds a directory without a lock can
// remove it: a number of a process in its name would say less, which another
// process may have by then, or one in another container.
type private struct {
	path string
	lock io.Closer // nil where there are no such locks

	removal sync.Once
	leaving atomic.Bool // it is being removed
}

// privatePrefix begins the names of private directories.
const privatePrefix = "tenon-plug-"

// longest is the longest directory in which a socket has a path that the system
// accepts, go-plugin's name for it included.
const longest = 80

// makePrivate makes a private directory. An empty parent is the directory for
// temporary files.
func makePrivate(parent, group string) (*private, error) {
	// The plugin may run in another directory, and this process change its own.
	if parent != "" {
		if abs, err := filepath.Abs(parent); err == nil {
			parent = abs
		}
	}
	d, err := newPrivate(parent)
	if err == nil && parent == "" && len(d.path) > longest {
		d.remove()
		d, err = newPrivate("/tmp")
	}
	if err == nil && len(d.path) > longest {
		err = fmt.Errorf("%s is longer than %d bytes", d.path, longest)
	}
	if err == nil && group != "" {
		err = giveTo(d.path, group, 0o770)
	}
	if err != nil {
		d.remove()
		return nil, &Error{Problem: NoSocket, What: parent, Err: err}
	}
	return d, nil
}

var errSwept = errors.New("others remove directories that were just made in it")

// newPrivate makes a directory and locks it. Another process may take it for one
// that was left behind in the moment between.
func newPrivate(parent string) (*private, error) {
	for range 10 {
		path, err := os.MkdirTemp(parent, privatePrefix)
		if err != nil {
			return nil, err
		}
		lock, err := lockDirectory(path)
		if err == nil || !errors.Is(err, errLocked) && !errors.Is(err, fs.ErrNotExist) {
			return &private{path: path, lock: lock}, nil
		}
	}
	return nil, errSwept
}

// remove removes the directory and all that is in it. It may be called more than
// once, and returns when that has been done.
func (d *private) remove() {
	if d == nil {
		return
	}
	d.leaving.Store(true)
	d.removal.Do(func() {
		os.RemoveAll(d.path)
		d.unlock()
	})
}

func (d *private) unlock() {
	if d.lock != nil {
		d.lock.Close()
	}
}

// sweep removes the directories that processes have left beside this one because
// they were killed. What has been left is not worth an error.
//
// It ends when enough says so. Others can put names into the parent directory, too,
// and who waits for this shall not wait for them.
func (d *private) sweep(enough func() bool) {
	parent, err := os.Open(filepath.Dir(d.path))
	if err != nil {
		return
	}
	defer parent.Close()
	for {
		names, err := parent.Readdirnames(256)
		for _, name := range names {
			if path := filepath.Join(parent.Name(), name); strings.HasPrefix(name, privatePrefix) && path != d.path {
				removeLeft(path)
			}
			if enough() {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// after returns a function that reports whether so much time has passed.
func after(d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return time.Now().After(end) }
}

// removeLeft removes a directory that nobody holds, if there is nothing in it but
// sockets on which nobody listens.
func removeLeft(path string) {
	lock, err := lockDirectory(path)
	if err != nil || lock == nil {
		return
	}
	defer lock.Close()
	sockets, err := filepath.Glob(filepath.Join(path, "plugin*"))
	if err != nil {
		return
	}
	sockets = slices.DeleteFunc(sockets, func(path string) bool {
		info, err := os.Lstat(path)
		return err != nil || info.Mode().Type() != fs.ModeSocket
	})
	if slices.ContainsFunc(sockets, hasListener) {
		return
	}
	for _, s := range sockets {
		os.Remove(s)
	}
	os.Remove(path) // fails if something else is in it
}

// hasListener reports whether somebody listens on a socket, or that cannot be told.
// To have the plugin that outlives its host hold the lock would not do: it would have
// to inherit a descriptor, which all that it starts would inherit as well.
func hasListener(path string) bool {
	c, err := net.DialTimeout(unixNetwork, path, 10*time.Millisecond)
	if err == nil {
		c.Close()
	}
	return !errors.Is(err, syscall.ECONNREFUSED)
}

// errLocked says that another process holds a directory.
var errLocked = errors.New("another process holds it")
