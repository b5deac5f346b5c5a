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
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/tenon-go/tenon/bench/harness"
)

var targets = []harness.Target{overGRPC, native}

func figures(budget time.Duration, messages int) []harness.Figure {
	return []harness.Figure{
		{Label: "call, 64 B, µs", Task: harness.Task{Kind: harness.Unary, Size: 64, Budget: budget}, Of: harness.Sample.Microseconds},
		{Label: "call, 64 B, allocations of the host", Task: harness.Task{Kind: harness.Unary, Size: 64, Budget: budget / 4}, Of: harness.Sample.HostAllocations},
		{Label: "call, 64 B, allocations of the plugin", Task: harness.Task{Kind: harness.Unary, Size: 64, Budget: budget / 4}, Of: harness.Sample.PluginAllocations},
		{Label: "call, 64 KiB, µs", Task: harness.Task{Kind: harness.Unary, Size: 64 << 10, Budget: budget}, Of: harness.Sample.Microseconds},
		{Label: "call, 1 MiB, µs", Task: harness.Task{Kind: harness.Unary, Size: 1 << 20, Budget: budget}, Of: harness.Sample.Microseconds},
		{Label: "32 callers, 64 B, calls per second", Task: harness.Task{Kind: harness.Callers, Size: 64, Count: 32, Budget: budget}, Of: harness.Sample.Itself, More: true},
		{Label: "stream, 64 B, messages per second", Task: harness.Task{Kind: harness.Stream, Size: 64, Count: messages}, Of: harness.Sample.Itself, More: true},
	}
}

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

func run(ctx context.Context, w io.Writer, rounds int, quick bool) error {
	rows := figures(150*time.Millisecond, 200_000)
	if quick {
		rows = figures(20*time.Millisecond, 10_000)
	}
	return harness.Comparison{Targets: targets, Figures: rows, Rounds: rounds}.Run(ctx, w)
}
