package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tenon-go/tenon/bench/harness"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && (os.Args[1] == "host" || os.Args[1] == "plugin") {
		harness.Main(slices.Concat(carriers(), settings())...)
		return
	}
	os.Exit(m.Run())
}

// All that is measured can be, and is shown.
func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out, 1, true); err != nil {
		t.Fatal(err)
	}
	for _, f := range figures(0, 0, 0) {
		if strings.Count(out.String(), "| "+f.Label+" | **") != 2 {
			t.Errorf("no %s in\n%s", f.Label, &out)
		}
	}
}
