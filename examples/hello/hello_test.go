package hello_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadme holds that the README shows these files.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hello.go", "plugin/main.go", "host/main.go"} {
		code, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(readme, append([]byte("```go\n"), code...)) {
			t.Errorf("README.md does not show %s as it is", name)
		}
	}
}

// TestRun builds plugin and host and runs them as the README says.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plugin", "host"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), "./"+name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	var stderr strings.Builder
	cmd := exec.Command(filepath.Join(dir, "host"), filepath.Join(dir, "plugin"))
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	if got, want := string(out), "Hello, world! <nil>\nnobody to greet true\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	if got := stderr.String(); !strings.Contains(got, "greeting plugin=plugin name=world") {
		t.Errorf("logged %q", got)
	}
}
