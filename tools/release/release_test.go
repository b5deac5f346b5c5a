package main

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"
)

// A clone with the published modules, one that is not, and what must not be in an archive.
var clone = map[string]string{
	".gitignore":     "bin/\n",
	"LICENSE":        "as you like",
	"go.mod":         "module " + core + "\n\ngo 1.25.0\n",
	"core.go":        "package tenon\n",
	"bin/program":    "not known to git",
	"bench/go.mod":   "module " + core + "/bench\n\ngo 1.25.0\n",
	"bench/main.go":  "package main\n\nfunc main() {}\n",
	"bench/in/in.go": "package in\n",

	"grpcplug/go.mod":      inner("grpcplug", "tenon"),
	"grpcplug/grpcplug.go": "package grpcplug\n\nimport _ \"" + core + "\"\n",
	"cmd/tenon/go.mod":     inner("cmd/tenon", "tenon"),
	"cmd/tenon/main.go":    "package main\n\nimport _ \"" + core + "\"\n\nfunc main() {}\n",

	"compat/goplugin/go.mod":    inner("compat/goplugin", "tenon/grpcplug", "tenon // indirect"),
	"compat/goplugin/plugin.go": "package plugin\n\nimport _ \"" + core + "/grpcplug\"\n",
	"compat/shim/go.mod": strings.Replace(inner("compat/shim", "tenon/compat/goplugin", "tenon/grpcplug // indirect", "tenon // indirect"),
		core+"/compat/shim", "github.com/hashicorp/go-plugin", 1),
	"compat/shim/plugin.go": "package plugin\n\nimport _ \"" + core + "/compat/goplugin\"\n",
}

// inner is the go.mod of a module that requires others, as the repository has them.
func inner(dir string, others ...string) string {
	text := fmt.Sprintf("module %s/%s\n\ngo 1.25.0\n", core, dir)
	up := strings.Repeat("../", strings.Count(dir, "/")+1)
	for _, o := range others {
		path, comment, _ := strings.Cut(o, " ")
		path = "github.com/tenon-go/" + path
		text += fmt.Sprintf("\nreplace %s => %s%s\n\nrequire %[1]s v0.0.0-00010101000000-000000000000 %[4]s\n",
			path, up, strings.TrimPrefix(strings.TrimPrefix(path, core), "/"), comment)
	}
	return text
}

func TestMain(m *testing.M) {
	os.Setenv("GOWORK", "off")
	os.Exit(m.Run())
}

func newClone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range clone {
		write(t, filepath.Join(dir, name), text)
	}
	git(t, dir, "init", "--quiet")
	commit(t, dir)
	return dir
}

func commit(t *testing.T, dir string) {
	t.Helper()
	git(t, dir, "add", "--all")
	git(t, dir, "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "x")
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// What is released builds by itself, and is what a tag of the commit would be.
func TestRelease(t *testing.T) {
	dir := newClone(t)
	var out strings.Builder
	if err := run(t.Context(), &out, dir, "v0.3.0", ""); err != nil {
		t.Fatal(err)
	}
	for _, d := range publishedDirs {
		if tag := "git tag " + strings.TrimPrefix(d+"/v0.3.0\n", "./"); !strings.Contains(out.String(), tag) {
			t.Errorf("no %q in\n%s", tag, &out)
		}
		text := read(t, filepath.Join(dir, d, "go.mod"))
		if strings.Contains(text, "replace") || strings.Contains(text, "v0.0.0") {
			t.Errorf("%s/go.mod is no release's:\n%s", d, text)
		}
	}
	shim := read(t, filepath.Join(dir, "compat/shim/go.mod"))
	if !strings.Contains(shim, core+"/grpcplug v0.3.0 // indirect") || !strings.HasPrefix(shim, "module github.com/hashicorp/go-plugin\n") {
		t.Errorf("go.mod of the shim:\n%s", shim)
	}
	commit(t, dir)
	proxy := t.TempDir()
	if err := run(t.Context(), &out, dir, "v0.3.0", proxy); err != nil {
		t.Fatal(err)
	}
	sums := read(t, filepath.Join(dir, "compat/shim/go.sum"))
	for _, d := range []string{"", "grpcplug", "compat/goplugin"} {
		if hash := tagHash(t, dir, d); !strings.Contains(sums, " v0.3.0 "+hash+"\n") {
			t.Errorf("the hash of %q is %s at the tag, and not in\n%s", d, hash, sums)
		}
	}
}

// tagHash is the hash of a module as it was committed, by other code than the program's.
func tagHash(t *testing.T, dir, sub string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	path := strings.TrimSuffix(core+"/"+sub, "/")
	if err := modzip.CreateFromVCS(f, module.Version{Path: path, Version: "v0.3.0"}, dir, "HEAD", sub); err != nil {
		t.Fatal(err)
	}
	hash, err := dirhash.HashZip(name, dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// An archive has what git knows, and no other module's files; nothing is changed. It is
// the same without a repository around the files.
func TestProxy(t *testing.T) {
	dir := newClone(t)
	write(t, filepath.Join(dir, "new.go"), "package tenon\n")
	if err := os.Remove(filepath.Join(dir, "core.go")); err != nil {
		t.Fatal(err)
	}
	before := git(t, dir, "status", "--porcelain")
	testProxy(t, dir)
	if after := git(t, dir, "status", "--porcelain"); after != before {
		t.Errorf("the working tree has changed:\n%s", after)
	}
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	testProxy(t, dir)
}

func testProxy(t *testing.T, dir string) {
	t.Helper()
	proxy := t.TempDir()
	if err := run(t.Context(), io.Discard, dir, "v0.3.0", proxy); err != nil {
		t.Fatal(err)
	}
	for d, want := range map[string][]string{
		"":          {".gitignore", "LICENSE", "go.mod", "new.go"},
		"/grpcplug": {"LICENSE", "go.mod", "go.sum", "grpcplug.go"},
	} {
		prefix := core + d + "@v0.3.0/"
		z, err := zip.OpenReader(filepath.Join(proxy, core+d, "@v/v0.3.0.zip"))
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		var names []string
		for _, f := range z.File {
			names = append(names, strings.TrimPrefix(f.Name, prefix))
		}
		if slices.Sort(names); !slices.Equal(names, want) {
			t.Errorf("%s has %q, not %q", prefix, names, want)
		}
	}
}

// What is not fit for release is refused, with the reason, and nothing is changed.
func TestRefused(t *testing.T) {
	for _, test := range []struct {
		name, file, text string
		version, want    string
		commit           bool
	}{
		{name: "no version", version: "", want: "there is no version"},
		{name: "half a version", version: "v0.3", want: "not of the form"},
		{name: "a version of no release", version: "v0.0.0-20260102030405-abcdefabcdef", want: "not of the form"},
		{name: "v2", version: "v2.0.0", want: "/v2"},
		{name: "a tag that is there", version: "v0.2.0", want: "grpcplug/v0.2.0 is there already"},
		{name: "changes", file: "core.go", text: "package tenon // changed\n", version: "v0.3.0", want: "not committed"},
		{name: "a fork", file: "go.mod", text: clone["go.mod"] + "\nreplace example.com/a => example.com/b v1.0.0\n",
			commit: true, version: "v0.3.0", want: "replaces example.com/a by example.com/b v1.0.0"},
		{name: "an unpublished module", file: "grpcplug/go.mod", text: inner("grpcplug", "tenon/bench"),
			commit: true, version: "v0.3.0", want: core + "/bench, which is not published"},
		{name: "what is not in the module", file: "grpcplug/grpcplug.go", text: "package grpcplug\n\nimport _ \"" + core + "/grpcplug/no\"\n",
			commit: true, version: "v0.3.0", want: core + "/grpcplug is not fit for release"},
		{name: "what does not compile", file: "compat/shim/plugin.go", text: "package plugin\n\nimport _ \"" + core + "/compat/goplugin\"\n\nvar x int = nil\n",
			commit: true, version: "v0.3.0", want: core + "/compat/shim is not fit for release"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := newClone(t)
			git(t, dir, "tag", "grpcplug/v0.2.0")
			if test.file != "" {
				write(t, filepath.Join(dir, test.file), test.text)
			}
			if test.commit {
				commit(t, dir)
			}
			before := git(t, dir, "status", "--porcelain")
			err := run(t.Context(), io.Discard, dir, test.version, "")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, without %q", err, test.want)
			}
			if after := git(t, dir, "status", "--porcelain"); after != before {
				t.Errorf("the working tree has changed:\n%s", after)
			}
		})
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
