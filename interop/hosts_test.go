package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/interop/scenario"
)

// A running is how a plugin is run.
type running struct {
	autoMTLS, multiplex bool
	netRPC, own         bool          // under hosts that have go-plugin's API
	signalShows         bool          // nothing is between the host and the plugin's process
	startTimeout        time.Duration // of Tenon's host; 0: the usual one
}

// tenon returns what starts a plugin under Tenon's host.
func (r running) tenon(t *testing.T, command func() *exec.Cmd) scenario.Starter {
	return func(ctx context.Context) (*scenario.Session, error) {
		x := &scenario.Session{Out: new(scenario.Lines), Errs: new(scenario.Lines), Log: new(scenario.Lines)}
		cmd := command()
		cmd.Stdout, cmd.Stderr = x.Out, x.Errs
		p, err := host.Start(ctx, host.Config{
			App: app, Cmd: cmd, StartTimeout: r.startTimeout,
			Logger:    slog.New(slog.NewTextHandler(x.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Protocols: []host.Protocol{grpcplug.Protocol{AutoMTLS: r.autoMTLS, Multiplex: r.multiplex}},
		})
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { p.Kill(); <-p.Done() })
		raw, ok := grpcplug.Of(p)
		if !ok {
			return nil, errors.New("the connection is not gRPC")
		}
		x.Host, x.CC, x.Broker, x.Version, x.Ping = p, raw.ClientConn, broker{raw.Broker}, p.Info().Version, p.Ping
		x.Stop = func() error {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			return p.Stop(ctx)
		}
		x.Kill = func() { p.Kill(); <-p.Done() }
		x.Crashed = func() error { return crashed(p, r.signalShows) }
		return x, nil
	}
}

func crashed(p *host.Plugin, signalShows bool) error {
	<-p.Done()
	var exit *host.ExitError
	if !errors.As(p.Err(), &exit) || signalShows && exit.Exit.Signal != syscall.SIGKILL {
		return fmt.Errorf("the plugin ended with %v", p.Err())
	}
	return nil
}

// goplugin runs a plugin under go-plugin's host, a program, and returns what that
// prints, with the end of what it prints otherwise.
func (r running) goplugin(ctx context.Context, t *testing.T, host kind, mode string, flags []string, plugin *exec.Cmd) (out []byte, trouble string, err error) {
	if r.autoMTLS {
		flags = append(flags, "-automtls")
	}
	if r.multiplex {
		flags = append(flags, "-multiplex")
	}
	if r.netRPC {
		flags = append(flags, "-netrpc")
	}
	if r.own {
		flags = append(flags, "-own")
	}
	args := append(append([]string{mode}, flags...), plugin.Path)
	cmd := exec.CommandContext(ctx, host.program(t), append(args, plugin.Args[1:]...)...)
	cmd.Env = plugin.Env
	// The plugin ends with its host, however that ends.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err = cmd.Output()
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	return out, stderr.String(), err
}

// check makes all checks, or what else mode says, under go-plugin's host.
func (r running) check(ctx context.Context, t *testing.T, host kind, mode string, f scenario.Facts, plugin *exec.Cmd, report func(scenario.Report)) {
	flags := []string{fmt.Sprintf("-maxsend=%d", f.MaxSend), fmt.Sprintf("-nobroker=%v", f.BrokerOff), fmt.Sprintf("-contract=%v", f.Contract)}
	out, trouble, err := r.goplugin(ctx, t, host, mode, flags, plugin)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var got scenario.Report
		if bad := d.Decode(&got); bad == io.EOF {
			break
		} else if bad != nil {
			err = bad
			break
		}
		report(got)
	}
	if err != nil {
		report(scenario.Report{Check: "host", Why: fmt.Sprintf("%v: %s", err, strings.TrimSpace(trouble))})
	}
}
