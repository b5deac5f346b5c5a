package protofirst_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestRun builds plugin and host and runs them.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plugin", "host"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), "./"+name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	out, err := exec.Command(filepath.Join(dir, "host"), filepath.Join(dir, "plugin")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const want = "InvalidArgument rpc error: code = InvalidArgument desc = a note has a text\nbuy milk\nmilk the cow\n"
	if got := string(out); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}
