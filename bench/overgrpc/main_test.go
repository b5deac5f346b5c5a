package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon/bench/harness"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && (os.Args[1] == "host" || os.Args[1] == "plugin") {
		harness.Main(slices.Concat(plain, mtls)...)
		return
	}
	os.Exit(m.Run())
}

func TestKeys(t *testing.T) {
	var out strings.Builder
	if err := keys(&out); err != nil || !strings.Contains(out.String(), "P-521: key ") {
		t.Errorf("%v, %q", err, &out)
	}
}

// All that is measured can be, and is shown.
func TestRun(t *testing.T) {
	var out strings.Builder
	rows := figures(10*time.Millisecond, 1, 1000)
	if err := run(t.Context(), &out, 1, rows); err != nil {
		t.Fatal(err)
	}
	for _, f := range rows {
		if strings.Count(out.String(), "| "+f.Label+" | **") != 2 {
			t.Errorf("no %s in\n%s", f.Label, &out)
		}
	}
}
