package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

var genCommand = command{
	name:  "gen",
	args:  "[flags] [packages]",
	short: "write the code and the .proto of contracts",
	long: `Gen writes, for each package with an interface that is marked //tenon:contract,
<file>_tenon.go beside the source, and <package>.proto. Packages are named as for
the go command; without any it is the one in the current directory.

The .proto keeps field numbers stable: keep it under version control. A change
that would break peers which are deployed is refused, unless App.Version is
raised. While nothing is deployed, //tenon:draft in the package lets all changes
through.

Examples:
  //go:generate go tool tenon gen     in the source; then: go generate
  go tool tenon gen ./...
  go tool tenon gen --check ./...      for CI: fails if anything is not up to date`,
	new: func(flags *flag.FlagSet) action {
		var o gen.Options
		var verbose bool
		flags.StringVar(&o.Dir, "C", "", "understand packages in `dir`")
		flags.BoolVar(&o.Check, "check", false, "write nothing; fail if a file is not up to date, or a change breaks peers")
		flags.BoolVar(&o.Breaking, "breaking", false, "let changes through that break peers which are deployed")
		flags.BoolVar(&verbose, "verbose", false, "say what was done; with --check, show the differences")
		return func(args []string, stdout, stderr io.Writer) error {
			o.Patterns = args
			return runGen(o, verbose, stdout, stderr)
		}
	},
}

func runGen(o gen.Options, verbose bool, stdout, stderr io.Writer) error {
	result, err := gen.Run(o)
	if result != nil {
		for _, p := range result.Packages {
			if verbose {
				describe(stdout, p, o.Check)
			}
			warn(stderr, p)
		}
		if verbose {
			fmt.Fprintf(stdout, "loading took %s\n", result.Load.Round(time.Millisecond))
		}
	}
	var problems *model.Problems
	switch {
	case errors.As(err, &problems):
		for _, p := range problems.All {
			fmt.Fprintln(stderr, problemLine(p))
		}
		err = errSaid
	case err != nil:
		return fmt.Errorf("tenon gen: %w", err)
	}
	if o.Check && listStale(result, verbose, stdout, stderr) {
		err = errSaid
	}
	return err
}

// listStale prints which files are not up to date.
func listStale(result *gen.Result, verbose bool, stdout, stderr io.Writer) bool {
	stale := result.Stale()
	for _, f := range stale {
		fmt.Fprintf(stderr, "%s: not up to date; run: go tool tenon gen\n", shortPath(f.Path))
		if verbose {
			fmt.Fprint(stdout, shortDiff(f))
		}
	}
	return len(stale) > 0
}

// describe says what was done for a package.
func describe(w io.Writer, p *gen.Package, check bool) {
	fmt.Fprintf(w, "%s: %s, %s, %s in %s\n", p.Path, count(p.Contracts, "contract"), count(p.Methods, "method"),
		count(p.Messages, "message"), p.Time.Round(time.Millisecond))
	for _, f := range p.Files {
		state := f.State.String()
		if check && f.State != gen.Unchanged {
			state = "would be " + state
		}
		fmt.Fprintf(w, "  %s: %s\n", shortPath(f.Path), state)
	}
	for _, change := range p.Changes {
		change.Pos.Filename = shortPath(change.Pos.Filename)
		fmt.Fprintf(w, "  ledger: %s\n", change)
	}
	for _, warning := range p.Warnings {
		if warning.Loud {
			continue // see warn
		}
		fmt.Fprintf(w, "  warning: %s\n", problemLine(warning))
	}
}

// warn says what an author has to know without having asked.
func warn(w io.Writer, p *gen.Package) {
	for _, warning := range p.Warnings {
		if warning.Loud {
			fmt.Fprintf(w, "warning: %s\n", problemLine(warning))
		}
	}
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// problemLine is a problem on one line, its file relative to the working
// directory, as the go command prints them.
func problemLine(p *model.Problem) string {
	line := *p
	line.Pos.Filename = shortPath(p.Pos.Filename)
	text := line.Error()
	if !p.Pos.IsValid() && p.Pos.Filename != "" {
		text = line.Pos.Filename + ": " + text
	}
	return strings.ReplaceAll(text, "\n", " ")
}

// shortPath is relative if that is shorter.
func shortPath(path string) string {
	wd, err := os.Getwd()
	if err != nil || !filepath.IsAbs(path) {
		return path
	}
	if rel, err := filepath.Rel(wd, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}

// maxDiff is how many lines of a difference are shown: enough to see what it is
// about.
const maxDiff = 40

func shortDiff(f *gen.File) string {
	name := shortPath(f.Path)
	text := fmt.Sprintf("--- %s\n+++ %s (generated)\n%s", name, name, unified(string(f.Old), string(f.New)))
	lines := strings.SplitAfter(text, "\n")
	if len(lines) > maxDiff {
		more := len(lines) - maxDiff
		lines = append(lines[:maxDiff], fmt.Sprintf("… and %d lines more\n", more))
	}
	return strings.Join(lines, "")
}
