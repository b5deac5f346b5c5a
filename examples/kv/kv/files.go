package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/examples/kv"
)

// sourceFiles returns the files in dir that git knows or would add, sorted; or
// all of them if it isn't git's.
func sourceFiles(ctx context.Context, dir string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = dir
	out, err := cmd.Output()
	files := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if err != nil {
		files, err = walk(dir)
	}
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(name string) bool {
		info, err := os.Lstat(filepath.Join(dir, name))
		return err != nil || !info.Mode().IsRegular()
	})
	if len(files) == 0 {
		return nil, errors.New("there are no files in " + dir)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

func walk(dir string) (files []string, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (name == ".git" || name == "bin"):
			return fs.SkipDir
		case e.Type().IsRegular():
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

// largest returns the largest of files that Get can return.
func largest(dir string, files []string) (name string) {
	var most int64 = -1
	for _, f := range files {
		info, err := os.Stat(filepath.Join(dir, f))
		if err == nil && info.Size() > most && info.Size() <= kv.MaxValue {
			name, most = f, info.Size()
		}
	}
	return name
}
