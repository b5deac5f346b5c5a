package main

import (
	"context"
	"errors"
	"os/exec"
	"reflect"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"

	"github.com/tenon-go/tenon/interop/scenario"
)

// hosting is how plugins are run.
type hosting struct {
	autoMTLS, multiplex bool
	command             []string
	started             []*exec.Cmd
}

func (h *hosting) start(context.Context) (*scenario.Session, error) {
	x := &scenario.Session{Out: new(scenario.Lines), Errs: new(scenario.Lines), Log: new(scenario.Lines)}
	cmd := exec.Command(h.command[0], h.command[1:]...)
	h.started = append(h.started, cmd)
	cfg := &goplugin.ClientConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: plugins(nil),
		Cmd:              cmd,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         h.autoMTLS,
		SyncStdout:       x.Out,
		SyncStderr:       x.Errs,
		StartTimeout:     scenario.StartTimeout,
		Logger:           hclog.New(&hclog.LoggerOptions{Output: x.Log, Level: hclog.Info}),
	}
	if h.multiplex {
		if err := setMultiplex(cfg); err != nil {
			return nil, err
		}
	}
	c := goplugin.NewClient(cfg)
	if err := connect(c, x); err != nil {
		c.Kill()
		return nil, err
	}
	x.Version, x.Kill = c.NegotiatedVersion(), c.Kill
	x.Stop = func() error { return stop(c) }
	return x, nil
}

func connect(c *goplugin.Client, x *scenario.Session) error {
	p, err := c.Client()
	if err != nil {
		return err
	}
	raw, err := p.Dispense(pluginName)
	if err != nil {
		return err
	}
	d := raw.(connected)
	x.CC, x.Broker = d.cc, broker{d.broker}
	x.Ping = func(context.Context) error { return p.Ping() }
	return nil
}

func stop(c *goplugin.Client) error {
	c.Kill()
	if !c.Exited() {
		return errors.New("it has not ended")
	}
	return nil
}

// setMultiplex sets ClientConfig.GRPCBrokerMultiplex by its name, because a
// version without that field would not compile otherwise.
func setMultiplex(cfg *goplugin.ClientConfig) error {
	f := reflect.ValueOf(cfg).Elem().FieldByName("GRPCBrokerMultiplex")
	if !f.IsValid() {
		return errors.New(scenario.NoSuchOption)
	}
	f.SetBool(true)
	return nil
}

// killAll ends what a host that hangs has left.
func (h *hosting) killAll() {
	for _, cmd := range h.started {
		if cmd.Process == nil {
			continue
		}
		cmd.Process.Kill()
		for end := time.Now().Add(time.Second); cmd.ProcessState == nil && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
}
