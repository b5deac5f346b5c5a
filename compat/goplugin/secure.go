package plugin

import (
	"context"
	"crypto/subtle"
	"errors"
	"hash"
	"io"
	"os"
	"reflect"
	"sync"
	"time"
)

// SecureConfig is the checksum that a program must have to be run. It may be used
// for any number of plugins, also at the same time. It is worth what its source is
// worth: the checksum has to come from somebody who is trusted, and by a way on which
// nobody else can change it.
//
// On Linux it is the file that was checked which is run, whatever its name leads to
// by then. That is not so for a script, for a Cmd with credentials or namespaces of
// its own, and on other systems: there nobody else may be allowed to change the
// file, or the directories that it is in.
type SecureConfig struct {
	// Checksum is what Hash has to make of the file. Required.
	Checksum []byte

	// Hash is how, sha256.New() for example. Required. It is reset before each
	// use. Clients that share it take turns; nobody else may use it meanwhile.
	Hash hash.Hash
}

// hashes are the Hashes in use, each with who waits for it: two plugins may share one,
// and must not wait for the file of a third.
var hashes = struct {
	mu  sync.Mutex
	use map[any]*hashUse
}{use: map[any]*hashUse{}}

type hashUse struct {
	turn  chan struct{}
	users int
}

// lockHash waits until nobody else uses h.
func lockHash(ctx context.Context, h hash.Hash) (unlock func(), err error) {
	var key any
	if reflect.TypeOf(h).Comparable() {
		key = h
	}
	hashes.mu.Lock()
	u := hashes.use[key]
	if u == nil {
		u = &hashUse{turn: make(chan struct{}, 1)}
		hashes.use[key] = u
	}
	u.users++
	hashes.mu.Unlock()
	leave := func() {
		hashes.mu.Lock()
		defer hashes.mu.Unlock()
		if u.users--; u.users == 0 {
			delete(hashes.use, key)
		}
	}
	select {
	case u.turn <- struct{}{}:
		return func() { <-u.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}

// Check reports whether the file has the checksum. It fails if the file cannot be
// read, and with ErrSecureConfigNoChecksum or ErrSecureConfigNoHash.
func (s *SecureConfig) Check(filePath string) (bool, error) {
	if err := s.complete(); err != nil {
		return false, err
	}
	f, err := openRegular(filePath)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return s.checkFile(context.Background(), f)
}

// openRegular does not wait for a pipe, which may have no other end.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = &os.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

func (s *SecureConfig) complete() error {
	switch {
	case len(s.Checksum) == 0:
		return ErrSecureConfigNoChecksum
	case s.Hash == nil:
		return ErrSecureConfigNoHash
	}
	return nil
}

func (s *SecureConfig) checkFile(ctx context.Context, r io.Reader) (bool, error) {
	unlock, err := lockHash(ctx, s.Hash)
	if err != nil {
		return false, err
	}
	defer unlock()
	s.Hash.Reset()
	if _, err := io.Copy(s.Hash, untilEnd{ctx, r}); err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(s.Hash.Sum(nil), s.Checksum) == 1, nil
}

// An untilEnd reads until a context has ended.
type untilEnd struct {
	ctx context.Context
	r   io.Reader
}

func (u untilEnd) Read(b []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(b)
}

// A checked program is one whose file had the checksum.
type checked struct {
	*os.File
	script bool
	before stamp
}

// open checks the program.
func (s *SecureConfig) open(ctx context.Context, path string) (*checked, error) {
	if err := s.complete(); err != nil {
		return nil, prefixed("error verifying checksum: ", err)
	}
	f, err := openRegular(path)
	if err != nil {
		return nil, prefixed("error verifying checksum: ", err)
	}
	c := &checked{File: f, script: isScript(f), before: stampOf(f)}
	switch same, err := s.checkFile(ctx, f); {
	case err != nil:
		f.Close()
		return nil, prefixed("error verifying checksum: ", err)
	case !same:
		f.Close()
		return nil, ErrChecksumsDoNotMatch
	}
	return c, nil
}

// kept reports whether the file has not been written to since it was checked. While
// it is run the system lets nobody write to it, unless it is a script.
func (c *checked) kept() bool { return stampOf(c.File) == c.before }

// A stamp changes with a file.
type stamp struct {
	size     int64
	modified time.Time
	changed  int64 // when anything of it was, which nobody can set; 0 where that is not known
}

func stampOf(f *os.File) stamp {
	info, err := f.Stat()
	if err != nil {
		return stamp{}
	}
	return stamp{info.Size(), info.ModTime(), changeTime(info)}
}

var errReplaced = errors.New("the program was replaced after it had been checked")

// isScript reports whether the kernel would have an interpreter open the name.
func isScript(f *os.File) bool {
	b := make([]byte, 2)
	n, _ := f.ReadAt(b, 0)
	return string(b[:n]) == "#!"
}

// stillThere reports whether a name leads to an open file.
func stillThere(path string, f *os.File) bool {
	named, err := os.Stat(path)
	if err != nil {
		return false
	}
	open, err := f.Stat()
	return err == nil && os.SameFile(named, open)
}
