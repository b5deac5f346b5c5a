// Provider is a Terraform provider for the tests of terraform-schema: an ordinary
// one on HashiCorp's terraform-plugin-framework, which has of everything that a
// schema can have, but can only be asked for its schemas.
//
// Its first argument has it behave otherwise: see variants.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-mux/tf5to6server"
	"github.com/hashicorp/terraform-plugin-mux/tf6muxserver"
	"google.golang.org/grpc"
)

const address = "registry.terraform.io/tenon-go/garden"

// variants are the ways to serve, or not to serve.
var variants = map[string]func(context.Context) error{
	"":          func(ctx context.Context) error { return serve(ctx, garden{plants: true, tools: true}, 6) },
	"protocol5": func(ctx context.Context) error { return serve(ctx, garden{tools: true}, 5) },
	// Nested attributes are more than protocol 5 has.
	"too-old": func(ctx context.Context) error { return serve(ctx, garden{plants: true}, 5) },
	"mux":     mux,
	"both":    both,
	"future":  future,
	"crash":   misbehave(func(*provider.SchemaResponse) { panic("the hedge is on fire") }),
	"exit":    misbehave(func(*provider.SchemaResponse) { fmt.Fprintln(os.Stderr, "no water"); os.Exit(7) }),
	"mute":    misbehave(func(*provider.SchemaResponse) { select {} }),
	"refuse": misbehave(func(resp *provider.SchemaResponse) {
		resp.Diagnostics.AddAttributeError(path.Root("beds").AtMapKey("north").AtListIndex(2), "Flooded", "Nothing grows there.\nDrain it first.")
		resp.Diagnostics.AddError("Out of season", "")
	}),
	"large": misbehave(func(resp *provider.SchemaResponse) {
		resp.Schema.MarkdownDescription = strings.Repeat("and so on ", 7<<20)
	}),
	"warn": misbehave(func(resp *provider.SchemaResponse) {
		resp.Diagnostics.AddAttributeWarning(path.Root("beds"), "Dry", "Water it.")
	}),
}

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	variant, ok := variants[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "there is no variant %q\n", name)
		os.Exit(2)
	}
	if err := variant(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, g garden, protocol int) error {
	return providerserver.Serve(ctx, func() provider.Provider { return &g }, providerserver.ServeOpts{Address: address, ProtocolVersion: protocol})
}

func misbehave(do func(*provider.SchemaResponse)) func(context.Context) error {
	return func(ctx context.Context) error {
		return serve(ctx, garden{tools: true, misbehave: do}, 6)
	}
}

// mux serves the same as one program of two providers, the second of which is of
// protocol 5.
func mux(ctx context.Context) error {
	tools := func() tfprotov5.ProviderServer { return providerserver.NewProtocol5(&garden{tools: true})() }
	upgraded, err := tf5to6server.UpgradeServer(ctx, tools)
	if err != nil {
		return err
	}
	both, err := tf6muxserver.NewMuxServer(ctx,
		providerserver.NewProtocol6(&garden{plants: true}),
		func() tfprotov6.ProviderServer { return upgraded },
	)
	if err != nil {
		return err
	}
	return tf6server.Serve(address, both.ProviderServer)
}

// both serves either protocol, whichever the host likes better.
func both(context.Context) error {
	tools, all := &garden{tools: true}, &garden{plants: true, tools: true}
	return serveVersions(map[int]plugin.PluginSet{
		5: {"provider": &tf5server.GRPCProviderPlugin{GRPCProvider: providerserver.NewProtocol5(tools), Name: address}},
		6: {"provider": &tf6server.GRPCProviderPlugin{GRPCProvider: providerserver.NewProtocol6(all), Name: address}},
	})
}

// future serves a protocol that Terraform has not thought of yet.
func future(context.Context) error {
	return serveVersions(map[int]plugin.PluginSet{7: {"provider": nothing{}}})
}

func serveVersions(versions map[int]plugin.PluginSet) error {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: versions,
		GRPCServer:       plugin.DefaultGRPCServer,
	})
	return nil
}

// nothing is a plugin of gRPC's without a service.
type nothing struct{ plugin.NetRPCUnsupportedPlugin }

func (nothing) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func (nothing) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}
