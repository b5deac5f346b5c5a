package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/zip"
)

// files are what the go command puts into a module's archive: what git knows of
// the directory, without modules below it, and the repository's LICENSE where there is none.
// What git ignores lies about in a working tree, which zip.CreateFromDir would take.
func (r repository) files(ctx context.Context, m *published) ([]zip.File, error) {
	all, err := r.known(ctx, m.dir)
	if err != nil {
		return nil, err
	}
	list := []zip.File{content{"go.mod", m.mod}}
	if len(m.sum) > 0 {
		list = append(list, content{"go.sum", m.sum})
	}
	names := strings.Split(strings.TrimSuffix(all, "\x00"), "\x00")
	below := nested(names, m.dir)
	license := false
	for _, name := range names {
		rel := name
		if m.dir != "." {
			rel = strings.TrimPrefix(name, m.dir+"/")
		}
		if rel == "go.mod" || rel == "go.sum" || below[path.Dir(name)] {
			continue
		}
		f := onDisk{rel, filepath.Join(r.root, filepath.FromSlash(name))}
		if info, err := f.Lstat(); err != nil || !info.Mode().IsRegular() {
			continue // deleted and not committed yet, or a link, which archives of modules leave out
		}
		license = license || rel == "LICENSE"
		list = append(list, f)
	}
	if !license {
		list = append(list, onDisk{"LICENSE", filepath.Join(r.root, "LICENSE")})
	}
	return list, nil
}

// nested returns all directories of names that belong to a module below dir.
func nested(names []string, dir string) map[string]bool {
	mods := make(map[string]bool)
	for _, name := range names {
		if d := path.Dir(name); path.Base(name) == "go.mod" && d != dir {
			mods[d] = true
		}
	}
	below := make(map[string]bool)
	for _, name := range names {
		for d := path.Dir(name); d != "." && d != dir; d = path.Dir(d) {
			if mods[d] {
				below[path.Dir(name)] = true
			}
		}
	}
	return below
}

// known lists what git knows of a directory, or would get to know: the sources may
// have been unpacked without a repository around them.
func (r repository) known(ctx context.Context, dir string) (string, error) {
	list := []string{"ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", dir}
	if _, err := os.Lstat(filepath.Join(r.root, ".git")); err == nil {
		return r.git(ctx, list...)
	}
	temp, err := os.MkdirTemp("", "release")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	if _, err := r.git(ctx, "init", "--quiet", "--bare", temp); err != nil {
		return "", err
	}
	return r.git(ctx, append([]string{"--git-dir=" + temp, "--work-tree=" + r.root}, list...)...)
}

func (r repository) git(ctx context.Context, args ...string) (string, error) {
	// A checkout may belong to another user than who builds it, as in containers.
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "safe.directory=*"}, args...)...)
	cmd.Dir = r.root
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("git %s in %s: %w: %s", args[0], r.root, err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return "", fmt.Errorf("a release is made of what git knows: %w", err)
	}
	return string(out), nil
}

// content is a file of an archive that is not as in the working tree.
type content struct {
	name string
	text []byte
}

func (c content) Path() string                 { return c.name }
func (c content) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c.text)), nil }
func (c content) Lstat() (os.FileInfo, error)  { return contentInfo{c}, nil }

// onDisk is one that is.
type onDisk struct{ name, file string }

func (f onDisk) Path() string                 { return f.name }
func (f onDisk) Open() (io.ReadCloser, error) { return os.Open(f.file) }
func (f onDisk) Lstat() (os.FileInfo, error)  { return os.Lstat(f.file) }

type contentInfo struct{ c content }

func (i contentInfo) Name() string       { return i.c.name }
func (i contentInfo) Size() int64        { return int64(len(i.c.text)) }
func (i contentInfo) Mode() fs.FileMode  { return 0o644 }
func (i contentInfo) ModTime() time.Time { return time.Time{} }
func (i contentInfo) IsDir() bool        { return false }
func (i contentInfo) Sys() any           { return nil }
