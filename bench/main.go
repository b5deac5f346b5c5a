// Command bench measures Tenon, HashiCorp's go-plugin and a bare socketpair in
// one run, with the same payloads and real child processes, and prints what it
// found as tables in Markdown. It is for Unix systems.
//
// The same targets are measured by Go benchmarks: go test -bench .
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"
)

// roundLimit is generous: it is there so that a target that hangs ends the run.
const roundLimit = 5 * time.Minute

type options struct {
	quick  bool
	rounds int
	only   string
}

func main() {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "measure shortly, in few rounds: for a first look")
	flag.IntVar(&o.rounds, "rounds", 0, "how many `rounds` to measure (default 15, with -quick 3)")
	flag.StringVar(&o.only, "only", "", "measure only targets whose names contain one of these `words`, separated by commas")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	entries := chosen(o.only)
	if len(entries) == 0 {
		return fmt.Errorf("no target's name contains any of %q", o.only)
	}
	dir, err := os.MkdirTemp("", "tenon-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := build(dir, entries); err != nil {
		return err
	}
	plan := newPlan(o.quick)
	r := &report{entries: entries, rows: plan.rows}
	for n := range o.count() {
		fmt.Fprintf(os.Stderr, "\rround %d of %d", n+1, o.count())
		measured, err := limitedRound(ctx, dir, entries, plan, n)
		if err != nil {
			fmt.Fprintln(os.Stderr)
			return cmp.Or(ctx.Err(), err)
		}
		r.rounds = append(r.rounds, measured)
	}
	fmt.Fprintln(os.Stderr)
	fmt.Printf("%s %s/%s, %d CPUs\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	r.write(os.Stdout)
	return nil
}

func limitedRound(ctx context.Context, dir string, entries []entry, p *plan, number int) (round, error) {
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	return newRound(ctx, dir, entries, p.tasks, number)
}

func (o options) count() int {
	switch {
	case o.rounds > 0:
		return o.rounds
	case o.quick:
		return 3
	}
	return 15
}

func chosen(only string) []entry {
	words := strings.Split(strings.ToLower(only), ",")
	return slices.DeleteFunc(slices.Clone(targets), func(e entry) bool {
		name := strings.ToLower(e.Name)
		return !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(name, word) })
	})
}
