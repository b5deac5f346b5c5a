package process

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const patience = 20 * time.Second

// A stage is what a test starts its processes on. At the end it checks that
// none is left.
type stage struct {
	*testing.T
	id string
}

func newStage(t *testing.T) stage {
	s := stage{t, newMark()}
	t.Cleanup(s.checkEmpty)
	return s
}

func (s stage) env(role string) []string {
	return []string{roleVar + "=" + role, idVar + "=" + s.id, "PATH=" + os.Getenv("PATH")}
}

// spec is a Spec for the test binary in a role.
func (s stage) spec(role string, args ...string) Spec {
	return Spec{Path: "/proc/self/exe", Args: append([]string{role}, args...), Env: s.env(role), Stderr: os.Stderr}
}

func (s stage) start(spec Spec) *Process {
	s.Helper()
	p, err := Start(spec)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { p.KillTree(); await(s.T, p.Done()) })
	return p
}

// startReporting passes a pipe as descriptor 3, and returns what comes from it.
func (s stage) startReporting(spec Spec) (*Process, *reports) {
	s.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { r.Close() })
	spec.Extra = append([]*os.File{w}, spec.Extra...)
	p := s.start(spec)
	w.Close()
	r.SetReadDeadline(time.Now().Add(patience))
	return p, &reports{s, bufio.NewReader(r)}
}

type reports struct {
	stage
	r *bufio.Reader
}

func (r *reports) line() string {
	r.Helper()
	line, err := r.r.ReadString('\n')
	if err != nil {
		r.Fatalf("waiting for a report: %v", err)
	}
	return strings.TrimSpace(line)
}

// watch reads a line of pids and takes hold of them.
func (r *reports) watch() []watched {
	r.Helper()
	return r.hold(r.line())
}

func (r *reports) hold(pids string) (all []watched) {
	r.Helper()
	for word := range strings.FieldsSeq(pids) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			r.Fatal(err)
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			r.Fatalf("pid %d: %v", pid, err)
		}
		r.Cleanup(func() { unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); unix.Close(fd) })
		all = append(all, watched{pid, fd})
	}
	return all
}

// watchHost waits until each host, the one in its arguments included, is back
// from Start: that is when the guarantee begins. The tree's own report comes
// before, after or in between.
func (r *reports) watchHost(args []string) (tree []watched) {
	r.Helper()
	missing := 1
	for _, arg := range args {
		if arg == "host" {
			missing++
		}
	}
	for missing > 0 || tree == nil {
		if line := r.line(); line == "started" {
			missing--
		} else {
			tree = r.hold(line)
		}
	}
	return tree
}

type watched struct{ pid, fd int }

func (w watched) ended(wait time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN}}
	deadline := time.Now().Add(wait)
	for {
		n, err := unix.Poll(fds, int(max(0, time.Until(deadline))/time.Millisecond))
		if err != unix.EINTR {
			return n == 1
		}
	}
}

func (s stage) expectEnded(all []watched) {
	s.Helper()
	for i, w := range all {
		if !w.ended(patience) {
			s.Errorf("process %d of %d (pid %d, state %s) is still there", i+1, len(all), w.pid, state(w.pid))
		}
	}
}

func await(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("the end of the process was not noticed")
	}
}

// eventually polls what the system has no event for.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("did not come about: %s", what)
		}
	}
}

func state(pid int) string {
	stat, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return "gone"
	}
	return string(stat[bytes.LastIndexByte(stat, ')')+2:][:1])
}

// left returns the processes that carry the stage's id.
func (s stage) left() (pids []int) {
	for _, pid := range processes() {
		env, err := os.ReadFile(procFile(pid, "environ"))
		if err == nil && bytes.Contains(env, []byte(s.id)) && state(pid) != "Z" {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (s stage) checkEmpty() {
	s.Helper()
	eventually(s.T, "no processes are left", func() bool { return len(s.left()) == 0 })
	if kids := children(os.Getpid(), func() bool { return false }); len(kids) != 0 {
		s.Errorf("children or zombies of this process are left: %v", kids)
	}
}

func (s stage) wantErr(err, target error) {
	s.Helper()
	if !errors.Is(err, target) {
		s.Errorf("error is %v, want %v", err, target)
	}
}

func openFds(t *testing.T) int { return countDir(t, "/proc/self/fd") }
func threads(t *testing.T) int { return countDir(t, "/proc/self/task") }

func countDir(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
