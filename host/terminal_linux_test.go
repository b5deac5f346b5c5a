package host_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tenon-go/tenon/tenontest"
)

// The host's terminal is the plugin's, and that of what the plugin starts.
func TestTerminal(t *testing.T) {
	master, slave := terminal(t)
	defer master.Close()
	cmd := tenontest.Command(t, "terminal")
	cmd.Env = append(os.Environ(), cmd.Env...)
	cmd.Stdin = slave
	out, err := cmd.Output()
	slave.Close()
	if err != nil || !strings.HasPrefix(string(out), "a terminal") {
		t.Errorf("%q, %v", out, err)
	}
	io.Copy(io.Discard, master)
}

func terminal(t *testing.T) (master, slave *os.File) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skip(err)
	}
	return master, slave
}
