package scaffold

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"go/format"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"unicode/utf8"

	modpath "golang.org/x/mod/module"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*.tmpl"))

// layout says which template makes which file, "%" standing for the package of
// the contract.
func (m *module) layout() [][2]string {
	switch {
	case m.Kind == Contract:
		return [][2]string{{"%.go", "contract.go"}, {"%_test.go", "contract_test.go"}, {"README.md", "contract.md"}}
	case m.Kind == Plugin && m.From != nil:
		return [][2]string{{"main.go", "plugin_for.go"}, {"main_test.go", "plugin_for_test.go"}, {"README.md", "plugin.md"}, {".gitignore", "gitignore"}}
	case m.Kind == Plugin:
		return [][2]string{{"main.go", "plugin.go"}, {"main_test.go", "plugin_test.go"}, {"contract/contract.go", "contract.go"}, {"README.md", "plugin.md"}, {".gitignore", "gitignore"}}
	case m.From != nil:
		return [][2]string{{"main.go", "host_for.go"}, {"main_test.go", "host_for_test.go"}, {"README.md", "host.md"}, {".gitignore", "gitignore"}}
	default:
		return [][2]string{{"main.go", "host.go"}, {"main_test.go", "host_test.go"}, {"plugin/main.go", "plugin.go"}, {"contract/contract.go", "contract.go"}, {"README.md", "host.md"}, {".gitignore", "gitignore"}}
	}
}

// render makes the files. The go.mod of a module for another's contract is there
// already, and the go command has added to it.
func (m *module) render() ([]file, error) {
	var files []file
	if m.From == nil {
		f, err := m.gomod()
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	for _, l := range m.layout() {
		f, err := m.file(strings.ReplaceAll(l[0], "%", m.For.Package), l[1])
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func (m *module) gomod() (file, error) { return m.file("go.mod", "go.mod") }

func (m *module) file(name, tmpl string) (file, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, tmpl+".tmpl", m); err != nil {
		return file{}, fmt.Errorf("tenon new: %w", err)
	}
	data := b.Bytes()
	if path.Ext(name) == ".go" {
		formatted, err := format.Source(data)
		if err != nil {
			return file{}, fmt.Errorf("tenon new: %s came out wrong, which is a mistake in tenon: %w\n%s", name, err, data)
		}
		data = formatted
	}
	return file{name, data}, nil
}

// What follows is for the templates.

// Core is the path of the module that everything imports.
func (m *module) Core() string { return core }

// Tool is the path of the command.
func (m *module) Tool() string { return tool }

// Sub is the path of a package of Core.
func (m *module) Sub(name string) string { return core + "/" + name }

// Title is the program's name at the beginning of a sentence.
func (m *module) Title() string {
	_, n := utf8.DecodeRuneInString(m.Program)
	return strings.ToUpper(m.Program[:n]) + m.Program[n:]
}

// Requires are the modules that go.mod asks for before go mod tidy has seen it.
func (m *module) Requires() []string {
	lines := []string{core + " " + m.Version}
	if m.From == nil {
		lines = append(lines, tool+" "+m.Version)
	} else if m.From.Dir != "" {
		lines = append(lines, m.From.Module+" "+unpublished(m.From.Module))
	}
	return lines
}

// Replaces are what stands for modules that are not published. That of the
// command is needed by whoever requires a contract's module, which requires it.
func (m *module) Replaces() []string {
	var lines []string
	if m.source.Dir != "" {
		lines = append(lines, core+" => "+modPath(m.source.Dir), tool+" => "+modPath(filepath.Join(m.source.Dir, "cmd", "tenon")))
	}
	if m.From != nil && m.From.Dir != "" {
		lines = append(lines, m.From.Module+" => "+modPath(m.From.Dir))
	}
	return lines
}

// modPath is a path as go.mod has it: quoted if need be.
func modPath(dir string) string {
	if strings.ContainsAny(dir, " \t\"'`(),[]{}") || strings.Contains(dir, "//") {
		return fmt.Sprintf("%q", dir)
	}
	return dir
}

// unpublished is a version for a module that has none. The go command insists
// that it fits the path.
func unpublished(module string) string {
	_, suffix, _ := modpath.SplitPathVersion(module)
	return cmp.Or(modpath.PathMajorPrefix(suffix), "v0") + ".0.0"
}

// ContractImport is the contract's package in an import declaration.
func (m *module) ContractImport() string { return importLine(m.For.Import, m.For.Package) }

func importLine(path, name string) string {
	if path == name || strings.HasSuffix(path, "/"+name) {
		return fmt.Sprintf("%q", path)
	}
	return fmt.Sprintf("%s %q", name, path)
}

// Import writes an import declaration, the standard library first.
func (m *module) Import(paths ...string) string {
	var groups [2][]string
	for _, p := range paths {
		if !strings.HasSuffix(p, `"`) {
			p = fmt.Sprintf("%q", p)
		}
		group := 0
		if first, _, _ := strings.Cut(p[strings.IndexByte(p, '"')+1:], "/"); strings.Contains(first, ".") {
			group = 1
		}
		if !slices.Contains(groups[group], p) {
			groups[group] = append(groups[group], p)
		}
	}
	return "import (\n" + strings.Join(groups[0], "\n") + "\n\n" + strings.Join(groups[1], "\n") + "\n)"
}

// StubImport is Import for a file with a stub.
func (m *module) StubImport(paths ...string) string {
	return m.Import(append(append(paths, core, m.ContractImport()), m.For.Imports...)...)
}

// CallImport is Import for a file with calls.
func (m *module) CallImport(paths ...string) string {
	return m.AppImport(append(paths, m.For.CallImports...)...)
}

// AppImport is Import for a file in which the app may have to be made up.
func (m *module) AppImport(paths ...string) string {
	if strings.HasPrefix(m.For.App, "tenon.") && m.For.Package != "tenon" {
		paths = append(paths, core)
	}
	return m.Import(paths...)
}
