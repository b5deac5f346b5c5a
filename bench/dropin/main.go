// Command dropin measures a program of go-plugin and the same program built with
// the shim in its place, as host and as plugin, in one run, and prints the figures
// and their ratios. With -cycles it starts and kills plugins, and prints what of
// them is left. It is for Unix systems, and has to be run in its directory.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tenon-go/tenon/bench/goplugin"
	"github.com/tenon-go/tenon/bench/harness"
)

func figures(budget time.Duration, starts int) []harness.Figure {
	return []harness.Figure{
		{Label: "start to first answer, ms", Task: harness.Task{Kind: harness.Start, Size: 64, Count: starts}, Of: harness.Sample.Milliseconds},
		{Label: "kill, ms", Task: harness.Task{Kind: harness.Stop, Size: 64, Count: starts}, Of: harness.Sample.Milliseconds},
		{Label: "call, 64 B, µs", Task: harness.Task{Kind: harness.Unary, Size: 64, Budget: budget}, Of: harness.Sample.Microseconds},
		{Label: "call, 1 MiB, µs", Task: harness.Task{Kind: harness.Unary, Size: 1 << 20, Budget: budget}, Of: harness.Sample.Microseconds},
		{Label: "32 callers, 64 B, calls per second", Task: harness.Task{Kind: harness.Callers, Size: 64, Count: 32, Budget: budget}, Of: harness.Sample.Itself, More: true},
	}
}

func main() {
	rounds := flag.Int("rounds", 15, "how many `rounds` to measure")
	starts := flag.Int("starts", 10, "how many starts and kills to measure in a round")
	only := flag.Bool("starts-only", false, "measure starts and kills only")
	cycles := flag.Int("cycles", 0, "start and kill this `number` of plugins in place of measuring")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	rows := figures(100*time.Millisecond, *starts)
	if *only {
		rows = rows[:2]
	}
	var err error
	if *cycles > 0 {
		err = cycle(ctx, os.Stdout, *cycles)
	} else {
		err = compare(ctx, os.Stdout, *rounds, rows)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dropin:", cmp.Or(ctx.Err(), err))
		os.Exit(1)
	}
}

// programs are the same program with either library.
type programs struct{ dir, original, shim string }

func build(ctx context.Context) (p programs, err error) {
	if p.dir, err = os.MkdirTemp("", "dropin"); err != nil {
		return p, err
	}
	p.original, p.shim = filepath.Join(p.dir, "original"), filepath.Join(p.dir, "shim")
	for _, args := range [][]string{{"-o", p.original}, {"-modfile=shim.mod", "-o", p.shim}} {
		cmd := exec.CommandContext(ctx, "go", append(append([]string{"build"}, args...), "./pair")...)
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			p.remove()
			return p, fmt.Errorf("%v: %w\n%s", cmd, err, out)
		}
	}
	return p, nil
}

func (p programs) remove() { os.RemoveAll(p.dir) }

// compare prints a table for each protocol. The names are those of the host's
// library and the plugin's.
func compare(ctx context.Context, w io.Writer, rounds int, rows []harness.Figure) error {
	p, err := build(ctx)
	if err != nil {
		return err
	}
	defer p.remove()
	for _, t := range []harness.Target{goplugin.GRPC, goplugin.AutoMTLS, goplugin.NetRPC} {
		fmt.Fprintf(w, "%s: ", t.Name)
		c := harness.Comparison{Targets: p.targets(t), Figures: rows, Rounds: rounds}
		if err := c.Run(ctx, w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return nil
}

func (p programs) targets(t harness.Target) (all []harness.Target) {
	for _, plugin := range []string{p.original, p.shim} {
		for _, host := range []string{p.original, p.shim} {
			t.Host, t.Plugin = host, plugin
			t.Column = filepath.Base(host) + ", " + filepath.Base(plugin)
			all = append(all, t)
		}
	}
	return all
}

// cycle has the host print what it counts, with either library.
func cycle(ctx context.Context, w io.Writer, n int) error {
	p, err := build(ctx)
	if err != nil {
		return err
	}
	defer p.remove()
	for _, program := range []string{p.original, p.shim} {
		for _, t := range []harness.Target{goplugin.GRPC, goplugin.NetRPC} {
			fmt.Fprintf(w, "%s, %s: ", filepath.Base(program), t.Name)
			cmd := exec.CommandContext(ctx, program, "cycles", t.Name, strconv.Itoa(n))
			cmd.Stdout, cmd.Stderr = w, os.Stderr
			if err := cmd.Run(); err != nil {
				return err
			}
		}
	}
	return nil
}
