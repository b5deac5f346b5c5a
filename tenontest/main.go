package tenontest

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// PluginVar is the environment variable that names the plugin which a test
// binary is to turn into. [Command] sets it; a plugin that starts another one
// of the same binary sets it itself.
const PluginVar = "TENONTEST_PLUGIN"

// plugins are those that were given to Main. They are this package's only state:
// what a process can turn into is a fact about the process.
var plugins map[string]func()

// Main runs the tests and ends the process, as m.Run and os.Exit do. If the
// process was started by a [Command], it runs that plugin's function in place of
// the tests. It is called from TestMain, before anything else is done there.
//
// When all tests have passed Main looks for what they left behind, as
// [CheckLeaks] does, and ends the process with status 1 if it finds anything.
func Main(m *testing.M, all map[string]func()) {
	plugins = all
	if name, ok := os.LookupEnv(PluginVar); ok {
		become(name)
	}
	remove := coverage()
	before := look()
	code := m.Run()
	if code == 0 {
		if found := before.leaks(); found != "" {
			fmt.Fprintf(os.Stderr, "tenontest: the tests left behind:\n\n%s\n", found)
			code = 1
		}
	}
	remove()
	os.Exit(code)
}

// become runs the plugin called name in place of the tests.
func become(name string) {
	os.Unsetenv(PluginVar) // what the plugin starts is not that plugin
	run, ok := plugins[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "tenontest: Main was given no plugin called %q, only %s\n", name, names())
		os.Exit(1)
	}
	run()
	os.Exit(0)
}

func names() string {
	if len(plugins) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(plugins)), ", ")
}

// coverage sees that plugins have a place for what they cover: without one each
// prints a warning. go test names one, and counts what it finds there; a test
// binary that is run by hand doesn't.
func coverage() (remove func()) {
	if testing.CoverMode() == "" || os.Getenv("GOCOVERDIR") != "" {
		return func() {}
	}
	dir, err := os.MkdirTemp("", "tenontest-cover-")
	if err != nil {
		return func() {}
	}
	os.Setenv("GOCOVERDIR", dir)
	return func() { os.RemoveAll(dir) }
}

// Command returns a command that starts the test binary as the plugin which
// [Main] was given under name. The caller may add to the command's Env. It can
// be used from parallel tests; each call returns a command of its own.
func Command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	if plugins == nil {
		// Without Main the process would run the tests again, and they this.
		t.Fatal("tenontest.Command needs tenontest.Main: call it from TestMain")
	}
	if plugins[name] == nil {
		t.Fatalf("tenontest.Main was given no plugin called %q, only %s", name, names())
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	// The race detector would keep each plugin for a second after its end.
	cmd.Env = []string{PluginVar + "=" + name, "GORACE=atexit_sleep_ms=0"}
	for _, key := range []string{"GOCOVERDIR", "GORACE", "GOTRACEBACK"} {
		if value, ok := os.LookupEnv(key); ok {
			cmd.Env = append(cmd.Env, key+"="+value)
		}
	}
	return cmd
}
