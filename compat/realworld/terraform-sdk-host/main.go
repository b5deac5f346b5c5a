// Terraform-sdk-host does what Terraform 0.11 does with a provider: over net/rpc, in
// version 4 of the protocol, by the client of terraform-plugin-sdk. With --grpc it
// reads the schema in version 5, from the same program.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-sdk/plugin"
	"github.com/hashicorp/terraform-plugin-sdk/terraform"
)

func main() {
	run := overNetRPC
	if os.Args[1] == "--grpc" {
		run, os.Args = overGRPC, os.Args[1:]
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// dispense starts the provider, and returns it as the plugin package has it.
func dispense(program string, protocol goplugin.Protocol, plugins map[int]goplugin.PluginSet) (*goplugin.Client, any, error) {
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  plugin.Handshake,
		VersionedPlugins: plugins,
		Cmd:              exec.Command(program),
		AllowedProtocols: []goplugin.Protocol{protocol},
		AutoMTLS:         protocol == goplugin.ProtocolGRPC,
		Managed:          true,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn}),
	})
	rpc, err := client.Client()
	if err != nil {
		return client, nil, err
	}
	raw, err := rpc.Dispense(plugin.ProviderPluginName)
	return client, raw, err
}

// overNetRPC creates a file, has the provider find it, and deletes it.
func overNetRPC(program string, args []string) error {
	defer goplugin.CleanupClients()
	client, raw, err := dispense(program, goplugin.ProtocolNetRPC, map[int]goplugin.PluginSet{
		4: {plugin.ProviderPluginName: &plugin.ResourceProviderPlugin{}},
	})
	if err != nil {
		return err
	}
	p := raw.(terraform.ResourceProvider)
	fmt.Println("version", client.NegotiatedVersion(), "protocol", client.Protocol())
	for _, r := range p.Resources() {
		fmt.Println("resource", r.Name)
	}
	if err := prepare(p); err != nil {
		return err
	}
	_, errs := p.ValidateResource("local_file", config(nil))
	fmt.Println("without a name:", errs)
	file := args[0]
	state, err := apply(p, nil, config(map[string]any{"filename": file, "content": "planted\n"}))
	if err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	fmt.Printf("created %q %v\n", content, err)
	info := &terraform.InstanceInfo{Id: "local_file.it", Type: "local_file"}
	if state, err = p.Refresh(info, state); err != nil {
		return err
	}
	fmt.Println("found", state.ID, state.Attributes["content"] == "planted\n")
	state, err = p.Apply(info, state, &terraform.InstanceDiff{Destroy: true})
	_, gone := os.Stat(file)
	fmt.Println("deleted", state == nil || state.ID == "", err, os.IsNotExist(gone))
	return p.Stop()
}

// prepare asks for missing input, whose answers would come over the broker, and
// configures.
func prepare(p terraform.ResourceProvider) error {
	c, err := p.Input(noInput{}, config(nil))
	if err != nil {
		return err
	}
	if _, errs := p.Validate(c); errs != nil {
		return fmt.Errorf("%v", errs)
	}
	return p.Configure(c)
}

// apply plans and does what leads from state to the configuration.
func apply(p terraform.ResourceProvider, state *terraform.InstanceState, c *terraform.ResourceConfig) (*terraform.InstanceState, error) {
	info := &terraform.InstanceInfo{Id: "local_file.it", Type: "local_file"}
	diff, err := p.Diff(info, state, c)
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range diff.Attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Println("planned", strings.Join(names, " "))
	return p.Apply(info, state, diff)
}

// overGRPC prints the names of what the schema has.
func overGRPC(program string, _ []string) error {
	defer goplugin.CleanupClients()
	client, raw, err := dispense(program, goplugin.ProtocolGRPC, plugin.VersionedPlugins)
	if err != nil {
		return err
	}
	fmt.Println("version", client.NegotiatedVersion(), "protocol", client.Protocol())
	p := raw.(*plugin.GRPCProvider)
	p.PluginClient = client
	schema := p.GetSchema()
	for name, r := range schema.ResourceTypes {
		fmt.Println("resource", name, "attributes", len(r.Block.Attributes))
	}
	if err := schema.Diagnostics.Err(); err != nil {
		return err
	}
	return p.Close()
}

func config(raw map[string]any) *terraform.ResourceConfig {
	return terraform.NewResourceConfigRaw(raw)
}

// NoInput is a user who has nothing to say.
type noInput struct{}

func (noInput) Input(context.Context, *terraform.InputOpts) (string, error) { return "", nil }
