// Command release makes a release of this repository's published modules.
//
// In the repository they require each other at a version that does not exist, and
// replace each other by directories. Users get neither: the go command heeds the
// replace lines of the main module alone, and refuses to install a program whose
// module has one. So the go.mod files of a release require the other modules at the
// release's own version, and replace nothing.
//
//	go run . -version v0.1.0
//
// rewrites go.mod and go.sum of each published module, sees that each builds by itself as its
// users will get it, and prints the git commands that remain. It commits, tags and
// pushes nothing.
//
//	go run . -version v0.1.0 -proxy DIR
//
// writes the modules to DIR, a directory that GOPROXY can name (file://DIR), and
// changes nothing else.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

func main() {
	version := flag.String("version", "", "the `version` of the release, as in v0.1.0")
	root := flag.String("root", "../..", "the repository's `directory`")
	proxy := flag.String("proxy", "", "write the modules to this `directory`, and change nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *root, *version, *proxy); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, root, version, proxy string) error {
	if err := checkVersion(version); err != nil {
		return err
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	r := repository{root: root, version: version}
	if proxy != "" {
		_, err := r.writeProxy(ctx, proxy)
		return err
	}
	return r.release(ctx, out)
}

func checkVersion(v string) error {
	switch {
	case v == "":
		return fmt.Errorf("there is no version: say which, as in -version v0.1.0, or make release VERSION=v0.1.0")
	case semver.Canonical(v) != v || module.IsPseudoVersion(v):
		return fmt.Errorf("the version %q is not of the form v0.1.0 or v0.1.0-rc.1", v)
	case semver.Major(v) != "v0" && semver.Major(v) != "v1":
		return fmt.Errorf("the version %s asks for module paths that end in /%s, and these do not: change the paths first", v, semver.Major(v))
	}
	return nil
}

// release changes the working tree when everything has been seen to work.
func (r repository) release(ctx context.Context, out io.Writer) error {
	if err := r.checkClean(ctx); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	mods, err := r.writeProxy(ctx, filepath.Join(dir, "proxy"))
	if err != nil {
		return err
	}
	for _, m := range mods {
		fmt.Fprintf(out, "building %s %s by itself\n", m.path, r.version)
		if err := r.build(ctx, dir, m); err != nil {
			return err
		}
	}
	for _, m := range mods {
		if err := m.write(r.root); err != nil {
			return err
		}
	}
	r.printCommands(out, mods)
	return nil
}

func (r repository) printCommands(out io.Writer, mods []*published) {
	fmt.Fprintf(out, "\nThe go.mod files are those of %s. What remains, in this order:\n\n", r.version)
	fmt.Fprintf(out, "git commit -am 'Release %s'\n", r.version)
	tags := ""
	for _, m := range mods {
		fmt.Fprintf(out, "git tag %s\n", m.tag(r.version))
		tags += " " + m.tag(r.version)
	}
	fmt.Fprintf(out, "git revert --no-edit HEAD # puts the replace lines back\n")
	fmt.Fprintf(out, "git push --atomic origin HEAD%s\n", tags)
}
