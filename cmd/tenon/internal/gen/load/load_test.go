package load

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

var update = flag.Bool("update", false, "write what comes out into the golden files")

const goMod = `module example.com/cases

go 1.25.0

require (
	example.com/other v0.0.0
	github.com/tenon-go/tenon v0.0.0
	google.golang.org/protobuf %s
)

require golang.org/x/sys v0.30.0 // indirect

replace github.com/tenon-go/tenon => %s

replace example.com/other => ../other
`

// module writes a module whose packages are the archives in testdata/group,
// beside one for testdata/other.txtar, and returns its directory.
func module(t *testing.T, group string) string {
	t.Helper()
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOPROXY", "off")
	dir := t.TempDir()
	extract(t, filepath.Join("testdata", "other.txtar"), filepath.Join(dir, "other"))
	cases := filepath.Join(dir, "cases")
	for _, name := range archives(t, group) {
		extract(t, name, filepath.Join(cases, strings.TrimSuffix(filepath.Base(name), ".txtar")))
	}
	tenon := goList(t, tenonPath, "Dir")
	write(t, filepath.Join(cases, "go.sum"), append(read(t, "../../../go.sum"), read(t, filepath.Join(tenon, "go.sum"))...))
	write(t, filepath.Join(cases, "go.mod"), fmt.Appendf(nil, goMod, goList(t, "google.golang.org/protobuf", "Version"), tenon))
	return cases
}

func archives(t *testing.T, group string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", group, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives in testdata/%s: %v", group, err)
	}
	return names
}

func goList(t *testing.T, module, field string) string {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-f", "{{."+field+"}}", module)
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func extract(t *testing.T, archive, dir string) {
	t.Helper()
	a, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		if f.Name != "want" {
			write(t, filepath.Join(dir, f.Name), f.Data)
		}
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// compare compares got with the file want of an archive.
func compare(t *testing.T, archive, got string) {
	t.Helper()
	a, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	want := -1
	for i, f := range a.Files {
		if f.Name == "want" {
			want = i
		}
	}
	if *update {
		if want < 0 {
			want, a.Files = len(a.Files), append(a.Files, txtar.File{Name: "want"})
		}
		a.Files[want].Data = []byte(got)
		write(t, archive, txtar.Format(a))
		return
	}
	if want < 0 {
		t.Fatalf("%s has no file want: run the test with -update", archive)
	}
	if diff := cmp.Diff(string(a.Files[want].Data), got); diff != "" {
		t.Errorf("%s differs, -want +got (if it is right, run with -update):\n%s", archive, diff)
	}
}

// TestGood compares the models of packages in which all is well with what is in
// their archives.
func TestGood(t *testing.T) {
	dir := module(t, "good")
	models, err := Load(dir, []string{"./..."})
	if err != nil {
		t.Fatal(err)
	}
	byDir := map[string]*model.Package{}
	for _, p := range models {
		byDir[filepath.Base(p.Dir)] = p
	}
	for _, name := range archives(t, "good") {
		p := byDir[strings.TrimSuffix(filepath.Base(name), ".txtar")]
		if p == nil {
			t.Errorf("%s: no model", name)
			continue
		}
		compare(t, name, dump(p))
	}
}

// TestUnique holds that no two messages or interfaces share the names of their
// functions, whatever they are called in the .proto.
func TestUnique(t *testing.T) {
	models, err := Load(module(t, "good"), []string{"./unique"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	take := func(what, name string) {
		if seen[name] {
			t.Errorf("%s has the name %s, which is taken", what, name)
		}
		seen[name] = true
	}
	for _, it := range models[0].Interfaces {
		take("interface "+it.Wire, it.Name)
	}
	for _, m := range models[0].Messages {
		if m.Func != "" {
			take("message "+m.Name, m.Func)
		}
	}
	if !seen["S"] || !seen["VT"] || len(seen) < 8 {
		t.Errorf("names are %v", seen)
	}
}

// TestBad compares problems, with their positions.
func TestBad(t *testing.T) {
	dir := module(t, "bad")
	patterns := []string{"./..."}
	for _, name := range archives(t, "bad") {
		patterns = append(patterns, "./"+strings.TrimSuffix(filepath.Base(name), ".txtar"))
	}
	models, err := Load(dir, patterns)
	if len(models) != 1 || models[0].Go.Name() != "fine" || len(models[0].Interfaces) != 2 {
		t.Errorf("models are %v, not that of the one package in which nothing is wrong", models)
	}
	var problems *model.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error is %v, not problems", err)
	}
	byDir := map[string]string{}
	for _, p := range problems.All {
		rel, err := filepath.Rel(dir, p.Pos.Filename)
		if err != nil {
			rel = "nowhere" // the go command doesn't say
		}
		name, file, _ := strings.Cut(filepath.ToSlash(rel), "/")
		shown := *p
		shown.Pos.Filename = file
		text := strings.ReplaceAll(shown.Error(), dir, "DIR")
		if file == "" {
			text = strings.TrimPrefix(text, ":")
		}
		byDir[name] += text + "\n"
	}
	for _, name := range archives(t, "bad") {
		compare(t, name, byDir[strings.TrimSuffix(filepath.Base(name), ".txtar")])
	}
}

// TestKV compares the model of the example with its .proto: the names of its
// services, methods and messages, and names and numbers of fields.
func TestKV(t *testing.T) {
	const dir = "../../../../../examples/kv"
	begin := time.Now()
	models, err := Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("loaded in", time.Since(begin))
	want := outline(string(read(t, filepath.Join(dir, "kv.proto"))))
	if diff := cmp.Diff(want, outlineOf(models[0])); diff != "" {
		t.Errorf("model differs from kv.proto, -proto +model:\n%s", diff)
	}
}

var (
	protoBlock = regexp.MustCompile(`^(message|service|enum) (\w+) {`)
	protoField = regexp.MustCompile(`^  (?:[\w.<>, ]+ )?(\w+) = (\d+)\b`)
	protoRPC   = regexp.MustCompile(`^  rpc (\w+)\(`)
)

// outline is what is in a .proto, sorted, as far as a model knows it.
func outline(proto string) []string {
	var list []string
	block := ""
	for line := range strings.Lines(proto) {
		if m := protoBlock.FindStringSubmatch(line); m != nil {
			block = m[1] + " " + m[2]
			list = append(list, block)
		} else if m := protoField.FindStringSubmatch(line); m != nil {
			list = append(list, block+" "+m[1]+" = "+m[2])
		} else if m := protoRPC.FindStringSubmatch(line); m != nil {
			list = append(list, block+" "+m[1])
		}
	}
	slices.Sort(list)
	return list
}

func outlineOf(p *model.Package) []string {
	var list []string
	message := func(m *model.Message) {
		list = append(list, "message "+m.Name)
		for i, f := range m.Fields {
			list = append(list, fmt.Sprintf("message %s %s = %d", m.Name, f.Name, i+1))
		}
	}
	for _, it := range p.Interfaces {
		list = append(list, "service "+it.Wire)
		for _, m := range it.Methods {
			list = append(list, "service "+it.Wire+" "+m.Wire)
			message(m.Request)
			message(m.Response)
		}
	}
	for _, m := range p.Messages {
		message(m)
	}
	for _, e := range p.Enums {
		list = append(list, "enum "+e.Name)
		for _, v := range e.Values {
			list = append(list, fmt.Sprintf("enum %s %s = %d", e.Name, v.Name, v.Number))
		}
	}
	for _, e := range p.Errors {
		if e.Message != nil {
			message(e.Message)
		}
	}
	slices.Sort(list)
	return list
}

// TestNothing loads what has no contract, and doesn't name it.
func TestNothing(t *testing.T) {
	models, err := Load("../model", []string{"./..."})
	if len(models) != 0 || err != nil {
		t.Errorf("Load = %v, %v, want nothing", models, err)
	}
}

// TestFiles holds that single files are refused.
func TestFiles(t *testing.T) {
	_, err := Load("../../../../../examples/hello", []string{"hello.go"})
	if err == nil || !strings.Contains(err.Error(), "name the package, or its directory") {
		t.Errorf("error is %v", err)
	}
}
