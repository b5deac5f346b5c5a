package plugin

import (
	"crypto/subtle"
	"errors"
	"hash"
	"io"
	"os"
	"sync"
)

// SecureConfig is the checksum that a program must have to be run. It may be used
// for any number of plugins, also at the same time.
//
// On Linux it is the file that was checked which is run, whatever its name leads to
// by then. That is not so for a script, for a Cmd with credentials or namespaces of
// its own, and on other systems.
type SecureConfig struct {
	Checksum []byte
	Hash     hash.Hash
}

// hashing is held while a Hash is used: two plugins may share one.
var hashing sync.Mutex

// Check reports whether the file has the checksum.
func (s *SecureConfig) Check(filePath string) (bool, error) {
	if err := s.complete(); err != nil {
		return false, err
	}
	f, err := os.Open(filePath)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return s.checkFile(f)
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

func (s *SecureConfig) checkFile(r io.Reader) (bool, error) {
	hashing.Lock()
	defer hashing.Unlock()
	s.Hash.Reset()
	if _, err := io.Copy(s.Hash, r); err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(s.Hash.Sum(nil), s.Checksum) == 1, nil
}

// open checks the program and returns it, open.
func (s *SecureConfig) open(path string) (*os.File, error) {
	if err := s.complete(); err != nil {
		return nil, prefixed("error verifying checksum: ", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, prefixed("error verifying checksum: ", err)
	}
	switch same, err := s.checkFile(f); {
	case err != nil:
		f.Close()
		return nil, prefixed("error verifying checksum: ", err)
	case !same:
		f.Close()
		return nil, ErrChecksumsDoNotMatch
	}
	return f, nil
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
