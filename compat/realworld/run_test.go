package realworld

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/tenontest"
)

// A use is a host that runs in a place of its own: its working directory, which is
// also the home, and a directory for temporary files that it is to leave empty.
type use struct {
	t            *testing.T
	host, plugin string // files
	dir          string
	env          []string
	crashes      bool // the plugin: what it leaves then is the next one's to remove
	stays        bool // the plugin, after the host
}

// pairs tests what a host and a plugin do together, for each library on either side.
func pairs(t *testing.T, host, plugin program, f func(use)) {
	for _, h := range libraries {
		for _, p := range libraries {
			t.Run(string(h)+" runs "+string(p), func(t *testing.T) {
				u := use{t: t, host: build(t, host, h), plugin: build(t, plugin, p), dir: t.TempDir()}
				tenontest.CheckLeaks(t)
				f(u)
			})
		}
	}
}

// run returns what the host prints, and tests how it ends.
func (u use) run(status int, args ...string) string {
	u.t.Helper()
	temp := u.t.TempDir()
	ctx, cancel := context.WithTimeout(u.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, u.host, args...)
	cmd.WaitDelay = time.Second
	cmd.Dir = u.dir
	cmd.Env = u.environment(temp)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		u.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != status || err != nil && status == 0 {
		u.t.Fatalf("%s %s: %v, and not %d\n%s%s", u.host, strings.Join(args, " "), err, status, &stdout, &stderr)
	}
	if s := stderr.String(); strings.Contains(s, "panic:") || strings.Contains(s, "[ERROR]") {
		u.t.Errorf("it complains: %s", s)
	}
	u.leftovers(temp)
	return stdout.String()
}

// environment is the host's, with a directory for temporary files.
func (u use) environment(temp string) []string {
	env := append(os.Environ(), "TMPDIR="+temp, "HOME="+u.dir)
	return append(append(env, offline...), u.env...)
}

// offline is an environment without the rest of the world.
var offline = []string{"HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "NO_PROXY="}

// leftovers tests that no file and no process of the plugin's is there any more.
func (u use) leftovers(temp string) {
	u.t.Helper()
	files, err := os.ReadDir(temp)
	if err != nil || len(files) > 0 && !u.crashes {
		u.t.Errorf("left in the temporary directory: %v %v", files, err)
	}
	deadline := time.After(10 * time.Second)
	for _, pid := range running(u.plugin) {
		p, err := process.Attach(pid, "")
		if u.stays || err != nil { // it has ended
			continue
		}
		select {
		case <-p.Done():
			p.Close()
		case <-deadline:
			u.t.Fatalf("%s still runs, as %d", u.plugin, pid)
		}
	}
}

// running returns the processes of a program, where the system has /proc.
func running(program string) (pids []int) {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if exe, err := os.Readlink(link); err == nil && exe == program {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			pids = append(pids, pid)
		}
	}
	return pids
}

func (u use) equal(got, want string) {
	u.t.Helper()
	if got != want {
		u.t.Errorf("it says\n%s\nand not\n%s", got, want)
	}
}

// write makes a file in the host's working directory.
func (u use) write(name, text string) {
	u.t.Helper()
	file := filepath.Join(u.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		u.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		u.t.Fatal(err)
	}
}
