// Command pair is a host and a plugin of go-plugin, whichever the build links under
// that name.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/tenon-go/tenon/bench/goplugin"
	"github.com/tenon-go/tenon/bench/harness"
)

var targets = []harness.Target{goplugin.GRPC, goplugin.AutoMTLS, goplugin.NetRPC}

func main() {
	if len(os.Args) != 4 || os.Args[1] != "cycles" {
		harness.Main(targets...)
		return
	}
	if err := cycles(os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "pair:", err)
		os.Exit(1)
	}
}

// cycles starts and kills plugins, and prints what there is more of than before.
func cycles(target, number string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "cycles")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	os.Setenv("TMPDIR", temp)
	for _, t := range targets {
		if t.Name != target {
			continue
		}
		if err := run(t, 10); err != nil { // what is made once is there
			return err
		}
		before, began := settled(temp), time.Now()
		if err := run(t, n); err != nil {
			return err
		}
		took := time.Since(began)
		fmt.Printf("%d cycles in %v; left: %v\n", n, took.Round(time.Millisecond), settled(temp).minus(before))
	}
	return nil
}

func run(t harness.Target, n int) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	ctx := context.Background()
	for range n {
		s, err := t.Start(ctx, exec.Command(program, "plugin", t.Name))
		if err != nil {
			return err
		}
		_, err = s.Echo(ctx, []byte("x"))
		if err := errors.Join(err, s.Stop()); err != nil {
			return err
		}
	}
	return nil
}

// A tally is what a process has.
type tally struct{ Goroutines, Descriptors, Children, Files int }

func count(temp string) tally {
	return tally{runtime.NumGoroutine(), entries("/proc/self/fd"), children(), entries(temp)}
}

func (t tally) minus(u tally) tally {
	return tally{t.Goroutines - u.Goroutines, t.Descriptors - u.Descriptors, t.Children - u.Children, t.Files - u.Files}
}

func (t tally) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d processes, %d files", t.Goroutines, t.Descriptors, t.Children, t.Files)
}

// settled counts when nothing changes any more, after three seconds at the latest: a
// Cmd.Process has its descriptor until the garbage collector finds it.
func settled(temp string) tally {
	now, same := count(temp), 0
	for end := time.Now().Add(3 * time.Second); same < 5 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		runtime.GC()
		was := now
		if now = count(temp); now != was {
			same = 0
		}
		same++
	}
	return now
}

func entries(dir string) int {
	list, _ := os.ReadDir(dir)
	return len(list)
}

func children() (n int) {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, l := range lists {
		text, _ := os.ReadFile(l)
		for _, b := range text {
			if b == ' ' {
				n++
			}
		}
	}
	return n
}
