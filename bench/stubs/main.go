// Command stubs measures the same stubs of protoc-gen-go-grpc, with the same
// implementation in a child process, over gRPC on a unix socket and over Tenon's
// native protocol, in turns, and prints the figures and their ratios. It is for
// Unix systems.
//
// It is a module of its own so that the other benchmarks keep the version of gRPC
// that go-plugin asks for.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"time"

	"github.com/tenon-go/tenon/bench/harness"
)

var targets = []harness.Target{overGRPC, native}

// A figure is one row of the table.
type figure struct {
	label string
	task  harness.Task
	of    func(harness.Sample) float64
	more  bool // more is better
}

func figures(budget time.Duration, messages int) []figure {
	return []figure{
		{"call, 64 B, µs", harness.Task{Kind: harness.Unary, Size: 64, Budget: budget}, microseconds, false},
		{"call, 64 B, allocations of the host", harness.Task{Kind: harness.Unary, Size: 64, Budget: budget / 4}, hostAllocations, false},
		{"call, 64 B, allocations of the plugin", harness.Task{Kind: harness.Unary, Size: 64, Budget: budget / 4}, pluginAllocations, false},
		{"call, 64 KiB, µs", harness.Task{Kind: harness.Unary, Size: 64 << 10, Budget: budget}, microseconds, false},
		{"call, 1 MiB, µs", harness.Task{Kind: harness.Unary, Size: 1 << 20, Budget: budget}, microseconds, false},
		{"32 callers, 64 B, calls per second", harness.Task{Kind: harness.Callers, Size: 64, Count: 32, Budget: budget}, value, true},
		{"stream, 64 B, messages per second", harness.Task{Kind: harness.Stream, Size: 64, Count: messages}, value, true},
	}
}

func value(s harness.Sample) float64             { return s.Value }
func microseconds(s harness.Sample) float64      { return s.Value / 1e3 }
func hostAllocations(s harness.Sample) float64   { return float64(s.Host.Mallocs) / float64(s.Calls) }
func pluginAllocations(s harness.Sample) float64 { return float64(s.Plugin.Mallocs) / float64(s.Calls) }

func main() {
	if len(os.Args) == 3 && (os.Args[1] == "host" || os.Args[1] == "plugin") {
		harness.Main(targets...)
		return
	}
	rounds := flag.Int("rounds", 15, "how many `rounds` to measure")
	quick := flag.Bool("quick", false, "measure shortly: for a first look")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *rounds, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "stubs:", cmp.Or(ctx.Err(), err))
		os.Exit(1)
	}
}

// run measures, and prints the medians with the tenths at either end. The ratios
// are those of each round, whose measurements are next to each other in time.
func run(ctx context.Context, w io.Writer, rounds int, quick bool) error {
	rows := figures(150*time.Millisecond, 200_000)
	if quick {
		rows = figures(20*time.Millisecond, 10_000)
	}
	all := make([][][]float64, len(rows)) // by row, target and round
	for i := range all {
		all[i] = make([][]float64, len(targets))
	}
	for n := range rounds {
		if err := measure(ctx, rows, n, all); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "%s %s/%s, %d CPUs, %d rounds\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), rounds)
	fmt.Fprintf(w, "| | %s | %s | times as good |\n| --- | --- | --- | --- |\n", targets[0].Name, targets[1].Name)
	for i, row := range rows {
		ratios := make([]float64, rounds)
		for n := range ratios {
			ratios[n] = all[i][0][n] / all[i][1][n]
			if row.more {
				ratios[n] = 1 / ratios[n]
			}
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", row.label, spread(all[i][0]), spread(all[i][1]), spread(ratios))
	}
	return nil
}

// measure is one round: each task by both targets, one after the other. Who
// comes first changes from round to round.
func measure(ctx context.Context, rows []figure, round int, all [][][]float64) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	drivers := make([]*harness.Driver, len(targets))
	for i, t := range targets {
		if drivers[i], err = harness.StartDriver(ctx, program, t); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, drivers[i].Close()) }()
	}
	for r, row := range rows {
		for i := range targets {
			i = (i + round) % len(targets)
			s, err := drivers[i].Measure(row.task)
			if err != nil {
				return err
			}
			all[r][i] = append(all[r][i], row.of(s))
		}
	}
	return nil
}

// spread is the median, and the tenths at either end.
func spread(values []float64) string {
	v := slices.Sorted(slices.Values(values))
	at := func(part float64) string {
		f := v[int(part*float64(len(v)-1)+0.5)]
		if f >= 1000 {
			return fmt.Sprintf("%.0f", f)
		}
		return fmt.Sprintf("%.3g", f)
	}
	return fmt.Sprintf("**%s** (%s…%s)", at(0.5), at(0.1), at(0.9))
}
