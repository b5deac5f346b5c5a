package tenontest

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// CheckLeaks fails the test if, when it ends, goroutines, open descriptors or
// child processes are there that were not there when CheckLeaks was called. It
// shows the stacks of the goroutines, what the descriptors are, and whether the
// children are zombies. What ends within 5 seconds is no leak.
//
// It looks at the whole process, so it is not for tests that run in parallel
// with others; [Main] does the same for all tests together. Call it before what
// is to be checked, because cleanups run in reverse order. Descriptors and
// children are looked for on Linux only.
func CheckLeaks(t testing.TB) {
	t.Helper()
	before := look()
	t.Cleanup(func() {
		t.Helper()
		if found := before.leaks(); found != "" {
			t.Errorf("tenontest: the test left behind:\n\n%s", found)
		}
	})
}

// A census is what a process has at one time: a description of each thing under
// what tells it from others.
type census struct {
	goroutines, descriptors, children map[string]string
}

func look() census {
	return census{goroutines(), descriptors(), children()}
}

// leaks says what is there that was not when c was taken, and is empty if there
// is nothing. It waits for things to end: the system has no event for that.
func (c census) leaks() string {
	pause := time.Millisecond
	for deadline := time.Now().Add(patience); ; {
		found := c.added(look())
		if found == "" || time.Now().After(deadline) {
			return found
		}
		time.Sleep(pause)
		runtime.GC() // descriptors of an os.Process that nobody waits for are closed by it
		pause = min(2*pause, 50*time.Millisecond)
	}
}

func (c census) added(now census) string {
	var b strings.Builder
	list := func(what string, before, now map[string]string) {
		for _, key := range slices.Sorted(maps.Keys(now)) {
			if _, old := before[key]; !old {
				fmt.Fprintf(&b, "%s %s\n", what, now[key])
			}
		}
	}
	list("descriptor", c.descriptors, now.descriptors)
	list("child process", c.children, now.children)
	list("goroutine:", c.goroutines, now.goroutines)
	return b.String()
}

// goroutines returns the stacks of all goroutines but those that come and go
// with the runtime and the tests themselves.
func goroutines() map[string]string {
	all := map[string]string{}
	for stack := range strings.SplitSeq(stacks(), "\n\n") {
		id, _, _ := strings.Cut(stack, " [")
		if !expected(stack) {
			all[id] = stack + "\n"
		}
	}
	return all
}

func stacks() string {
	for size := 1 << 16; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return strings.TrimSpace(string(buf[:n]))
		}
	}
}

// expected reports whether a goroutine is none of the tested program's. Who
// created it is in the last line, and does not count.
func expected(stack string) bool {
	frames, _, _ := strings.Cut(stack, "\ncreated by ")
	for _, f := range []string{
		"\ntesting.tRunner(", "\ntesting.(*T).Run(", "\ntesting.(*M).Run(", "\ntesting.runFuzz", "\ntesting.(*F).",
		"\ntesting.runTests", "\ntesting/synctest.", "\ninternal/synctest.",
		"\nos/signal.loop(", "\nos/signal.signal_recv(", "\nruntime.ensureSigM", "\nruntime.runCleanups(", "\nruntime.runFinalizers(",
		"\nruntime.ReadTrace(", "\nruntime/trace.", "\nruntime/pprof.", "\nruntime.goexit0(",
		"/tenontest.stacks(",
	} {
		if strings.Contains(frames, f) {
			return true
		}
	}
	return false
}
