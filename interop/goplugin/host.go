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
	protocol                 string // "netrpc", or else gRPC
	autoMTLS, own, multiplex bool
	command                  []string
	started                  []*exec.Cmd
}

// session returns one that nothing runs in yet, with the configuration that brings
// a plugin's output to it.
func (h *hosting) session() (*scenario.Session, *goplugin.ClientConfig, error) {
	x := &scenario.Session{Out: new(scenario.Lines), Errs: new(scenario.Lines), Log: new(scenario.Lines)}
	cfg := &goplugin.ClientConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: plugins(h.protocol, nil),
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         h.autoMTLS,
		SyncStdout:       x.Out,
		SyncStderr:       x.Errs,
		StartTimeout:     scenario.StartTimeout,
		Logger:           hclog.New(&hclog.LoggerOptions{Output: x.Log, Level: hclog.Info}),
	}
	if h.protocol == "netrpc" {
		cfg.AllowedProtocols = []goplugin.Protocol{goplugin.ProtocolNetRPC}
	}
	if h.own {
		own, err := scenario.OwnTLS()
		if err != nil {
			return nil, nil, err
		}
		cfg.TLSConfig = own
	}
	if h.multiplex {
		return x, cfg, setMultiplex(cfg)
	}
	return x, cfg, nil
}

func (h *hosting) cmd() *exec.Cmd {
	cmd := exec.Command(h.command[0], h.command[1:]...)
	h.started = append(h.started, cmd)
	return cmd
}

func (h *hosting) start(context.Context) (*scenario.Session, error) {
	x, cfg, err := h.session()
	if err != nil {
		return nil, err
	}
	cfg.Cmd = h.cmd()
	x.Reattach = h.reattach
	return x, connected(cfg, x)
}

// reattach starts a plugin with one client, and uses it with another.
func (h *hosting) reattach() (*scenario.Session, error) {
	_, cfg, err := h.session()
	if err != nil {
		return nil, err
	}
	cfg.Cmd = h.cmd()
	first := goplugin.NewClient(cfg)
	if _, err := first.Start(); err != nil {
		return nil, err
	}
	x, cfg, err := h.session()
	if err != nil {
		return nil, err
	}
	cfg.Reattach = first.ReattachConfig()
	cfg.Plugins = cfg.VersionedPlugins[scenario.Newest] // no library has them of itself
	if err := connected(cfg, x); err != nil {
		first.Kill()
		return nil, err
	}
	// The first client is the plugin's parent, and learns of its end.
	kill := x.Kill
	x.Kill = func() { kill(); first.Kill() }
	return x, nil
}

func connected(cfg *goplugin.ClientConfig, x *scenario.Session) error {
	c := goplugin.NewClient(cfg)
	if err := connect(c, x); err != nil {
		c.Kill()
		return err
	}
	x.Version, x.Kill = c.NegotiatedVersion(), c.Kill
	x.Stop = func() error { return stop(c) }
	x.Crashed = func() error { return exited(c) }
	return nil
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
	switch d := raw.(type) {
	case overGRPC:
		x.CC, x.Broker = d.cc, broker{d.broker}
	case overRPC:
		x.RPC, x.Mux = d.client, d.broker
	}
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

// exited waits until a client knows that its plugin has ended, of which no event
// tells.
func exited(c *goplugin.Client) error {
	for end := time.Now().Add(scenario.Patience); !c.Exited(); {
		if time.Now().After(end) {
			return errors.New("the client does not know that the plugin has ended")
		}
		time.Sleep(time.Millisecond)
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
