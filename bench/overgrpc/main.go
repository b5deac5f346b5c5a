// Command overgrpc measures go-plugin's protocol of gRPC with Tenon's library and
// with go-plugin's own, on either side, in one run, and prints the figures and
// their ratios. It is for Unix systems.
//
// All hosts and plugins are one program, so that all link the same.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/tenon-go/tenon/bench/harness"
)

func figures(budget time.Duration, starts, messages int) []harness.Figure {
	return []harness.Figure{
		{Label: "start to first answer, ms", Task: harness.Task{Kind: harness.Start, Size: 64, Count: starts}, Of: harness.Sample.Milliseconds},
		{Label: "call, 64 B, µs", Task: harness.Task{Kind: harness.Unary, Size: 64, Budget: budget}, Of: harness.Sample.Microseconds},
		{Label: "call, 64 B, allocations of the host", Task: harness.Task{Kind: harness.Unary, Size: 64, Budget: budget / 4}, Of: harness.Sample.HostAllocations},
		{Label: "call, 64 B, allocations of the plugin", Task: harness.Task{Kind: harness.Unary, Size: 64, Budget: budget / 4}, Of: harness.Sample.PluginAllocations},
		{Label: "call, 1 MiB, µs", Task: harness.Task{Kind: harness.Unary, Size: 1 << 20, Budget: budget}, Of: harness.Sample.Microseconds},
		{Label: "32 callers, 64 B, calls per second", Task: harness.Task{Kind: harness.Callers, Size: 64, Count: 32, Budget: budget}, Of: harness.Sample.Itself, More: true},
		{Label: "stream, 64 B, messages per second", Task: harness.Task{Kind: harness.Stream, Size: 64, Count: messages}, Of: harness.Sample.Itself, More: true},
	}
}

func main() {
	if len(os.Args) == 3 && (os.Args[1] == "host" || os.Args[1] == "plugin") {
		harness.Main(slices.Concat(plain, mtls)...)
		return
	}
	rounds := flag.Int("rounds", 15, "how many `rounds` to measure")
	quick := flag.Bool("quick", false, "measure shortly: for a first look")
	starts := flag.Bool("starts", false, "measure starts only")
	only := flag.Bool("keys", false, "print what keys and certificates cost, and nothing else")
	flag.Parse()
	if *only {
		if err := keys(os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "overgrpc:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	rows := figures(150*time.Millisecond, 10, 100_000)
	if *quick {
		rows = figures(20*time.Millisecond, 3, 10_000)
	}
	if *starts {
		rows = rows[:1]
	}
	if err := run(ctx, os.Stdout, *rounds, rows); err != nil {
		fmt.Fprintln(os.Stderr, "overgrpc:", cmp.Or(ctx.Err(), err))
		os.Exit(1)
	}
}

// run prints two tables, without and with certificates. The names are those of
// the host's library and the plugin's.
func run(ctx context.Context, w io.Writer, rounds int, rows []harness.Figure) error {
	for _, targets := range [][]harness.Target{plain, mtls} {
		if err := (harness.Comparison{Targets: targets, Figures: rows, Rounds: rounds}).Run(ctx, w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return nil
}
