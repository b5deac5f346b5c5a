package peer

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// long raises the length of the loops: TENON_LONG=1 go test ./internal/peer.
var long = os.Getenv("TENON_LONG") != ""

// times is n, or far more in a long run.
func times(n int) int {
	if long {
		return 20 * n
	}
	return n
}

func TestMain(m *testing.M) {
	before := descriptors()
	code := m.Run()
	if code == 0 {
		code = leaks(before)
	}
	os.Exit(code)
}

// leaks reports goroutines of this module, and descriptors, that are left when
// all tests have ended. What is just ending gets some time.
func leaks(before int) (code int) {
	var left string
	for range 500 {
		if left = strays(); left == "" && descriptors() <= before {
			return 0
		}
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Printf("left behind: %d descriptors\n%s", descriptors()-before, left)
	return 1
}

// strays returns the stacks of this module's goroutines other than the tests'.
func strays() string {
	buf := make([]byte, 4<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var left []string
	for _, stack := range strings.Split(string(buf), "\n\n") {
		if strings.Contains(stack, "github.com/tenon-go/tenon") && !strings.Contains(stack, "testing.(*M)") && !strings.Contains(stack, "TestMain") {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}

// descriptors counts what is open, sockets and pipes only: the poller and the
// files of the testing package are not this package's.
func descriptors() (n int) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0 // not on Linux
	}
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// goroutines counts those whose stacks mention what.
func goroutines(what string) int {
	buf := make([]byte, 8<<20)
	return bytes.Count(buf[:runtime.Stack(buf, true)], []byte(what))
}

// eventually waits until ok, and fails the test if that takes too long.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}
