package main

import (
	"strings"
	"testing"
	"time"
)

// All that is measured can be, and is shown.
func TestCompare(t *testing.T) {
	var out strings.Builder
	rows := figures(10*time.Millisecond, 1)
	if err := compare(t.Context(), &out, 1, rows); err != nil {
		t.Fatal(err)
	}
	for _, f := range rows {
		if strings.Count(out.String(), "| "+f.Label+" | **") != 3 {
			t.Errorf("no %s in\n%s", f.Label, &out)
		}
	}
}

// Of the shim's plugins nothing is left.
func TestCycles(t *testing.T) {
	var out strings.Builder
	if err := cycle(t.Context(), &out, 20); err != nil {
		t.Fatal(err)
	}
	none := 0
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "shim, ") && strings.HasSuffix(line, "left: 0 goroutines, 0 descriptors, 0 processes, 0 files\n") {
			none++
		}
	}
	if none != 2 {
		t.Errorf("left behind:\n%s", &out)
	}
}
