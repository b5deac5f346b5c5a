package cases_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// soon is how long it may take to generate all cases.
const soon = slower * 5 * time.Second

// TestGenerated generates the code of all cases, and compares it with what is
// committed.
func TestGenerated(t *testing.T) {
	start := time.Now()
	result, err := gen.Run(gen.Options{Dir: ".", Patterns: []string{"./..."}, Check: !*update, Breaking: *update})
	took := time.Since(start)
	var problems *model.Problems
	if errors.As(err, &problems) {
		t.Errorf("%d problems:\n%v", len(problems.All), problems)
	} else if err != nil {
		t.Fatal(err)
	}
	if result == nil {
		return
	}
	t.Logf("%d packages in %v, of which loading took %v", len(result.Packages), took.Round(time.Millisecond), result.Load.Round(time.Millisecond))
	if took > soon {
		t.Errorf("generating took %v, more than %v", took, soon)
	}
	stale := result.Stale()
	for _, f := range stale {
		if !*update {
			t.Errorf("%s is not what would be generated (%v): run with -update", filepath.Base(f.Path), f.State)
		}
	}
}
