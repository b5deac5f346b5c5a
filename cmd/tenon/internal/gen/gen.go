// Package gen writes what connects the two sides of a contract: Go code, and the
// .proto that keeps field numbers stable.
package gen

import (
	"errors"
	"go/token"
	"path/filepath"
	"slices"
	"time"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/ledger"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// Options say what to generate, and how.
type Options struct {
	Dir      string   // where patterns are understood; empty means the working directory
	Patterns []string // packages, as for the go command; none means the one in Dir

	// Check compares, and writes nothing.
	Check bool

	// Breaking lets changes through that break peers which are deployed.
	Breaking bool
}

// A Result is what was generated.
type Result struct {
	Packages []*Package // those with problems are not among them
	Load     time.Duration
}

// A Package is what was generated for one.
type Package struct {
	Path string
	Dir  string

	Contracts, Methods, Messages int

	Files    []*File
	Changes  []ledger.Change
	Warnings []*model.Problem
	Time     time.Duration // without loading
}

// Run generates. Problems in the source, changes that would break peers and files
// that can't be written are returned as *[model.Problems], beside a Result of all
// packages that could be generated. Another error means that loading failed.
// Several runs at the same time do no harm.
func Run(o Options) (*Result, error) {
	if o.Dir == "" {
		o.Dir = "."
	}
	start := time.Now()
	problems := new(model.Problems)
	loaded, err := loadAll(o, problems)
	if err != nil {
		return nil, err
	}
	result := &Result{Load: time.Since(start)}
	for _, p := range loaded {
		out, err := o.generate(p)
		if !collect(problems, err) {
			problems.Add(token.Position{Filename: abs(p.Dir)}, "", "%v", err)
		}
		if err == nil {
			result.Packages = append(result.Packages, out)
		}
	}
	left, err := o.leftovers(loaded, problems)
	if err != nil {
		return result, err
	}
	result.Packages = append(result.Packages, left...)
	if !o.Check {
		result.write(problems)
	}
	return result, problems.Err()
}

// collect adds err to problems if it is nothing else.
func collect(problems *model.Problems, err error) bool {
	var found *model.Problems
	if errors.As(err, &found) {
		problems.All = append(problems.All, found.All...)
		return true
	}
	return err == nil
}

// generate makes the output of one package, in memory.
func (o Options) generate(p *model.Package) (*Package, error) {
	start := time.Now()
	disk, err := readDir(p.Dir)
	if err != nil {
		return nil, err
	}
	changes, err := o.assign(p, disk)
	if err != nil {
		return nil, err
	}
	output, err := emit(p)
	if err != nil {
		return nil, err
	}
	out := &Package{Path: p.Go.Path(), Dir: p.Dir, Changes: changes, Warnings: p.Warnings}
	out.count(p)
	if out.Files, err = disk.compare(output); err != nil {
		return nil, err
	}
	out.Time = time.Since(start)
	return out, nil
}

func (out *Package) count(p *model.Package) {
	out.Messages = len(p.Messages)
	for _, i := range p.Interfaces {
		if i.Marked {
			out.Contracts++
		}
		out.Methods += len(i.Methods)
	}
}

// Stale are the files that were not up to date, in the order of packages.
func (r *Result) Stale() []*File {
	var stale []*File
	for _, p := range r.Packages {
		stale = append(stale, p.stale()...)
	}
	return stale
}

// stale are in the order of their names, the .proto first: code with numbers that
// the ledger doesn't know must not be left behind.
func (out *Package) stale() []*File {
	return slices.DeleteFunc(slices.Clone(out.Files), func(f *File) bool { return f.State == Unchanged })
}

// write brings the disk up to date. All output of all packages is there by now.
func (r *Result) write(problems *model.Problems) {
	for _, p := range r.Packages {
		for _, f := range p.stale() {
			if err := f.write(); err != nil {
				problems.Add(token.Position{Filename: f.Path}, "", "%v", err)
				break
			}
		}
	}
}

// abs is a directory as file names in positions have it.
func abs(dir string) string {
	if path, err := filepath.Abs(dir); err == nil {
		return path
	}
	return dir
}
