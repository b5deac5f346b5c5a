package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// A report is what the demo prints: sections with a heading, in them facts that
// were checked, and a table at the end.
type report struct {
	w       io.Writer
	bold    bool
	rows    []row
	checks  int
	failing []string
}

type row struct {
	title, result string
	took          time.Duration
}

func newReport(f *os.File) *report {
	return &report{w: f, bold: term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// section runs one part of the demo, which returns what it did.
func (r *report) section(title string, run func() (string, error)) error {
	if r.bold {
		fmt.Fprintf(r.w, "\n\x1b[1m%s\x1b[0m\n", title)
	} else {
		fmt.Fprintf(r.w, "\n%s\n", title)
	}
	start := time.Now()
	result, err := run()
	r.rows = append(r.rows, row{title, result, time.Since(start)})
	if err != nil {
		return fmt.Errorf("%q: %w", title, err)
	}
	return nil
}

// check prints a fact, and remembers if it isn't one.
func (r *report) check(ok bool, format string, args ...any) {
	r.checks++
	mark := "✓"
	text := fmt.Sprintf(format, args...)
	if !ok {
		mark = "✗"
		r.failing = append(r.failing, text)
	}
	fmt.Fprintf(r.w, "  %s %s\n", mark, text)
}

// quote prints what somebody else has said.
func (r *report) quote(text string) {
	fmt.Fprintf(r.w, "    │ %s\n", strings.TrimSpace(text))
}

// table prints what was done, and how long it took.
func (r *report) table() {
	fmt.Fprintf(r.w, "\n%-34s %-30s %9s\n%s\n", "What", "Result", "Took", strings.Repeat("─", 75))
	var total time.Duration
	for _, x := range r.rows {
		total += x.took
		fmt.Fprintf(r.w, "%-34s %-30s %9s\n", x.title, x.result, milliseconds(x.took))
	}
	fmt.Fprintf(r.w, "%s\n%-34s %-30s %9s\n", strings.Repeat("─", 75), "All of it", fmt.Sprintf("%d facts checked", r.checks), milliseconds(total))
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// err is not nil if a fact was none.
func (r *report) err() error {
	if len(r.failing) > 0 {
		return fmt.Errorf("not true: %s", strings.Join(r.failing, "; "))
	}
	return nil
}
