package process

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A hunt finds and kills the descendants of a process. It stops each one as it
// is found, so that it cannot fork while the search goes on, and kills them
// only when no more turn up: a process that loses its parent is lost to the
// search too.
type hunt struct {
	root  int    // whose descendants; 0 for none but the marked ones
	mark  string // in the environment of those that lost their parent; may be empty
	found map[int]quarry
}

// A quarry is a process that was found. The descriptor, -1 on kernels without,
// makes sure that a signal never reaches another with the same number.
type quarry struct{ pid, pidfd int }

// freeze finds and stops. A stop takes effect after the call that asks for it
// has returned, hence the second look; and the limit, because one who forks
// faster than we look must not hold us for ever.
func (h *hunt) freeze() {
	h.found = map[int]quarry{}
	const enough = 2
	for quiet, round := 0, 0; quiet < enough && round < 64; round++ {
		if h.look() {
			quiet = 0
		} else {
			quiet++
		}
	}
}

// look searches once and reports whether it found anyone new.
func (h *hunt) look() bool {
	before := len(h.found)
	todo := []int{}
	if h.root != 0 {
		todo = append(todo, h.root)
	}
	for pid := range h.found {
		todo = append(todo, pid)
	}
	if h.mark != "" {
		todo = append(todo, h.adoptMarked()...)
	}
	for len(todo) > 0 {
		parent := todo[0]
		todo = append(todo[1:], h.adoptChildren(parent)...)
	}
	return len(h.found) > before
}

func (h *hunt) adoptMarked() (adopted []int) {
	for _, pid := range processes() {
		if hasMark(pid, h.mark) && h.adopt(pid, func() bool { return hasMark(pid, h.mark) }) {
			adopted = append(adopted, pid)
		}
	}
	return adopted
}

func (h *hunt) adoptChildren(parent int) (adopted []int) {
	for _, pid := range children(parent) {
		if h.adopt(pid, func() bool { return parentOf(pid) == parent && h.holds(parent) }) {
			adopted = append(adopted, pid)
		}
	}
	return adopted
}

// adopt takes pid in, unless it is known. What made it a quarry is looked at
// again when the descriptor is there: in between the number may have changed
// hands.
func (h *hunt) adopt(pid int, still func() bool) bool {
	if _, known := h.found[pid]; known || pid == os.Getpid() || pid == h.root {
		return false
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		fd = -1
	}
	if !still() {
		if fd >= 0 {
			unix.Close(fd)
		}
		return false
	}
	h.found[pid] = quarry{pid, fd}
	signalTo(pid, fd, unix.SIGSTOP)
	return true
}

// holds reports whether pid still is the process that was found under that
// number. The root is: its pid cannot be reused while the search goes on.
func (h *hunt) holds(pid int) bool {
	q, known := h.found[pid]
	return !known || q.pidfd < 0 || unix.PidfdSendSignal(q.pidfd, 0, nil, 0) == nil
}

// kill kills all that were found, and forgets them.
func (h *hunt) kill() {
	for _, q := range h.found {
		signalTo(q.pid, q.pidfd, unix.SIGKILL)
		if q.pidfd >= 0 {
			unix.Close(q.pidfd)
		}
	}
	h.found = nil
}

// killMarked kills all that carry the mark, with their descendants, until no
// more turn up.
func killMarked(mark string) {
	for range 8 {
		h := hunt{mark: mark}
		h.freeze()
		if len(h.found) == 0 {
			return
		}
		h.kill()
	}
}

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
func hasMark(pid int, mark string) bool {
	env, err := os.ReadFile(procFile(pid, "environ"))
	if err != nil || !bytes.Contains(env, []byte(mark)) {
		return false
	}
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		if marks, ok := bytes.CutPrefix(entry, []byte(TreeVar+"=")); ok && bytes.Contains(marks, []byte(mark)) {
			return true
		}
	}
	return false
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

// children asks each thread, because a child belongs to the thread that forked
// it. Nearly every kernel has the file; where it is missing only the group and
// the mark are left to find descendants by. Reading every process's stat would
// do without, but takes as long as the machine has processes.
func children(pid int) (pids []int) {
	threads, _ := os.ReadDir(procFile(pid, "task"))
	for _, thread := range threads {
		list, _ := os.ReadFile(procFile(pid, "task/"+thread.Name()+"/children"))
		for word := range strings.FieldsSeq(string(list)) {
			if child, err := strconv.Atoi(word); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// parentOf returns the parent's pid, 0 if the process is gone or a zombie.
func parentOf(pid int) int {
	stat, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return 0
	}
	// The second field is the program's name, which may contain anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 || fields[0] == "Z" {
		return 0
	}
	ppid, _ := strconv.Atoi(fields[1])
	return ppid
}

func procFile(pid int, name string) string {
	return "/proc/" + strconv.Itoa(pid) + "/" + name
}

// countOOMKills returns how many processes the kernel has killed for want of
// memory since it started, in control groups or out of them.
func countOOMKills() int64 {
	stat, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	const key = "\noom_kill "
	_, rest, ok := strings.Cut(string(stat), key)
	if !ok {
		return 0
	}
	value, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseInt(value, 10, 64)
	return n
}
