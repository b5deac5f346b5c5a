// Package plugin has the API of HashiCorp's go-plugin v1.8.0, on Tenon's engine.
//
// A program that imports go-plugin gets it by a line in its go.mod:
//
//	go mod edit -replace github.com/hashicorp/go-plugin=github.com/tenon-go/tenon/compat/shim@VERSION
//	go mod tidy
//
// A host makes a [Client] for each plugin that it starts, and uses what the plugin
// offers:
//
//	client := plugin.NewClient(&plugin.ClientConfig{ /* … */ Cmd: exec.Command("./kv-plugin")})
//	defer client.Kill()
//	conn, err := client.Client() // starts the plugin
//	raw, err := conn.Dispense("kv") // what the Plugin named "kv" makes of the connection
//
// A plugin's main calls [Serve].
//
// What go-plugin's users rely on is as it was: the texts that errors begin with,
// what happens in which order when a plugin is killed, what is in a
// [ReattachConfig], the test mode. What hurt them is gone. The one change that a
// program may have to answer is that plugins end with their host: see
// [ClientConfig].Detached. README.md has the list, how to go back, and the way on
// to Tenon's own API.
//
// From the errors of Start, errors.As gets a [*github.com/tenon-go/tenon/host.StartError],
// with the stage, the exit status and the last output, and what that wraps.
package plugin
