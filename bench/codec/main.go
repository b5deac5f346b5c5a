// Command codec measures what encoding and decoding a struct takes: with what
// tenon gen makes of it, with vtprotobuf and with google.golang.org/protobuf, in
// one run, in turns.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tenon-go/tenon/bench/codec/item"
)

// lines is how many the measured order has.
const lines = 20

func main() {
	rounds := flag.Int("rounds", 60, "how many `rounds` to measure")
	budget := flag.Duration("budget", 20*time.Millisecond, "how long to measure one thing in a round")
	flag.Parse()
	o := item.Example(lines)
	fmt.Printf("%s %s/%s, %d CPUs; an order of %d bytes\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), len(encodeTenon(nil, o)))
	tasks := tasksOf(o)
	for range *rounds {
		for t := range tasks {
			tasks[t].round(*budget)
		}
	}
	write(os.Stdout, tasks)
}

// A task is what each codec does, with the time that it took in each round.
type task struct {
	name  string
	run   []func()
	took  [][]float64 // by codec, in nanoseconds
	start int         // who comes first in the next round
}

func tasksOf(o *item.Order) []task {
	tasks := []task{{name: "encode"}, {name: "decode"}, {name: "encode and decode"}}
	for _, c := range codecs {
		v := c.make(o)
		wire := c.encode(nil, v)
		buf := make([]byte, 0, 2*len(wire))
		for i, run := range []func(){
			func() { c.encode(buf, v) },
			func() { c.decode(wire) },
			func() { c.decode(c.encode(buf, v)) },
		} {
			tasks[i].run = append(tasks[i].run, run)
			tasks[i].took = append(tasks[i].took, nil)
		}
	}
	return tasks
}

// round measures all codecs one after the other, so that what disturbs the
// machine for a while disturbs all.
func (t *task) round(budget time.Duration) {
	for i := range t.run {
		i = (i + t.start) % len(t.run)
		runtime.GC() // each pays for its own garbage
		t.took[i] = append(t.took[i], measure(t.run[i], budget))
	}
	t.start++
}

// measure returns how many nanoseconds of the processor's f takes, with what the
// garbage collector does meanwhile: on a busy machine the clock tells more of the
// others.
func measure(f func(), budget time.Duration) float64 {
	const batch = 100
	n, start, used := 0, time.Now(), processorTime()
	for time.Since(start) < budget {
		for range batch {
			f()
		}
		n += batch
	}
	return float64((processorTime() - used).Nanoseconds()) / float64(n)
}

func processorTime() time.Duration {
	var u syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func write(w *os.File, tasks []task) {
	row := func(cells ...string) { fmt.Fprintln(w, "| "+strings.Join(cells, " | ")+" |") }
	header := []string{"median (10th…90th percentile), ns"}
	for _, c := range codecs {
		header = append(header, c.name)
	}
	for _, c := range codecs[1:] {
		header = append(header, c.name+" / tenon")
	}
	row(header...)
	fmt.Fprintln(w, "| --- |"+strings.Repeat(" ---: |", len(header)-1))
	for _, t := range tasks {
		cells := []string{t.name}
		for i := range codecs {
			cells = append(cells, spread(t.took[i], "%.0f"))
		}
		for i := range codecs[1:] {
			cells = append(cells, spread(ratios(t.took[i+1], t.took[0]), "%.2f"))
		}
		row(cells...)
	}
}

// ratios are those within each round.
func ratios(a, b []float64) []float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / b[i]
	}
	return r
}

func spread(values []float64, format string) string {
	sorted := slices.Sorted(slices.Values(values))
	at := func(p int) float64 { return sorted[p*(len(sorted)-1)/100] }
	return fmt.Sprintf("**"+format+"** ("+format+"…"+format+")", at(50), at(10), at(90))
}
