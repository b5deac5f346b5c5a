package gen

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestReadOnlyDir writes where that is not allowed. Root may write everywhere, so
// it is somebody else for a while, on one thread.
func TestReadOnlyDir(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "kv.proto")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	for _, f := range []*File{
		{Path: path, State: Changed, New: []byte("new")},
		{Path: path, State: Removed},
		{Path: filepath.Join(dir, "new.proto"), State: Created, New: []byte("new")},
	} {
		err := asNobody(t, f.write)
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "the file is left as it was: ") {
			t.Errorf("%v: got error %v", f.State, err)
		}
	}
	onlyFiles(t, dir, "kv.proto")
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("the file has %q, %v", got, err)
	}
}

// asNobody runs f without root's rights on files. The thread is never unlocked,
// so that it ends with the goroutine and nobody else gets it.
func asNobody(t *testing.T, f func() error) error {
	if os.Getuid() != 0 {
		return f()
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Error(err)
		}
		done <- f()
	}()
	return <-done
}
