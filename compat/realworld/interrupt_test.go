//go:build unix

package realworld

import (
	"bufio"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestTofuInterrupt has a user press Ctrl-C, which goes to the provider too: it must
// live until OpenTofu has told it to stop, and has its answer.
func TestTofuInterrupt(t *testing.T) {
	pairs(t, "opentofu", "terraform-provider-time", func(u use) {
		u.tofu("hashicorp/time", `resource "time_sleep" "night" { create_duration = "10m" }`)
		temp := t.TempDir()
		cmd := exec.CommandContext(u.t.Context(), u.host, "apply", "-auto-approve", "-no-color")
		cmd.Dir = u.dir
		cmd.Env = u.environment(temp)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		out, err := cmd.StdoutPipe()
		if err != nil {
			u.t.Fatal(err)
		}
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			u.t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "time_sleep.night: Creating...") {
				err = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
			}
		}
		cmd.Wait()
		if err != nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "Original Error: context canceled") {
			u.t.Errorf("%v, %v\n%s", err, cmd.ProcessState, &stderr)
		}
		u.leftovers(temp)
	})
}
