package carrier

import "golang.org/x/sys/unix"

// both writes from both slices with one system call.
func (s *Socket) both(fd int) (int, error) {
	s.iov = [2][]byte{s.a, s.b}
	n, err := unix.Writev(fd, s.iov[:])
	s.iov = [2][]byte{}
	return n, err
}
