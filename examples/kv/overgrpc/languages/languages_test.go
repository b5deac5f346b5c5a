//go:build unix

package languages

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tenon-go/tenon/tenontest"
)

// TestLength holds what the examples are to show: how little of a plugin is its
// author's.
func TestLength(t *testing.T) {
	for _, l := range languages {
		text, err := os.ReadFile(filepath.Join(l.dir, l.source))
		if err != nil {
			t.Fatal(err)
		}
		lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(s string) bool { return strings.TrimSpace(s) == "" })
		if len(lines) >= 60 {
			t.Errorf("%s in %s has %d lines", l.source, l.dir, len(lines))
		}
	}
}

func TestMain(m *testing.M) { tenontest.Main(m, nil) }

// A language is one that a plugin of examples/kv is written in. All its commands
// run in its directory.
type language struct {
	name   string
	dir    string
	tools  []string // that must be there, or the language is skipped
	shows  []string // the command that shows that they are more than a name
	setup  [][]string
	makes  string   // the directory that setup makes
	source string   // what is the author's of the plugin
	needs  []string // the files that setup has to be done again for
	start  []string
	chatty []string // starts it too, and prints hello before it says where it is and bye at its end
	lacks  []string // the tests of kvtest that are about what the plugin has not
}

// missing are the tests of what the plugins leave out, so that they stay short. That
// they have no Compact is seen by calling it: they don't say what they have.
var missing = []string{"TooLarge", "Compact", "Subscribe", "ListenerFails", "Snapshot", "Restore", "RestoreForeign", "RestoreNil"}

var python = language{
	name:  "Python",
	dir:   "../../python",
	tools: []string{"python3"},
	shows: []string{"python3", "-c", "import venv, ensurepip"}, // which some systems have apart
	setup: [][]string{
		{"python3", "-m", "venv", "--clear", ".venv"},
		{".venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"},
		{
			".venv/bin/python", "-m", "grpc_tools.protoc", "-I..", "-I../../../proto", "-I../../../proto/goplugin",
			"--python_out=.", "--grpc_python_out=.", "kv.proto", "tenon/tenon.proto", "goplugin.proto",
		},
	},
	needs:  []string{"requirements.txt", "../kv.proto", "../../../proto/tenon/tenon.proto", "../../../proto/goplugin/goplugin.proto"},
	makes:  ".venv",
	source: "plugin.py",
	start:  []string{".venv/bin/python", "plugin.py"},
	chatty: []string{
		".venv/bin/python", "-c",
		"import atexit, runpy; print('hello', flush=True); atexit.register(print, 'bye'); runpy.run_path('plugin.py')",
	},
	lacks: missing,
}

var node = language{
	name:   "Node",
	dir:    "../../node",
	tools:  []string{"node", "npm"},
	shows:  []string{"npm", "--version"},
	setup:  [][]string{{"npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"}},
	needs:  []string{"package-lock.json"},
	makes:  "node_modules",
	source: "plugin.js",
	start:  []string{"node", "plugin.js"},
	chatty: []string{
		"node", "-e",
		"console.log('hello'); process.on('exit', () => console.log('bye')); require('./plugin.js')",
	},
	lacks: missing,
}

var languages = []language{python, node}

// ready sets the language up, if that is not done already.
func (l language) ready(t *testing.T) {
	t.Helper()
	for _, tool := range l.tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not on this machine: the store in %s is not tested", tool, l.name)
		}
	}
	if out, err := exec.CommandContext(t.Context(), l.shows[0], l.shows[1:]...).CombinedOutput(); err != nil {
		t.Skipf("the store in %s is not tested: %s: %v\n%s", l.name, strings.Join(l.shows, " "), err, out)
	}
	if err := l.prepare(t.Output()); err != nil {
		t.Fatalf("%s cannot be set up in %s: %v", l.name, l.dir, err)
	}
}

// command returns what runs one of the language's programs.
func (l language) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath(args[0])
	if filepath.Base(args[0]) != args[0] {
		program, err = filepath.Abs(filepath.Join(l.dir, args[0]))
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args[1:]...)
	if cmd.Dir, err = filepath.Abs(l.dir); err != nil {
		t.Fatal(err)
	}
	return cmd
}
