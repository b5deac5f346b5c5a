//go:build unix

package carrier

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func init() { kinds["socket"] = socketpair }

func socketpair(t *testing.T) (a, b Carrier) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]Carrier
	for i, fd := range fds {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
		s, err := NewSocket(os.NewFile(uintptr(fd), "socketpair"))
		if err != nil {
			t.Fatal(err)
		}
		ends[i] = s
	}
	return ends[0], ends[1]
}

// What cannot be polled could not be interrupted.
func TestNewSocketRefuses(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := NewSocket(f); err == nil {
		t.Error("a file is no socket")
	}
	closed, _ := os.Open(os.DevNull)
	closed.Close()
	if _, err := NewSocket(closed); err == nil {
		t.Error("a closed file is no socket")
	}
}
