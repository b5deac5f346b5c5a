package main

import (
	"context"
	"fmt"
	"strings"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/tenon-go/tenon/interop/scenario"
)

const grpcOnly, rpcOnly = goplugin.ProtocolGRPC, goplugin.ProtocolNetRPC

// A choice is what a host allows, and what a plugin makes of it that speaks
// net/rpc in the oldest version and gRPC in the newest. The versions decide:
// plugins are not told which protocols are allowed.
type choice struct {
	name     string
	versions []int // that the host has
	allowed  []goplugin.Protocol
	protocol goplugin.Protocol
	version  int
	refused  bool
}

var choices = [scenario.Choices]choice{
	{"newest", []int{1, 2}, []goplugin.Protocol{rpcOnly, grpcOnly}, grpcOnly, 2, false},
	{"oldest", []int{1}, []goplugin.Protocol{rpcOnly, grpcOnly}, rpcOnly, 1, false},
	{"gRPC only", []int{2}, []goplugin.Protocol{grpcOnly}, grpcOnly, 2, false},
	{"net/rpc by default", []int{1}, nil, rpcOnly, 1, false},
	{"no gRPC", []int{1, 2}, nil, grpcOnly, 2, true},
	{"no net/rpc", []int{1}, []goplugin.Protocol{grpcOnly}, rpcOnly, 1, true},
}

func (h *hosting) choose(ctx context.Context, report func(scenario.Report)) {
	for _, c := range choices {
		r := scenario.Report{Check: c.name}
		if err := h.try(ctx, c); err != nil {
			r.Why = err.Error()
		}
		report(r)
	}
}

func (h *hosting) try(ctx context.Context, want choice) error {
	x, cfg, err := h.session()
	if err != nil {
		return err
	}
	all := plugins("both", nil)
	cfg.Cmd, cfg.AllowedProtocols, cfg.VersionedPlugins = h.cmd(), want.allowed, map[int]goplugin.PluginSet{}
	for _, v := range want.versions {
		cfg.VersionedPlugins[v] = all[v]
	}
	c := goplugin.NewClient(cfg)
	defer c.Kill()
	err = connect(c, x)
	if want.refused {
		// Its first letter was upper case once.
		text := fmt.Sprintf("unsupported plugin protocol %q. Supported:", want.protocol)
		if err == nil || !strings.HasPrefix(strings.ToLower(err.Error()), strings.ToLower(text)) {
			return fmt.Errorf("the error should be %s: %v", text, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if c.Protocol() != want.protocol || c.NegotiatedVersion() != want.version {
		return fmt.Errorf("it speaks %s, version %d", c.Protocol(), c.NegotiatedVersion())
	}
	return scenario.Hello(ctx, x)
}
