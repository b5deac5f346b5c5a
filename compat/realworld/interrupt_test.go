//go:build unix

package realworld

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTofuInterrupt has a user press Ctrl-C, which goes to the provider too: it must
// live until OpenTofu has told it to stop, and has its answer.
func TestTofuInterrupt(t *testing.T) {
	pairs(t, "opentofu", "terraform-provider-time", func(u use) {
		u.tofu("hashicorp/time", `resource "time_sleep" "night" { create_duration = "10m" }`)
		u.env = append(u.env, "TF_LOG=trace")
		temp := t.TempDir()
		ctx, cancel := context.WithTimeout(u.t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, u.host, "apply", "-auto-approve", "-no-color")
		cmd.WaitDelay = time.Second
		cmd.Dir = u.dir
		cmd.Env = u.environment(temp)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		log, err := cmd.StderrPipe()
		if err != nil {
			u.t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			u.t.Fatal(err)
		}
		canceled := false
		for lines := bufio.NewScanner(log); lines.Scan(); {
			canceled = canceled || strings.Contains(lines.Text(), "Original Error: context canceled")
			// OpenTofu says "Creating..." before the provider has the call. What it
			// is told to stop then, it does not know of.
			if strings.Contains(lines.Text(), "Sending request downstream") && strings.Contains(lines.Text(), "tf_rpc=ApplyResourceChange") {
				err = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
			}
		}
		cmd.Wait()
		if err != nil || cmd.ProcessState.ExitCode() != 1 || !canceled {
			u.t.Errorf("%v, %v, canceled: %v", err, cmd.ProcessState, canceled)
		}
		u.leftovers(temp)
	})
}
