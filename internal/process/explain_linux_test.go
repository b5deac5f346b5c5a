package process

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestStartErrors lets the kernel refuse for real.
func TestStartErrors(t *testing.T) {
	s := newStage(t)
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	program, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	foreign := append([]byte{}, program...)
	other, name := uint16(183), "linux/arm64"
	if runtime.GOARCH == "arm64" {
		other, name = 62, "linux/amd64"
	}
	binary.NativeEndian.PutUint16(foreign[18:], other)
	machine := binary.NativeEndian.Uint16(program[18:])
	fds := openFds(t)
	for _, c := range []struct {
		spec  Spec
		cause Cause
		errno error
		says  string
	}{
		{Spec{Path: "true"}, BadPath, errNoLookup, "exec.LookPath"},
		{Spec{Path: ""}, BadPath, errNoLookup, "without a slash"},
		{Spec{Path: dir + "/none"}, NotFound, syscall.ENOENT, "does not exist"},
		{Spec{Path: dir}, IsDirectory, syscall.EACCES, "is a directory"},
		{Spec{Path: write("norun", "#!/bin/sh\n", 0o644)}, NotExecutable, syscall.EACCES, "chmod +x"},
		{Spec{Path: write("text", "hello\n", 0o755)}, NotAProgram, syscall.ENOEXEC, "without #!"},
		{Spec{Path: write("empty", "", 0o755)}, NotAProgram, syscall.ENOEXEC, "is empty"},
		{Spec{Path: write("foreign", string(foreign), 0o755)}, WrongPlatform, syscall.ENOEXEC, name + ", this machine is linux/" + runtime.GOARCH},
		{Spec{Path: write("exe", string(peFile(0x8664)), 0o755)}, WrongPlatform, syscall.ENOEXEC, "windows/amd64"},
		{Spec{Path: write("mac", "\xcf\xfa\xed\xfe\x0c\x00\x00\x01"+strings.Repeat("\x00", 64), 0o755)}, WrongPlatform, syscall.ENOEXEC, "darwin/arm64"},
		{Spec{Path: write("script", "#!/opt/none/python3 -u\n", 0o755)}, InterpreterMissing, syscall.ENOENT, "/opt/none/python3"},
		{Spec{Path: write("crlf", "#!/bin/sh\r\n", 0o755)}, CarriageReturn, syscall.ENOENT, "dos2unix"},
		{Spec{Path: write("musl", string(elfFile(machine, 0, 2, "/lib/ld-musl-none.so.1")), 0o755)}, LoaderMissing, syscall.ENOENT, "/lib/ld-musl-none.so.1"},
		{Spec{Path: write("cut", string(elfFile(machine, 0, 2, ""))[:70], 0o755)}, Damaged, nil, "damaged"},
		{Spec{Path: "/bin/true", Dir: dir + "/none"}, BadDirectory, syscall.ENOENT, "/none"},
		{Spec{Path: "/bin/true", Dir: "/bin/true"}, BadDirectory, syscall.ENOTDIR, "not a directory"},
		{Spec{Path: "./none", Dir: dir}, NotFound, syscall.ENOENT, "does not exist"},
		{Spec{Path: "/bin/true", Args: []string{"true", strings.Repeat("x", 1<<20)}}, TooLarge, syscall.E2BIG, "in a file"},
		{Spec{Path: "/bin/true", Args: []string{"nul\x00"}}, Other, syscall.EINVAL, ""},
	} {
		p, err := Start(c.spec)
		if err == nil {
			t.Errorf("%s started", c.spec.Path)
			p.Exit()
			continue
		}
		var e *StartError
		if !errors.As(err, &e) || e.Cause != c.cause || c.errno != nil && !errors.Is(e, c.errno) || !strings.Contains(e.Error(), c.says) {
			t.Errorf("%s: got %v; want cause %q, %v, %q", c.spec.Path, err, c.cause, c.errno, c.says)
		}
	}
	if n := openFds(t); n != fds {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
	s.checkEmpty()
}

func TestBusyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "busy")
	copyProgram(t, file)
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = Start(Spec{Path: file})
	var e *StartError
	if !errors.As(err, &e) || e.Cause != Busy {
		t.Errorf("got %v, want cause %q", err, Busy)
	}
}

// TestFreshFiles writes programs and starts them while others fork.
func TestFreshFiles(t *testing.T) {
	newStage(t)
	dir := t.TempDir()
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for j := range 25 {
				file := filepath.Join(dir, string(rune('a'+i))+string(rune('a'+j)))
				copyProgram(t, file)
				p, err := Start(Spec{Path: file})
				if err != nil {
					t.Error(err)
					return
				}
				p.Exit()
			}
		})
	}
	group.Wait()
}

func copyProgram(t *testing.T, file string) {
	program, err := os.ReadFile("/bin/true")
	if err == nil {
		err = os.WriteFile(file, program, 0o755)
	}
	if err != nil {
		t.Error(err)
	}
}

func TestNoExecMount(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tenon-test", dir, "tmpfs", unix.MS_NOEXEC, ""); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	defer unix.Unmount(dir, 0)
	file := filepath.Join(dir, "program")
	copyProgram(t, file)
	_, err := Start(Spec{Path: file})
	var e *StartError
	if !errors.As(err, &e) || e.Cause != NoExecMount {
		t.Errorf("got %v, want cause %q", err, NoExecMount)
	}
}

func TestOutOfDescriptors(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	for room := range uint64(16) { // fails at each step in turn
		before := openFds(t)
		low := limit
		low.Cur = uint64(before) + room
		unix.Setrlimit(unix.RLIMIT_NOFILE, &low)
		p, err := Start(Spec{Path: "/bin/true"})
		if err == nil {
			p.Exit()
		}
		unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
		var e *StartError
		if err != nil && (!errors.As(err, &e) || e.Cause != NoResources) {
			t.Errorf("room for %d: %v", room, err)
		}
		if after := openFds(t); after != before {
			t.Errorf("room for %d: %d descriptors, %d before", room, after, before)
		}
	}
}
