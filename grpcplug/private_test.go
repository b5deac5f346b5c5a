package grpcplug

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenon-go/tenon/tenontest"
)

// abroad is a plugin that a host of go-plugin has started, which names no
// directory.
type abroad struct {
	cmd *exec.Cmd
	out text
	dir string // of its sockets
}

func startAbroad(t *testing.T, tmp string) *abroad {
	t.Helper()
	a := &abroad{cmd: tenontest.Command(t, "echo")}
	a.cmd.Env = append(a.cmd.Env, "GRPCPLUG_TEST=yes", "TMPDIR="+tmp)
	a.cmd.Stdout, a.cmd.Stderr = &a.out, &a.out
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.kill)
	a.out.await(t, "|grpc|")
	a.dir = filepath.Dir(strings.Split(a.out.String(), "|")[3])
	return a
}

func (a *abroad) kill() {
	a.cmd.Process.Kill()
	a.cmd.Wait()
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// What a plugin leaves that was killed is removed by the next, and nothing else is.
func TestLeftBehind(t *testing.T) {
	tmp := t.TempDir()
	keep := []string{
		filepath.Join(tmp, privatePrefix+"file"), filepath.Join(tmp, "other"),
		filepath.Join(tmp, privatePrefix+"full", "plugin1"), filepath.Join(tmp, privatePrefix+"link"),
	}
	os.Mkdir(filepath.Join(tmp, "other"), 0o700)
	os.Mkdir(filepath.Join(tmp, privatePrefix+"full"), 0o700)
	os.Symlink(filepath.Join(tmp, "other"), keep[3])
	for _, path := range []string{keep[0], keep[2]} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dead, alive := startAbroad(t, tmp), startAbroad(t, tmp)
	if info, err := os.Stat(dead.dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its directory: %v, %v", info, err)
	}
	alive.cmd.Process.Signal(syscall.SIGSTOP) // it may still be looking for what others left
	dead.kill()
	if !there(dead.dir) {
		t.Fatal("the plugin has left nothing: what is this test about?")
	}
	startAbroad(t, tmp)
	for end := time.Now().Add(10 * time.Second); there(dead.dir); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is still there")
		}
	}
	alive.cmd.Process.Signal(syscall.SIGCONT)
	for _, path := range append(keep, alive.dir) {
		if !there(path) {
			t.Errorf("%s is gone", path)
		}
	}
	if c, err := net.Dial("unix", strings.Split(alive.out.String(), "|")[3]); err != nil {
		t.Errorf("the one that lives: %v", err)
	} else {
		c.Close()
	}
}

// A host removes what another has left.
func TestLeftBehindByHost(t *testing.T) {
	tmp := t.TempDir()
	left, err := makePrivate(tmp, "")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(left.path, "plugin1"))
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	run := func() {
		t.Helper()
		if err := start(t, "echo", Protocol{SocketDir: tmp}).stop(); err != nil {
			t.Error(err)
		}
	}
	run()
	if !there(left.path) {
		t.Error("one that is held was removed")
	}
	left.unlock()
	outlives, err := makePrivate(tmp, "")
	if err != nil {
		t.Fatal(err)
	}
	defer outlives.remove()
	l, err = net.Listen("unix", filepath.Join(outlives.path, "plugin1"))
	if err != nil {
		t.Fatal(err)
	}
	outlives.unlock()
	look := func() {
		t.Helper()
		swept.Delete(tmp) // as if another host looked
		run()
	}
	look()
	if there(left.path) {
		t.Error("what a host has left is there")
	}
	if !there(l.Addr().String()) {
		t.Error("the socket of a plugin that outlives its host was removed")
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	look()
	if list, _ := os.ReadDir(tmp); len(list) != 0 {
		t.Errorf("left behind: %v", list)
	}
}

func TestPrivateDirectory(t *testing.T) {
	if _, err := makePrivate(filepath.Join(t.TempDir(), strings.Repeat("x", 100)), ""); err == nil {
		t.Error("in a directory that is not there")
	}
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 60))
	os.Mkdir(long, 0o700)
	if _, err := makePrivate(long, ""); err == nil || !strings.Contains(err.Error(), "longer than 80 bytes") {
		t.Errorf("got %v", err)
	}
	if list, _ := os.ReadDir(long); len(list) != 0 {
		t.Errorf("left behind: %v", list)
	}
	t.Setenv("TMPDIR", long)
	d, err := makePrivate("", "")
	if err != nil || !strings.HasPrefix(d.path, "/tmp/") {
		t.Errorf("%v, %v", d, err)
	}
	d.remove()
}
