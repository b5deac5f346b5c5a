package process

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTraceMe: a child that makes the host its tracer stops where an end would
// be reported. It must not be taken for one.
func TestTraceMe(t *testing.T) {
	for _, sig := range []unix.Signal{unix.SIGSTOP, unix.SIGUSR1} {
		for _, group := range []string{"stays", "away"} {
			t.Run(fmt.Sprint(unix.SignalName(sig), " ", group), func(t *testing.T) {
				s := newStage(t)
				p, reports := s.startReporting(s.spec("traceme", "first", fmt.Sprint(int(sig)), group))
				tree := reports.watch()
				await(t, p.Done())
				if !tree[0].ended(0) {
					t.Error("Done is closed, and the process is there")
				}
				s.expectEnded(tree)
				if e := p.Exit(); e.Signal != unix.SIGKILL || !e.Traced || e.OutOfMemory || e.String() != "killed by SIGKILL (it had asked to be traced)" {
					t.Errorf("ended with %+v, %v", e, e)
				}
			})
		}
	}
}

// TestTraceMeOtherThread: a traced thread that is not the first one stays a
// zombie, and with it the process, until somebody waits for it.
func TestTraceMeOtherThread(t *testing.T) {
	s := newStage(t)
	p, reports := s.startReporting(s.spec("traceme", "other", fmt.Sprint(int(unix.SIGSTOP)), "stays"))
	tree := reports.watch()
	eventually(t, "a thread is traced", func() bool { return tracedThreads(p.Pid()) > 0 })
	if err := p.KillTree(); err != nil {
		t.Fatal(err)
	}
	await(t, p.Done())
	s.expectEnded(tree)
	if e := p.Exit(); e.Signal != unix.SIGKILL {
		t.Errorf("ended with %v", e)
	}
}

func tracedThreads(pid int) (n int) {
	threads, _ := os.ReadDir(procFile(pid, "task"))
	for _, thread := range threads {
		status, _ := os.ReadFile(procFile(pid, "task/"+thread.Name()+"/status"))
		if len(status) > 0 && !strings.Contains(string(status), "\nTracerPid:\t0\n") {
			n++
		}
	}
	return n
}

// TestJobsAndDaemons: what left the group ends with the child, whether that
// exits by itself, is killed, or its numbers cannot be told to be in order.
func TestJobsAndDaemons(t *testing.T) {
	for name, end := range map[string]func(p *Process, w *os.File){
		"exits":    func(_ *Process, w *os.File) { w.Close() },
		"SIGKILL":  func(p *Process, _ *os.File) { p.Signal(unix.SIGKILL) },
		"KillTree": func(p *Process, _ *os.File) { p.KillTree() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			spec := s.spec("jobs")
			spec.Stdin = r
			p, reports := s.startReporting(spec)
			r.Close()
			tree := reports.watch()
			end(p, w)
			await(t, p.Done())
			s.expectEnded(tree)
		})
	}
}

// TestYounger: whatever is known of the numbers, a process that was started
// later is among them.
func TestYounger(t *testing.T) {
	s := newStage(t)
	p := s.start(s.spec("pause"))
	self, now := os.Getpid(), time.Now()
	for name, b := range map[string]birth{
		"nothing is known":    {},
		"just now":            {pid: p.Pid() - 1, at: now},
		"long ago":            {pid: p.Pid() - 1, at: now.Add(-1000 * time.Hour), forks: countForks()},
		"long ago, who knows": {pid: p.Pid() - 1, at: now.Add(-1000 * time.Hour), forks: 1},
		"began again":         {pid: maxPid(), at: now},
		"many":                {pid: max(1, min(p.Pid()-1, self-1000)), at: now},
	} {
		var pids []int
		b.younger(func(pid int) bool { pids = append(pids, pid); return true })
		if !slices.Contains(pids, p.Pid()) {
			t.Errorf("%s: not among %d", name, len(pids))
		}
	}
}

// TestKillTreeOfManyThreads: the search must not hold up the kill.
func TestKillTreeOfManyThreads(t *testing.T) {
	const bound = huntTimeout + 150*time.Millisecond
	s := newStage(t)
	p, reports := s.startReporting(s.spec("threads", "3000"))
	tree := reports.watch()
	start := time.Now()
	if err := p.KillTree(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > bound {
		t.Errorf("KillTree took %v", took)
	} else {
		t.Logf("KillTree took %v", took)
	}
	await(t, p.Done())
	t.Logf("Done after %v", time.Since(start))
	s.expectEnded(tree)
}

// BenchmarkHunt is what the search for marked processes costs when there are
// none, on a machine with 500 more processes.
func BenchmarkHunt(b *testing.B) {
	for range 500 {
		cmd := exec.Command("/bin/sleep", "1000")
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	}
	for name, born := range map[string]birth{
		"young": {pid: lastPid(), at: time.Now(), forks: countForks()},
		"old":   {pid: lastPid(), at: time.Now().Add(-time.Hour), forks: countForks()},
		"any":   {},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h := hunt{mark: newMark(), born: born, swept: 1 << 30}
				h.killMarked()
			}
		})
	}
}
