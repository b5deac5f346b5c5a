package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// A repository is a clone, and the version that it is to have.
type repository struct{ root, version string }

// writeProxy writes all published modules as a proxy serves them. Each is hashed
// before the next is made, whose go.sum has the hash.
func (r repository) writeProxy(ctx context.Context, dir string) ([]*published, error) {
	var done []*published
	for _, d := range publishedDirs {
		m, err := r.load(d, done)
		if err != nil {
			return nil, err
		}
		if err := r.publish(ctx, dir, m); err != nil {
			return nil, fmt.Errorf("%s: %w", m.path, err)
		}
		done = append(done, m)
	}
	return done, nil
}

func (r repository) publish(ctx context.Context, proxy string, m *published) error {
	dir := filepath.Join(proxy, filepath.FromSlash(m.path), "@v")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	files, err := r.files(ctx, m)
	if err != nil {
		return err
	}
	base := filepath.Join(dir, r.version)
	if err := createZip(base+".zip", module.Version{Path: m.path, Version: r.version}, files); err != nil {
		return err
	}
	for name, text := range map[string]string{
		base + ".mod": string(m.mod), base + ".info": fmt.Sprintf("{\"Version\":%q}\n", r.version),
		filepath.Join(dir, "list"): r.version + "\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			return err
		}
	}
	if m.hash, err = dirhash.HashZip(base+".zip", dirhash.Hash1); err != nil {
		return err
	}
	m.modHash, err = dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(m.mod)), nil
	})
	return err
}

func createZip(name string, v module.Version, files []zip.File) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := zip.Create(f, v, files); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
