package process

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestCrashTakesTheTree kills only the child: what it started goes too, and
// that grandchildren hold stderr open delays nothing.
func TestCrashTakesTheTree(t *testing.T) {
	for name, group := range map[string]Group{"own": GroupOwn, "shared": GroupShared} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			spec := s.spec("tree", "deaf")
			spec.Group, spec.Stderr = group, w
			p, reports := s.startReporting(spec)
			w.Close()
			tree := reports.watch()
			p.Signal(unix.SIGKILL)
			await(t, p.Done())
			s.expectEnded(tree)
		})
	}
}

// TestStderrHeldByStranger: a grandchild that nobody can find any more keeps
// stderr open; the exit is noticed all the same.
func TestStderrHeldByStranger(t *testing.T) {
	s := newStage(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	spec := s.spec("tree", "unmarked")
	spec.Stderr = w
	p, reports := s.startReporting(spec)
	w.Close()
	tree := reports.watch()
	p.Signal(unix.SIGKILL)
	await(t, p.Done())
	s.expectEnded(tree[:2])
	if tree[2].ended(0) {
		t.Fatal("the one that left the group is gone: the test proves nothing")
	}
	r.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := r.Read(make([]byte, 1)); !os.IsTimeout(err) {
		t.Errorf("stderr is not held open: %v", err)
	}
	unix.PidfdSendSignal(tree[2].fd, unix.SIGKILL, nil, 0)
}

func TestKillTree(t *testing.T) {
	for name, group := range map[string]Group{"own": GroupOwn, "shared": GroupShared} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			spec := s.spec("tree", "deaf", "setsid")
			spec.Group = group
			p, reports := s.startReporting(spec)
			tree := reports.watch()
			if own := pgid(t, p.Pid()) == p.Pid(); own != (group == GroupOwn) {
				t.Errorf("in a group of its own: %v", own)
			}
			if err := p.KillTree(); err != nil {
				t.Fatal(err)
			}
			s.expectEnded(tree)
			if e := p.Exit(); e.Signal != unix.SIGKILL || e.OutOfMemory {
				t.Errorf("ended with %+v", e)
			}
		})
	}
}

// TestFreeze: none of those that were found runs on while the search does.
func TestFreeze(t *testing.T) {
	s := newStage(t)
	p, reports := s.startReporting(s.spec("tree", "setsid"))
	tree := reports.watch()
	h := hunt{root: p.Pid()}
	h.freeze()
	defer h.kill()
	for _, w := range tree[1:] {
		if _, found := h.found[w.pid]; !found {
			t.Errorf("pid %d was not found", w.pid)
		}
		eventually(t, "it stops", func() bool { return state(w.pid) == "T" })
	}
}

// TestKillTreeThatGrows: a shell that starts one process after the other must
// not get one past the search.
func TestKillTreeThatGrows(t *testing.T) {
	const grow = `while :; do sleep 1000 & setsid sleep 1000 & sleep 0.002; done`
	const script = `setsid sh -c '` + grow + `' & echo go >&3; ` + grow
	for name, group := range map[string]Group{"own": GroupOwn, "shared": GroupShared} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			spec := Spec{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: s.env(""), Group: group}
			p, reports := s.startReporting(spec)
			reports.line()
			if err := p.KillTree(); err != nil {
				t.Fatal(err)
			}
			await(t, p.Done())
		})
	}
}

// TestOrphansAreFoundByTheirMark: the parent of the processes is gone before
// the search begins.
func TestOrphansAreFoundByTheirMark(t *testing.T) {
	s := newStage(t)
	const script = `(setsid sh -c 'sleep 1000 & echo $$ $! >&3; wait' &) ; sleep 1000`
	p, reports := s.startReporting(Spec{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: s.env(""), Group: GroupShared})
	orphans := reports.watch()
	p.Signal(unix.SIGKILL)
	await(t, p.Done())
	s.expectEnded(orphans)
}

func TestMarks(t *testing.T) {
	env := addMark([]string{"A=1"}, "one")
	env = addMark(env, "two")
	if got := strings.Join(env, " "); got != "A=1 TENON_TREE=one:two" {
		t.Errorf("got %q", got)
	}
	t.Setenv(TreeVar, "one:two")
	if got := ownMark(); got != "two" {
		t.Errorf("own mark is %q", got)
	}
}

// TestHostIsKilled kills a host with SIGKILL. Nobody that it started may stay.
func TestHostIsKilled(t *testing.T) {
	const sh = "sleep 1000 & a=$!; sleep 1000 & echo $$ $a $! >&3; wait"
	for _, c := range []struct {
		name  string
		host  []string
		stop  bool // the plugin is stopped when the host dies
		stays int  // the documented limit: how many stay, from the end of the list
	}{
		{name: "healthy", host: []string{"own", "tree"}},
		{name: "sdk", host: []string{"own", "sdk"}},
		{name: "ignores all signals", host: []string{"own", "tree", "deaf"}},
		{name: "stopped", host: []string{"own", "tree"}, stop: true},
		{name: "stopped and ignores all signals", host: []string{"own", "tree", "deaf"}, stop: true},
		{name: "closes all descriptors", host: []string{"own", "closeall"}},
		{name: "shell", host: []string{"own", "/bin/sh", "-c", sh}},
		{name: "shell that ignores", host: []string{"own", "/bin/sh", "-c", "trap '' TERM HUP INT; " + sh}},
		{name: "plugin is a host", host: []string{"own", "host", "own", "tree"}},
		{name: "shared, sdk", host: []string{"shared", "sdk", "setsid"}},
		{name: "shared, sdk, ignores all signals", host: []string{"shared", "sdk", "deaf"}},
		{name: "shared, sdk, stopped", host: []string{"shared", "sdk"}, stop: true},
		{name: "shared, other", host: []string{"shared", "tree", "deaf"}, stays: 1},
		{name: "own, left the group", host: []string{"own", "tree", "setsid"}, stays: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			host, tree := s.startHost(c.host...)
			if c.stop {
				unix.PidfdSendSignal(tree[0].fd, unix.SIGSTOP, nil, 0)
				eventually(t, "the plugin stops", func() bool { return state(tree[0].pid) == "T" })
			}
			s.killBehindItsBack(host)
			n := len(tree) - c.stays
			s.expectEnded(tree[:n])
			for _, w := range tree[n:] {
				if w.ended(0) {
					t.Error("a limit that is documented is not one any more")
				}
				unix.PidfdSendSignal(w.fd, unix.SIGKILL, nil, 0)
			}
		})
	}
}

// startHost starts a process that plays the host, itself detached, so that
// nothing but the host's own death can end the tree.
func (s stage) startHost(args ...string) (*Process, []watched) {
	s.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { w.Close() })
	spec := s.spec("host", args...)
	spec.Detached, spec.Stdin = true, r
	host, reports := s.startReporting(spec)
	r.Close()
	return host, reports.watchHost(args)
}

func (s stage) killBehindItsBack(host *Process) {
	s.Helper()
	if err := host.Signal(unix.SIGKILL); err != nil {
		s.Fatal(err)
	}
	await(s.T, host.Done())
}

// TestHostExits: a host that forgot to stop its plugin leaves none either.
func TestHostExits(t *testing.T) {
	s := newStage(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	spec := s.spec("host", "own", "tree", "deaf")
	spec.Detached, spec.Stdin = true, r
	host, reports := s.startReporting(spec)
	r.Close()
	tree := reports.watchHost(nil)
	w.Close() // which the host takes as the sign to end
	if e := host.Exit(); e.Code != 0 {
		t.Errorf("the host ended with %v", e)
	}
	s.expectEnded(tree)
}

func TestDetachedStays(t *testing.T) {
	s := newStage(t)
	host, tree := s.startHost("detached", "tree")
	s.killBehindItsBack(host)
	unix.PidfdSendSignal(tree[0].fd, unix.SIGCONT, nil, 0)
	if sid, err := unix.Getsid(tree[0].pid); err != nil || sid != tree[0].pid {
		t.Errorf("session %d, %v; want its own, %d", sid, err, tree[0].pid)
	}
	for _, w := range tree {
		if w.ended(0) {
			t.Errorf("pid %d is gone", w.pid)
		}
		unix.PidfdSendSignal(w.fd, unix.SIGKILL, nil, 0)
	}
}

// TestSpareSessions kills the child, or has it killed behind the host's back: what it
// started in a session of its own stays, but nothing else does.
func TestSpareSessions(t *testing.T) {
	for name, setsid := range map[string]bool{"ours": false, "its own": true} {
		for _, byHost := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/by host %t", name, byHost), func(t *testing.T) {
				s := newStage(t)
				spec := s.spec("tree", "group", "setsid")
				spec.SpareSessions, spec.SysProcAttr = true, &syscall.SysProcAttr{Setsid: setsid}
				p, reports := s.startReporting(spec)
				tree := reports.watch()
				if byHost {
					p.KillTree()
				} else {
					unix.Kill(p.Pid(), unix.SIGKILL)
				}
				await(t, p.Done())
				s.expectEnded(tree[:3])
				if tree[3].ended(0) {
					t.Error("the daemon was killed")
				}
				unix.PidfdSendSignal(tree[3].fd, unix.SIGKILL, nil, 0)
				s.expectEnded(tree)
			})
		}
	}
}

// TestSpareSessionsInContainer runs that as what somebody has started in a container
// from outside: the leader of its session is nobody there, and the number is 0.
func TestSpareSessionsInContainer(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVar+"=container")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: gid, Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) || cmd.ProcessState.ExitCode() == exitNoMount {
		t.Skipf("needs the right to make namespaces: %v %s", err, out)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestGuard closes one descriptor of the guard: whichever it is, the group must
// go. No parent-death signal is at work here.
func TestGuard(t *testing.T) {
	for first := range 4 {
		s := newStage(t)
		cmd := exec.Command("/bin/sh", "-c", "trap '' TERM HUP; sleep 1000 & sleep 1000")
		cmd.Env, cmd.SysProcAttr = s.env(""), &syscall.SysProcAttr{Setpgid: true}
		g, err := newGuard()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		g.aim(cmd.Process.Pid)
		unix.Close(g[first])
		ended := make(chan struct{})
		go func() {
			cmd.Wait() // the shell may see its child killed, and exit, before it is its turn
			close(ended)
		}()
		await(t, ended)
		slices.Delete(g, first, first+1)[:3].close()
		s.checkEmpty()
	}
}

// TestTerminal runs a host on a terminal. Its plugin asks a question there, as
// ssh does. In a group of its own the kernel would stop it for that.
func TestTerminal(t *testing.T) {
	s := newStage(t)
	master, slave := openTerminal(t)
	spec := s.spec("askhost")
	spec.Stdin, spec.SysProcAttr = slave, &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	host, reports := s.startReporting(spec)
	slave.Close()
	master.SetDeadline(time.Now().Add(patience))
	if prompt, err := bufio.NewReader(master).ReadString(':'); err != nil || prompt != "password:" {
		t.Fatalf("prompt %q, %v", prompt, err)
	}
	fmt.Fprintln(master, "sesame")
	if got := reports.line(); got != "answer sesame" {
		t.Errorf("got %q", got)
	}
	if e := host.Exit(); e.Code != 0 {
		t.Errorf("host: %v", e)
	}
}

func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("this machine has no pseudo-terminals: %v", err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("cannot open the terminal: %v", err)
	}
	return master, slave
}

func TestGroupAuto(t *testing.T) {
	s := newStage(t)
	_, slave := openTerminal(t)
	defer slave.Close()
	for _, c := range []struct {
		stdin *os.File
		group Group
		own   bool
	}{{nil, GroupAuto, true}, {slave, GroupAuto, false}, {slave, GroupOwn, true}, {nil, GroupShared, false}} {
		spec := s.spec("pause")
		spec.Stdin, spec.Group = c.stdin, c.group
		p := s.start(spec)
		if own := pgid(t, p.Pid()) == p.Pid(); own != c.own {
			t.Errorf("terminal %v, group %v: own group %v", c.stdin != nil, c.group, own)
		}
	}
}

func pgid(t *testing.T, pid int) int {
	t.Helper()
	n, err := unix.Getpgid(pid)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
