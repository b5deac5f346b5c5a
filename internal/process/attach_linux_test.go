package process_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tenon-go/tenon/internal/process"
)

func stranger(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

func TestAttach(t *testing.T) {
	cmd := stranger(t)
	a, err := process.Attach(cmd.Process.Pid, process.Identity(cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	select {
	case <-a.Done():
		t.Fatal("it is taken for dead")
	default:
	}
	if err := a.Kill(); err != nil {
		t.Fatal(err)
	}
	<-a.Done()
	cmd.Wait()
	if err := a.Kill(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Kill after the end: %v", err)
	}
	if _, err := process.Attach(cmd.Process.Pid, ""); !errors.Is(err, process.ErrNotFound) {
		t.Errorf("Attach after the end: %v", err)
	}
}

// TestAttachOther is about a number that has changed hands.
func TestAttachOther(t *testing.T) {
	cmd := stranger(t)
	if _, err := process.Attach(cmd.Process.Pid, process.Identity(cmd.Process.Pid)+"0"); !errors.Is(err, process.ErrNotFound) {
		t.Errorf("a process with another identity was found: %v", err)
	}
	if _, err := process.Attach(0, ""); !errors.Is(err, process.ErrNotFound) {
		t.Errorf("pid 0 was found: %v", err)
	}
}

func TestAttachClose(t *testing.T) {
	a, err := process.Attach(stranger(t).Process.Pid, "")
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	a.Close()
}

func TestListener(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if pid := process.Listener(c); pid != os.Getpid() {
		t.Errorf("Listener is %d, not this process, %d", pid, os.Getpid())
	}
	if !process.Descends(os.Getpid(), os.Getppid()) || process.Descends(os.Getppid(), os.Getpid()) {
		t.Error("Descends takes children for parents")
	}
}

// TestFile is about a name that leads to another program when it is run.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "program")
	link := func(program string) {
		t.Helper()
		path, err := exec.LookPath(program)
		if err != nil {
			t.Fatal(err)
		}
		os.Remove(name)
		if err := os.Symlink(path, name); err != nil {
			t.Fatal(err)
		}
	}
	link("true")
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	link("false")
	p, err := process.Start(process.Spec{Path: name, File: f})
	if err != nil {
		t.Fatal(err)
	}
	if x := p.Exit(); x.Code != 0 {
		t.Errorf("the other program was run: %v", x)
	}
}
