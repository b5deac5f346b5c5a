package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// none stands where a target has no figure.
const none = "n/a"

// A spread is the middle and the tenths at either end of what the rounds gave.
type spread struct{ low, median, high float64 }

func newSpread(values []float64) spread {
	slices.Sort(values)
	return spread{percentile(values, 10), percentile(values, 50), percentile(values, 90)}
}

// percentile interpolates between the two nearest of sorted values.
func percentile(sorted []float64, p float64) float64 {
	at := p / 100 * float64(len(sorted)-1)
	below := math.Floor(at)
	above := math.Ceil(at)
	return sorted[int(below)] + (at-below)*(sorted[int(above)]-sorted[int(below)])
}

func (s spread) String() string {
	return fmt.Sprintf("**%s** (%s…%s)", figure(s.median), figure(s.low), figure(s.high))
}

// figure writes three digits that matter, or all before the point.
func figure(v float64) string {
	switch {
	case v >= 1e6:
		return figure(v/1e6) + " M"
	case v >= 1e5:
		return figure(v/1e3) + " k"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// A report is all that was measured.
type report struct {
	entries []entry
	rows    []row
	rounds  []round
}

func (r *report) write(w io.Writer) {
	r.writeFigures(w)
	for ratioOf := len(r.entries) - 1; ratioOf > 0; ratioOf-- {
		r.writeRatios(w, ratioOf)
	}
}

func (r *report) writeFigures(w io.Writer) {
	header := []string{fmt.Sprintf("median of %d rounds (10th…90th percentile)", len(r.rounds))}
	for _, e := range r.entries {
		header = append(header, e.Name)
	}
	writeHeader(w, header)
	for _, row := range r.rows {
		cells := []string{row.title()}
		for i := range r.entries {
			cells = append(cells, r.cell(func(n int) (float64, bool) { return r.figure(row, n, i) }))
		}
		writeCells(w, cells)
	}
}

// writeRatios compares the target of the given index with each before it. A
// ratio is taken within a round and then the median of the ratios, as what
// disturbs a round disturbs both.
func (r *report) writeRatios(w io.Writer, index int) {
	fmt.Fprintln(w)
	header := []string{r.entries[index].Name + ", in proportion to"}
	for _, e := range r.entries[:index] {
		header = append(header, e.Name)
	}
	writeHeader(w, header)
	for _, row := range r.rows {
		cells := []string{row.label}
		for other := range index {
			cells = append(cells, r.cell(func(n int) (float64, bool) { return r.ratio(row, n, index, other) }))
		}
		if slices.ContainsFunc(cells[1:], func(cell string) bool { return cell != none }) {
			writeCells(w, cells)
		}
	}
}

// cell sums up the rounds for which of has a value.
func (r *report) cell(of func(number int) (float64, bool)) string {
	var values []float64
	for n := range r.rounds {
		if v, ok := of(n); ok {
			values = append(values, v)
		}
	}
	if values == nil {
		return none
	}
	return newSpread(values).String()
}

func (r *report) figure(row row, number, target int) (float64, bool) {
	s := r.rounds[number][row.task][target]
	if s == nil {
		return 0, false
	}
	return row.value(*s), true
}

// ratio has no value when either side has none, and none when the other is next
// to nothing: how many times a hundredth of an allocation tells nobody anything.
func (r *report) ratio(row row, number, target, other int) (float64, bool) {
	a, aok := r.figure(row, number, target)
	b, bok := r.figure(row, number, other)
	if !aok || !bok || b < 0.1 {
		return 0, false
	}
	return a / b, true
}

func (r row) title() string {
	if r.unit == "" {
		return r.label
	}
	return r.label + " (" + r.unit + ")"
}

func writeHeader(w io.Writer, cells []string) {
	writeCells(w, cells)
	fmt.Fprintln(w, "| --- |"+strings.Repeat(" ---: |", len(cells)-1))
}

func writeCells(w io.Writer, cells []string) {
	fmt.Fprintln(w, "| "+strings.Join(cells, " | ")+" |")
}
