package gen

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "kv.proto")
	link := filepath.Join(dir, "link.proto")
	if err := os.Symlink("kv.proto", link); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		path, data string
		mode       os.FileMode // given to the file beforehand
	}{
		{path, "new", 0},
		{path, "private", 0o600},
		{path, "", 0o444},
		{link, "through the link", 0o640},
	} {
		if step.mode != 0 {
			if err := os.Chmod(path, step.mode); err != nil {
				t.Fatal(err)
			}
		}
		if err := replace(step.path, []byte(step.data)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != step.data {
			t.Errorf("after %q the file has %q, %v", step.data, got, err)
		}
		if info, err := os.Stat(path); err != nil || step.mode != 0 && info.Mode().Perm() != step.mode {
			t.Errorf("after %q: %v, %v, want mode %v", step.data, info.Mode(), err, step.mode)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v, %v", info, err)
	}
	onlyFiles(t, dir, "kv.proto", "link.proto")
}

// TestReplaceFails holds that a failure leaves nothing behind. A directory can't
// be replaced by a file, whoever runs the test.
func TestReplaceFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "kv.proto", "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	f := &File{Path: filepath.Join(dir, "kv.proto"), State: Changed, New: []byte("x")}
	if err := f.write(); err == nil || !strings.Contains(err.Error(), "the file is left as it was: ") {
		t.Errorf("got error %v", err)
	}
	onlyFiles(t, dir, "kv.proto")
}

// TestConcurrent holds that whoever reads meanwhile sees one content or the
// other.
func TestConcurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kv.proto")
	a, b := bytes.Repeat([]byte("a"), 1<<20), bytes.Repeat([]byte("b"), 1<<20)
	if err := replace(path, a); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	for _, data := range [][]byte{a, b} {
		go func() {
			var err error
			for i := 0; i < 20 && err == nil; i++ {
				err = replace(path, data)
			}
			done <- err
		}()
	}
	for running := 2; running > 0; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running--
		default:
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, a) && !bytes.Equal(got, b) {
			t.Fatalf("read %d bytes that are neither, %v", len(got), err)
		}
	}
}

func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the directory has %q, want %q", got, want)
	}
}
