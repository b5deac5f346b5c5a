// Command carriers measures one *grpc.ClientConn and one *grpc.Server, in two
// processes, on what can carry them: the unix socket that go-plugin uses, and what
// may be faster, in one table; and what gRPC itself can be told, in another. What is
// in a table is measured in turns, and has its ratios to the socket. It is for Unix
// systems.
//
// What go-plugin's own API adds to a call is the same for all, and left out.
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
	call := func(size int) harness.Task { return harness.Task{Kind: harness.Unary, Size: size, Budget: budget} }
	callers := harness.Task{Kind: harness.Callers, Size: 64, Count: 32, Budget: budget}
	return []harness.Figure{
		{Label: "start to first answer, ms", Task: harness.Task{Kind: harness.Start, Size: 64, Count: starts}, Of: harness.Sample.Milliseconds},
		{Label: "call, 64 B, µs", Task: call(64), Of: harness.Sample.Microseconds},
		{Label: "call, 64 B, µs of processors", Task: call(64), Of: harness.Sample.ProcessorMicroseconds},
		{Label: "call, 64 KiB, µs", Task: call(64 << 10), Of: harness.Sample.Microseconds},
		{Label: "call, 1 MiB, µs", Task: call(1 << 20), Of: harness.Sample.Microseconds},
		{Label: "32 callers, 64 B, calls per second", Task: callers, Of: harness.Sample.Itself, More: true},
		{Label: "32 callers, 64 B, µs of processors", Task: callers, Of: harness.Sample.ProcessorMicroseconds},
		{Label: "stream, 64 B, messages per second", Task: harness.Task{Kind: harness.Stream, Size: 64, Count: messages}, Of: harness.Sample.Itself, More: true},
		{Label: "stream, 64 KiB, messages per second", Task: harness.Task{Kind: harness.Stream, Size: 64 << 10, Count: messages / 25}, Of: harness.Sample.Itself, More: true},
		{Label: "stream, 64 KiB, µs of processors", Task: harness.Task{Kind: harness.Stream, Size: 64 << 10, Count: messages / 25}, Of: harness.Sample.ProcessorMicroseconds},
		{Label: "memory of the host at its peak, MiB", Task: harness.Task{Kind: harness.Memory}, Of: hostMemory},
		{Label: "memory of the plugin at its peak, MiB", Task: harness.Task{Kind: harness.Memory}, Of: pluginMemory},
	}
}

func hostMemory(s harness.Sample) float64   { return float64(s.Host.PeakMemory) / (1 << 20) }
func pluginMemory(s harness.Sample) float64 { return float64(s.Plugin.PeakMemory) / (1 << 20) }

func main() {
	if len(os.Args) == 3 && (os.Args[1] == "host" || os.Args[1] == "plugin") {
		harness.Main(slices.Concat(carriers(), settings())...)
		return
	}
	rounds := flag.Int("rounds", 15, "how many `rounds` to measure")
	quick := flag.Bool("quick", false, "measure shortly: for a first look")
	calls := flag.Bool("calls", false, "measure small calls only, and what gRPC can be told: many rounds of that take as long as few of all")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := error(nil)
	if *calls {
		err = compare(ctx, os.Stdout, settings(), *rounds, figures(120*time.Millisecond, 0, 0)[1:3])
	} else {
		err = run(ctx, os.Stdout, *rounds, *quick)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "carriers:", cmp.Or(ctx.Err(), err))
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, rounds int, quick bool) error {
	rows := figures(120*time.Millisecond, 5, 30_000)
	if quick {
		rows = figures(20*time.Millisecond, 3, 5_000)
	}
	for _, list := range [][]harness.Target{carriers(), settings()} {
		if err := compare(ctx, w, list, rounds, rows); err != nil {
			return err
		}
	}
	return nil
}

func compare(ctx context.Context, w io.Writer, list []harness.Target, rounds int, rows []harness.Figure) error {
	err := harness.Comparison{Targets: list, Figures: rows, Rounds: rounds}.Run(ctx, w)
	fmt.Fprintln(w)
	return err
}
