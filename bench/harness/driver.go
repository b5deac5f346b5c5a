package harness

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// An outcome is how a task ended, on its way from a driver's process.
type outcome struct {
	Sample
	Unsupported bool   `json:",omitempty"`
	Err         string `json:",omitempty"`
}

// drive is a host: it starts the target's plugin and carries out the tasks that
// come on its standard input, until there are no more.
func drive(t Target, outcomes io.Writer) error {
	program, err := pluginProgram()
	if err != nil {
		return err
	}
	tasks := os.Stdin
	if os.Stdin, err = os.Open(os.DevNull); err != nil { // plugins that get the host's must not read them
		return err
	}
	b := Bench{Target: t, Program: program}
	// A plain context, in all targets: one that can end costs some of them a
	// goroutine per call, others nothing.
	ctx := context.Background()
	if b.Session, err = t.Start(ctx, b.Command()); err != nil {
		return err
	}
	return errors.Join(b.obey(ctx, tasks, outcomes), b.Session.Stop())
}

func pluginProgram() (string, error) {
	if other := os.Getenv(programVar); other != "" {
		return other, nil
	}
	return os.Executable()
}

func (b *Bench) obey(ctx context.Context, tasks io.Reader, outcomes io.Writer) error {
	in, out := json.NewDecoder(tasks), json.NewEncoder(outcomes)
	for {
		var t Task
		switch err := in.Decode(&t); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := out.Encode(b.outcome(ctx, t)); err != nil {
			return err
		}
	}
}

func (b *Bench) outcome(ctx context.Context, t Task) outcome {
	s, err := b.Measure(ctx, t)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return outcome{Unsupported: true}
	case err != nil:
		return outcome{Err: err.Error()}
	}
	return outcome{Sample: s}
}

// stopLimit is how long a driver's stderr may stay open after its end, held by a
// plugin that was left behind.
const stopLimit = 5 * time.Second

// A Driver is a process in which a target's host runs.
type Driver struct {
	target string
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *bytes.Buffer
	tasks  *json.Encoder
	out    *json.Decoder
}

// StartDriver runs t's host from t's program, which is program if t names none. When
// ctx ends it is killed, and what it started with it.
func StartDriver(ctx context.Context, program string, t Target) (*Driver, error) {
	cmd := exec.CommandContext(ctx, cmp.Or(t.Host, program), host, t.Name)
	// What a killed plugin leaves behind goes with the programs' directory.
	cmd.Env = append(equalEnvironment(), "TMPDIR="+filepath.Dir(cmd.Path), programVar+"="+t.Plugin)
	// Kept for the error, if there is one: some libraries print when a plugin is
	// stopped.
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = stopLimit
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d := &Driver{
		target: t.Name,
		cmd:    cmd,
		stdin:  stdin,
		stderr: &stderr,
		tasks:  json.NewEncoder(stdin),
		out:    json.NewDecoder(stdout),
	}
	return d, cmd.Start()
}

// Measure has the driver carry out a task. What its target cannot do is
// [errors.ErrUnsupported].
func (d *Driver) Measure(t Task) (Sample, error) {
	var o outcome
	if err := errors.Join(d.tasks.Encode(t), d.out.Decode(&o)); err != nil {
		return Sample{}, fmt.Errorf("%s: %s: the host's process answers no more: %w", d.target, t.Kind, err)
	}
	switch {
	case o.Unsupported:
		return Sample{}, errors.ErrUnsupported
	case o.Err != "":
		return Sample{}, fmt.Errorf("%s: %s: %s", d.target, t.Kind, o.Err)
	}
	return o.Sample, nil
}

// Close lets the driver stop its plugin and waits for it.
func (d *Driver) Close() error {
	err := errors.Join(d.stdin.Close(), d.cmd.Wait())
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", d.target, err, d.stderr)
	}
	return nil
}

// equalEnvironment leaves out what steers Go's runtime: some targets hand the
// environment on to their plugins and some don't.
func equalEnvironment() []string {
	steers := []string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG", "GOTRACEBACK"}
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		key, _, _ := strings.Cut(entry, "=")
		return slices.Contains(steers, key)
	})
}
