package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A hunt finds and kills the descendants of a process. It stops each one as it
// is found, so that it cannot fork while the search goes on, and kills them
// only when no more turn up: a process that loses its parent is lost to the
// search too.
type hunt struct {
	root    int    // whose descendants; 0 for none but the marked ones
	mark    string // in the environment of those that lost their parent; may be empty
	born    birth  // of the one that was given the mark; zero if that is not known
	spare   bool   // those in another session than this
	session int
	swept   int       // a group that was sent SIGKILL before; 0 for none
	until   time.Time // when to stop searching; zero for no limit
	found   map[int]quarry
	unsure  bool // there was one whose environment could not be seen for a moment
}

func (h *hunt) late() bool { return !h.until.IsZero() && time.Now().After(h.until) }

// A quarry is a process that was found. The descriptor, -1 on kernels without,
// makes sure that a signal never reaches another with the same number.
type quarry struct{ pid, pidfd int }

// freeze finds and stops. A stop takes effect after the call that asks for it
// has returned, hence the second look; and the limit, because one who forks
// faster than we look must not hold us for ever. Where nobody has a mark one
// look is enough: who forks behind our back gets a higher number, and that
// comes later in the same look.
func (h *hunt) freeze() {
	h.found = map[int]quarry{}
	const enough = 2
	for quiet, round := 0, 0; quiet < enough && round < 64 && !h.late(); round++ {
		if h.look() {
			quiet = 0
		} else {
			quiet++
		}
		if h.unsure {
			time.Sleep(200 * time.Microsecond)
		} else if h.root == 0 && len(h.found) == 0 {
			return
		}
	}
}

// look searches once and reports whether it found anyone new.
func (h *hunt) look() bool {
	h.unsure = false
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
	for len(todo) > 0 && !h.late() {
		parent := todo[0]
		todo = append(todo[1:], h.adoptChildren(parent)...)
	}
	return len(h.found) > before
}

func (h *hunt) adoptChildren(parent int) (adopted []int) {
	for _, pid := range children(parent, h.late) {
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
	if _, known := h.found[pid]; known || pid == os.Getpid() || pid == h.root || h.spares(pid) {
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

func (h *hunt) spares(pid int) bool {
	if !h.spare {
		return false
	}
	session, err := unix.Getsid(pid)
	return err == nil && session != h.session
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

// children asks each thread, because a child belongs to the thread that forked
// it. Nearly every kernel has the file; where it is missing only the group and
// the mark are left to find descendants by. Reading every process's stat would
// do without, but takes as long as the machine has processes.
//
// It ends early if late says so: there may be thousands of threads.
func children(pid int, late func() bool) (pids []int) {
	const batch = 64
	dir, err := os.Open(procFile(pid, "task"))
	if err != nil {
		return nil
	}
	defer dir.Close()
	for {
		threads, _ := dir.Readdirnames(batch)
		for _, thread := range threads {
			if late() {
				return pids
			}
			pids = appendPids(pids, procFile(pid, "task/"+thread+"/children"))
		}
		if len(threads) == 0 {
			return pids
		}
	}
}

// appendPids appends the numbers in a file.
func appendPids(pids []int, file string) []int {
	list, _ := os.ReadFile(file)
	for word := range strings.FieldsSeq(string(list)) {
		if pid, err := strconv.Atoi(word); err == nil {
			pids = append(pids, pid)
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
	return counter("/proc/vmstat", "\noom_kill ")
}

// counter returns the number that follows key in a file, or 0.
func counter(file, key string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, rest, ok := strings.Cut(string(text), key)
	if !ok {
		return 0
	}
	value, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseInt(value, 10, 64)
	return n
}
