package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Figure is one row of a [Comparison].
type Figure struct {
	Label string
	Task  Task
	Of    func(Sample) float64
	More  bool // more is better
}

// A Comparison measures several targets of one program in turns, and prints the
// medians with the tenths at either end, and how much better each target was than
// the first. Those ratios are of each round, whose measurements are next to each
// other in time.
type Comparison struct {
	Targets []Target
	Figures []Figure
	Rounds  int
}

// roundTime is generous: it is there so that a target that hangs ends the run.
const roundTime = 2 * time.Minute

// Run measures, with this program as the targets', and prints the table to w.
func (c Comparison) Run(ctx context.Context, w io.Writer) error {
	all := make([][][]float64, len(c.Figures)) // by figure, target and round
	for i := range all {
		all[i] = make([][]float64, len(c.Targets))
	}
	for n := range c.Rounds {
		if err := c.round(ctx, n, all); err != nil {
			return err
		}
	}
	c.print(w, all)
	return nil
}

// round measures each figure of all targets, one after the other. Who comes first
// changes from round to round.
func (c Comparison) round(ctx context.Context, n int, all [][][]float64) (err error) {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	drivers := make([]*Driver, len(c.Targets))
	for i, t := range c.Targets {
		if drivers[i], err = StartDriver(ctx, program, t); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, drivers[i].Close()) }()
	}
	for f, figure := range c.Figures {
		for i := range drivers {
			i = (i + n) % len(drivers)
			s, err := drivers[i].Measure(figure.Task)
			if err != nil {
				return err
			}
			all[f][i] = append(all[f][i], figure.Of(s))
		}
	}
	return nil
}

func (t Target) column() string { return cmp.Or(t.Column, t.Name) }

func (c Comparison) print(w io.Writer, all [][][]float64) {
	fmt.Fprintf(w, "%s %s/%s, %d CPUs, %d rounds\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), c.Rounds)
	fmt.Fprintf(w, "| | %s |", c.Targets[0].column())
	for _, t := range c.Targets[1:] {
		fmt.Fprintf(w, " %s | times as good |", t.column())
	}
	fmt.Fprintf(w, "\n| --- | --- |%s\n", strings.Repeat(" --- | --- |", len(c.Targets)-1))
	for i, f := range c.Figures {
		fmt.Fprintf(w, "| %s | %s |", f.Label, spread(all[i][0]))
		for _, values := range all[i][1:] {
			fmt.Fprintf(w, " %s | %s |", spread(values), spread(ratios(all[i][0], values, f.More)))
		}
		fmt.Fprintln(w)
	}
}

// ratios says how many times as good b is as a, in each round.
func ratios(a, b []float64, more bool) []float64 {
	r := make([]float64, len(a))
	for n := range r {
		r[n] = a[n] / b[n]
		if more {
			r[n] = 1 / r[n]
		}
	}
	return r
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

// What figures show of a sample.
func (s Sample) Itself() float64            { return s.Value }
func (s Sample) Microseconds() float64      { return s.Value / 1e3 }
func (s Sample) Milliseconds() float64      { return s.Value / 1e6 }
func (s Sample) HostAllocations() float64   { return float64(s.Host.Mallocs) / float64(s.Calls) }
func (s Sample) PluginAllocations() float64 { return float64(s.Plugin.Mallocs) / float64(s.Calls) }

// ProcessorMicroseconds is what both sides take of the processors. Unlike time, it
// depends little on what else is running.
func (s Sample) ProcessorMicroseconds() float64 {
	return float64((s.Host.Processor + s.Plugin.Processor).Nanoseconds()) / 1e3 / float64(s.Calls)
}
