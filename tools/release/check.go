package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// checkClean refuses to release what is not committed: the hashes in go.sum are of
// the working tree, and have to be those of the tag.
func (r repository) checkClean(ctx context.Context) error {
	changed, err := r.git(ctx, "status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" {
		return fmt.Errorf("%s has changes that are not committed, so that the release would not be what its tag says: commit or remove them first\n%s", r.root, changed)
	}
	for _, d := range publishedDirs {
		tag := (&published{dir: d}).tag(r.version)
		if there, err := r.git(ctx, "tag", "--list", tag); err != nil || there != "" {
			return errors.Join(err, fmt.Errorf("the tag %s is there already, and a version that somebody may have got must not change: choose another", tag))
		}
	}
	return nil
}

// build builds a module from its archive alone, with its tests, in a module cache
// of its own: in the user's, a later release of the same version would not be looked at.
func (r repository) build(ctx context.Context, dir string, m *published) error {
	src := filepath.Join(dir, "src", filepath.FromSlash(m.path))
	archive := filepath.Join(dir, "proxy", filepath.FromSlash(m.path), "@v", r.version+".zip")
	if err := zip.Unzip(src, module.Version{Path: m.path, Version: r.version}, archive); err != nil {
		return err
	}
	env, err := goEnv(ctx, dir)
	if err != nil {
		return err
	}
	for _, args := range [][]string{{"mod", "tidy", "-diff"}, {"vet", "./..."}} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Env = src, env
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s is not fit for release, go %s: %w\n%s", m.path, strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// goEnv has the go command take this repository's modules from dir, and others
// from the user's module cache or else from where the user gets them. No module is private:
// those are not asked of a proxy.
func goEnv(ctx context.Context, dir string) ([]string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE", "GOPROXY", "GONOSUMDB").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	v := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(v) != 3 {
		return nil, fmt.Errorf("go env says %q", out)
	}
	return append(os.Environ(), "GOWORK=off", "GOFLAGS=-modcacherw", "GOPRIVATE=", "GONOPROXY=", "GOMODCACHE="+filepath.Join(dir, "cache"),
		"GOPROXY="+strings.Join([]string{fileURL(filepath.Join(dir, "proxy")), fileURL(filepath.Join(v[0], "cache", "download")), v[1]}, ","),
		"GONOSUMDB="+strings.Trim(v[2]+","+core, ",")), nil
}

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	return "file://" + path
}
