package host_test

import (
	"context"
	"os"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

// A thousand plugins come and go, in every way, and nothing is left of them.
func TestCycles(t *testing.T) {
	cycles := int64(1000)
	if testing.Short() {
		cycles = 100
	}
	cycle(t, 0) // what the runtime needs once is there now
	threads := countThreads(t)
	tenontest.CheckLeaks(t)
	var next atomic.Int64
	var workers sync.WaitGroup
	began := time.Now()
	for range 2 {
		workers.Go(func() {
			for i := next.Add(1); i <= cycles && !t.Failed(); i = next.Add(1) {
				cycle(t, int(i))
			}
		})
	}
	workers.Wait()
	took := time.Since(began)
	t.Logf("%d cycles in %v: %.0f a second; threads before %d, after %d", cycles, took, float64(cycles)/took.Seconds(), threads, countThreads(t))
	if n := countThreads(t); n > threads+16 {
		t.Errorf("%d threads, %d before", n, threads)
	}
}

// cycle is one plugin's life; how it ends depends on i.
func cycle(t *testing.T, i int) {
	names := []string{"tool", "tool", "tool", "tool", "tool", "tool", "quits", "initfails"}
	cmd := command(t, names[i%len(names)])
	p, err := host.Start(context.Background(), host.Config{App: app, Cmd: cmd, Logger: discard})
	if err != nil {
		if i%len(names) < 6 {
			t.Error(err)
		}
		return
	}
	if got, err := do(p, "echo x"); got != "x" {
		t.Error(got, err)
	}
	switch i % len(names) {
	case 0:
		do(p, "logf bye")
	case 1:
		do(p, "exit 3")
	case 2:
		do(p, "kill")
	case 3:
		do(p, "die")
	case 4:
		p.Kill()
	case 5:
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		p.Stop(ctx)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.Stop(ctx); (err == nil) != (i%len(names) == 0) && i%len(names) != 5 {
		t.Errorf("cycle %d: %v", i, err)
	}
	<-p.Done()
}

func countThreads(t testing.TB) int {
	status, err := os.ReadFile("/proc/self/status")
	m := regexp.MustCompile(`Threads:\s*(\d+)`).FindSubmatch(status)
	if m == nil {
		t.Skip("no count of threads here: ", err)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

func TestCyclesInProcess(t *testing.T) {
	tenontest.CheckLeaks(t)
	for range 1000 {
		p, err := host.Start(context.Background(), host.Config{App: app, InProcess: plugin.InProcess(toolConfig()), Logger: discard})
		if err != nil {
			t.Fatal(err)
		}
		mustDo(t, p, "echo x")
		if err := p.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}
