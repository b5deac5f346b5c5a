//go:build !linux

package main

import "os"

// sharedFile returns a file without a name. Some systems write it to a disk now and
// then, which is measured with it.
func sharedFile(size int64) (*os.File, error) {
	f, err := os.CreateTemp("", "rings-")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name())
	return f, f.Truncate(size)
}
