// Package scaffold starts new modules: contracts, plugins and hosts.
package scaffold

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Kind says what is started.
type Kind string

// What can be started.
const (
	Contract Kind = "contract"
	Plugin   Kind = "plugin"
	Host     Kind = "host"
)

// Kinds are all that can be started.
var Kinds = []Kind{Contract, Plugin, Host}

// Options say what to start.
type Options struct {
	Kind Kind

	// Name is a module path, "example.com/greet", or a name, "greet", which
	// stands for example.com/greet.
	Name string

	// Dir is the new module's directory. Empty means the last element of the
	// module's path, in the working directory.
	Dir string

	// Module is the module's path where it isn't to be what Name says.
	Module string

	// Contract is the import path, or the directory, of the package whose
	// contract a plugin or host is for; "path.Interface" names one of several.
	// Empty means that the module gets a contract of its own.
	Contract string

	// Replace is the directory of a clone of Tenon to use in place of a release.
	Replace string

	// Generate makes the code of the contract in a directory.
	Generate func(dir string) error

	// Log is told what is done.
	Log io.Writer
}

// New makes a module that builds, runs and passes its tests. If a later step
// fails, the network being away, the files stay, and the error says how to go on.
func New(ctx context.Context, o Options) error {
	m, err := plan(ctx, o)
	if err != nil {
		return err
	}
	made, err := makeDir(m.Dir)
	if err != nil {
		return err
	}
	if err := m.contract(ctx); err != nil {
		made.undo()
		return err
	}
	files, err := m.render()
	if err != nil {
		made.undo()
		return err
	}
	if err := write(m.Dir, files); err != nil {
		made.undo(files...)
		return err
	}
	if err := m.finish(ctx); err != nil {
		return fmt.Errorf("%w\nthe files are in %s; when that is mended, run there: %s", err, m.Dir, m.rest())
	}
	m.report(ctx)
	return nil
}

// A madeDir is a directory that was not there before, or was empty.
type madeDir struct {
	path  string
	there bool
}

// undo leaves the directory as it was before there were these files, and those of
// the go command. Of a directory that was there it removes nothing else.
func (d madeDir) undo(files ...file) {
	if !d.there {
		os.RemoveAll(d.path)
		return
	}
	for _, f := range append(files, file{name: "go.mod"}, file{name: "go.sum"}) {
		name := filepath.FromSlash(f.name)
		os.Remove(filepath.Join(d.path, name))
		for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
			os.Remove(filepath.Join(d.path, dir)) // which fails if there is something in it
		}
	}
}

// makeDir makes a directory. One that is there and empty will do.
func makeDir(dir string) (madeDir, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return madeDir{}, fmt.Errorf("tenon new: %w", err)
		}
		return madeDir{path: dir}, nil
	case err != nil:
		return madeDir{}, fmt.Errorf("tenon new: %w; choose another directory with --dir", err)
	case len(entries) > 0:
		return madeDir{}, fmt.Errorf("tenon new: %s is there already, and is not empty; choose another directory with --dir", dir)
	}
	return madeDir{path: dir, there: true}, nil
}

// A file is one of the new module's.
type file struct {
	name string // with slashes
	data []byte
}

func write(dir string, files []file) error {
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return fmt.Errorf("tenon new: %w", err)
		}
		if err := os.WriteFile(path, f.data, 0o666); err != nil {
			return fmt.Errorf("tenon new: %w", err)
		}
	}
	return nil
}
