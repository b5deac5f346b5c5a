package gen

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// write brings a file up to date. Whatever fails, what was there is whole.
func (f *File) write() error {
	var err error
	if f.State == Removed {
		if err = os.Remove(f.Path); errors.Is(err, fs.ErrNotExist) {
			err = nil // another run was faster
		}
	} else {
		err = replace(f.Path, f.New)
	}
	if err != nil {
		return fmt.Errorf("the file is left as it was: %w", err)
	}
	return nil
}

// replace gives path another content, all at once: whoever reads it meanwhile,
// the go command or another run, sees the old or the new.
func replace(path string, data []byte) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays one
	}
	tmp, err := tempFile(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if info, statErr := os.Stat(path); statErr == nil {
		if err := os.Chmod(tmp.Name(), info.Mode().Perm()); err != nil {
			return err
		}
	}
	return os.Rename(tmp.Name(), path)
}

// tempFile makes a file beside path whose name neither the go command nor protoc
// looks at. os.CreateTemp would not do: its files are for their owner alone,
// whatever the umask says.
func tempFile(path string) (*os.File, error) {
	for range 100 {
		name := fmt.Sprintf(".%s.%d.tmp", filepath.Base(path), rand.Uint32())
		f, err := os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, fmt.Errorf("no name is free for a temporary file beside %s", path)
}
