//go:build unix

package languages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// setupTimeout bounds each command of a set-up: it downloads, and may compile.
const setupTimeout = 8 * time.Minute

// prepare runs the commands of the set-up, unless they have succeeded with the
// same files before. Of two that do so at a time one waits for the other: the lock
// is the kernel's, and so none is left behind by a test that was killed.
func (l language) prepare(out io.Writer) error {
	lock, err := os.OpenFile(filepath.Join(l.dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	stamp, err := l.stamp()
	if err != nil {
		return err
	}
	ready := filepath.Join(l.dir, l.makes, ".ready") // it goes with what it is about
	if was, err := os.ReadFile(ready); err == nil && string(was) == stamp {
		return nil
	}
	if err := os.RemoveAll(ready); err != nil {
		return err
	}
	for _, args := range l.setup {
		if err := run(l.dir, out, args); err != nil {
			return err
		}
	}
	return os.WriteFile(ready, []byte(stamp), 0o666)
}

// stamp tells one set-up from another: by its commands, the files that they read,
// and the place, since some of what they make is not to be moved.
func (l language) stamp() (string, error) {
	h := sha256.New()
	place, err := filepath.Abs(l.dir)
	if err != nil {
		return "", err
	}
	fmt.Fprintln(h, place, l.setup)
	for _, tool := range l.tools {
		path, _ := exec.LookPath(tool)
		fmt.Fprintln(h, path)
	}
	for _, name := range l.needs {
		text, err := os.ReadFile(filepath.Join(l.dir, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func run(dir string, out io.Writer, args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	fmt.Fprintln(out, strings.Join(args, " "))
	// A relative program is looked for where the test runs, not in Dir.
	program := args[0]
	if strings.Contains(program, "/") {
		var err error
		if program, err = filepath.Abs(filepath.Join(dir, program)); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, program, args[1:]...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, &said)
	}
	return nil
}
