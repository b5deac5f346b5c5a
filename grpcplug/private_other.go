//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package grpcplug

import "io"

// lockDirectory locks nothing: directories that were left are not told from others
// here, and stay.
func lockDirectory(string) (io.Closer, error) { return nil, nil }
