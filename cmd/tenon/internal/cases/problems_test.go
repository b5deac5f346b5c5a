package cases_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/load"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// TestProblems compares what is said of sources that can't cross, in each of
// testdata/problems, with testdata/problems.txt: the position, what is wrong,
// and what to do.
func TestProblems(t *testing.T) {
	dir, err := filepath.Abs("testdata/problems")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for _, e := range entries {
		patterns = append(patterns, "./"+e.Name())
	}
	_, err = load.Load(dir, patterns)
	var problems *model.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v", err)
	}
	got := strings.ReplaceAll(problems.Error(), dir+string(filepath.Separator), "") + "\n"
	for _, e := range entries {
		if !strings.Contains(got, e.Name()+"/") {
			t.Errorf("nothing is said of %s", e.Name())
		}
	}
	compareGolden(t, "testdata/problems.txt", got)
}

// compareGolden compares a text with a file, or writes it there.
func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
