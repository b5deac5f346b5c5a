package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenon-go/tenon/bench/harness"
)

// A row of the table: one figure of one task.
type row struct {
	label string
	unit  string
	task  int // index in the plan
	value func(harness.Sample) float64
}

// A plan is what is measured in each round, and what is shown of it.
type plan struct {
	tasks []harness.Task
	rows  []row
}

func (p *plan) add(t harness.Task, rows ...row) {
	for i := range rows {
		rows[i].task = len(p.tasks)
	}
	p.tasks = append(p.tasks, t)
	p.rows = append(p.rows, rows...)
}

const small = 64 // bytes

// newPlan makes a plan. Starts come first and memory last: the peak is that of
// all tasks.
func newPlan(quick bool) *plan {
	budget, messages, starts := 120*time.Millisecond, 1_000_000, 10
	if quick {
		budget, messages, starts = 30*time.Millisecond, 100_000, 3
	}
	p := &plan{}
	p.add(harness.Task{Kind: harness.Start, Size: small, Count: starts},
		row{label: "start to first answer", unit: "ms", value: milliseconds})
	for _, size := range []int{small, 4 << 10, 64 << 10, 1 << 20} {
		rows := []row{{label: "call, " + bytesLabel(size), unit: "µs", value: microseconds}}
		if size == small {
			rows = append(rows, allocationRows("call, "+bytesLabel(size))...)
		}
		p.add(harness.Task{Kind: harness.Unary, Size: size, Budget: budget}, rows...)
	}
	p.add(harness.Task{Kind: harness.Callers, Size: small, Count: 32, Budget: 2 * budget},
		row{label: "32 callers, 64 B, calls per second", value: value})
	p.add(harness.Task{Kind: harness.Stream, Size: small, Count: messages},
		row{label: fmt.Sprintf("stream, %d × 64 B, messages per second", messages), value: value})
	p.add(harness.Task{Kind: harness.Memory},
		row{label: "peak memory, host", unit: "MiB", value: func(s harness.Sample) float64 { return mebibytes(s.Host) }},
		row{label: "peak memory, plugin", unit: "MiB", value: func(s harness.Sample) float64 { return mebibytes(s.Plugin) }})
	return p
}

func allocationRows(of string) []row {
	perCall := func(u harness.Usage, s harness.Sample) float64 { return float64(u.Mallocs) / float64(s.Calls) }
	return []row{
		{label: of + ", allocations of the host", value: func(s harness.Sample) float64 { return perCall(s.Host, s) }},
		{label: of + ", allocations of the plugin", value: func(s harness.Sample) float64 { return perCall(s.Plugin, s) }},
	}
}

func value(s harness.Sample) float64        { return s.Value }
func microseconds(s harness.Sample) float64 { return s.Value / 1e3 }
func milliseconds(s harness.Sample) float64 { return s.Value / 1e6 }
func mebibytes(u harness.Usage) float64     { return float64(u.PeakMemory) / (1 << 20) }

func bytesLabel(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

// A round holds what was measured in a round, by task and target. What a target
// can't do is nil.
type round [][]*harness.Sample

// newRound starts a host of each target and gives each task to all of them, one
// after the other, so that what disturbs the machine for a while disturbs all.
// Who comes first changes from round to round.
func newRound(ctx context.Context, dir string, entries []entry, tasks []harness.Task, number int) (r round, err error) {
	drivers := make([]*harness.Driver, len(entries))
	for i, e := range entries {
		d, startErr := harness.StartDriver(ctx, dir+"/"+e.program, e.Target)
		if startErr != nil {
			return nil, startErr
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		drivers[i] = d
	}
	r = make(round, len(tasks))
	for t, task := range tasks {
		r[t] = make([]*harness.Sample, len(entries))
		for i := range drivers {
			i = (i + number) % len(drivers)
			if r[t][i], err = sample(drivers[i], task); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

func sample(d *harness.Driver, t harness.Task) (*harness.Sample, error) {
	s, err := d.Measure(t)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, nil
	}
	return &s, err
}
