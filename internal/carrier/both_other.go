//go:build unix && !linux

package carrier

import "golang.org/x/sys/unix"

// both writes from the first slice; the caller comes back for the second.
func (s *Socket) both(fd int) (int, error) { return unix.Write(fd, s.a) }
