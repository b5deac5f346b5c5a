package process

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// killMarked kills all that carry the mark, with their descendants, until no
// more turn up.
func (h *hunt) killMarked() {
	for range 8 {
		h.freeze()
		if len(h.found) == 0 {
			return
		}
		h.kill()
	}
}

func (h *hunt) adoptMarked() (adopted []int) {
	h.born.younger(func(pid int) bool {
		if !h.suspects(pid) {
			return !h.late()
		}
		marked, empty := hasMark(pid, h.mark)
		if marked && h.adopt(pid, func() bool { still, _ := hasMark(pid, h.mark); return still }) {
			adopted = append(adopted, pid)
		}
		if empty && parentOf(pid) != 0 { // not a zombie: perhaps in the middle of exec
			h.unsure = true
		}
		return !h.late()
	})
	return adopted
}

// suspects rules out most numbers at the price of two system calls, a fiftieth
// of what it takes to read an environment: those of no process, of a mere
// thread, of a process that we may not kill, of the kernel's own threads, and
// of what was in the group that has been swept.
func (h *hunt) suspects(pid int) bool {
	if unix.Tgkill(pid, pid, 0) != nil {
		return false
	}
	group, err := unix.Getpgid(pid)
	switch {
	case err != nil:
		return false
	case h.swept == 0:
		return true // a group from outside our pid namespace has the number 0 as well
	}
	return group != h.swept && group != 0
}

// A birth is where and when a process came to be. What it starts is younger,
// and numbers are given away in order, so that there is little to look at when
// a process ends that did not live for long.
type birth struct {
	pid   int
	at    time.Time
	forks int64 // since the machine started, until then
}

// younger calls yield with the numbers of all processes that are younger than
// this one, and of some that are not, until it returns false. Those that come
// to be meanwhile are included.
func (b birth) younger(yield func(int) bool) {
	const few, rounds = 512, 8
	after, last := b.pid, lastPid()
	known := b.pid != 0 && last >= after && !b.mayBeLapped()
	// Trying a few hundred numbers is faster than listing /proc.
	for round := 0; known && after < last && last-after <= few && round < rounds; round++ {
		for pid := after + 1; pid <= last; pid++ {
			if !yield(pid) {
				return
			}
		}
		after, last = last, lastPid()
		known = last >= after
	}
	if known && after == last {
		return
	}
	for _, pid := range processes() {
		if (!known || pid > after) && !yield(pid) {
			return
		}
	}
}

// mayBeLapped reports whether, since then, the numbers may have started again
// from the lowest and have come past this one. No machine forks faster than
// once in five microseconds; most take days.
func (b birth) mayBeLapped() bool {
	if time.Since(b.at) < time.Duration(maxPid())*5*time.Microsecond {
		return false
	}
	forks := countForks()
	return forks == 0 || b.forks == 0 || forks-b.forks > int64(maxPid())/2 // numbers in use are skipped
}

// countForks returns how many processes and threads were started since the
// machine was, 0 if that is not known.
func countForks() int64 { return counter("/proc/stat", "\nprocesses ") }

// lastPid returns the number that was given away last, 0 if that is not known.
func lastPid() int {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(load))
	if len(fields) < 5 {
		return 0
	}
	pid, _ := strconv.Atoi(fields[4])
	return pid
}

// maxPid returns how many numbers there are, 0 if that is not known.
var maxPid = sync.OnceValue(func() int {
	text, err := os.ReadFile("/proc/sys/kernel/pid_max")
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
})

func newMark() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// addMark returns env with one more mark: the tree of a plugin that is a host
// itself is part of the outer tree as well.
func addMark(env []string, mark string) []string {
	for i, entry := range env {
		if outer, ok := strings.CutPrefix(entry, TreeVar+"="); ok && outer != "" {
			env = slices.Clone(env)
			env[i] = TreeVar + "=" + outer + ":" + mark
			return env
		}
	}
	return append(slices.Clip(env), TreeVar+"="+mark)
}

// hasMark reads the environment that the process was started with. It is empty
// for one that is a zombie, and closed to us for one of another user.
func hasMark(pid int, mark string) (marked, empty bool) {
	env, err := readEnviron(pid)
	if err != nil || !bytes.Contains(env, []byte(mark)) {
		return false, err == nil && len(env) == 0
	}
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		if marks, ok := bytes.CutPrefix(entry, []byte(TreeVar+"=")); ok && bytes.Contains(marks, []byte(mark)) {
			return true, false
		}
	}
	return false, false
}

// readEnviron does without package os, which would take twice the time: with
// hundreds of processes this is what the end of a plugin takes longest for.
func readEnviron(pid int) ([]byte, error) {
	fd, err := unix.Open(procFile(pid, "environ"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	env := make([]byte, 0, 8<<10)
	for {
		n, err := unix.Read(fd, env[len(env):cap(env)])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return env, err
		}
		env = slices.Grow(env[:len(env)+n], 4<<10)
	}
}

func processes() (pids []int) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
