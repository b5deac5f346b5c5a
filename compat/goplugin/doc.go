// Package plugin has the API of HashiCorp's go-plugin v1.8.0, on Tenon's engine.
//
// A program that imports go-plugin needs none of its code changed, but a line in
// its go.mod:
//
//	go mod edit -replace github.com/hashicorp/go-plugin=github.com/tenon-go/tenon/compat/shim@VERSION
//
// # How it stands on the rest
//
// The package is a face. A [Client] is a [github.com/tenon-go/tenon/host.Plugin] with a protocol of this
// package's own, which stands alone: it speaks go-plugin's grpc, which it leaves to
// package grpcplug, and net/rpc, which is internal/netrpc. The process, its end,
// its output, its panics, the line by which it announces itself and the errors of a
// start are those of package host. [Client.Start] returns when the plugin has
// announced itself; the connection is made by [Client.Client].
//
// [Serve] is the plugin's side: the listener, TLS, the broker and the output are
// grpcplug's, and for net/rpc internal/netrpc's.
//
// What go-plugin's users rely on is as it was: the texts that errors begin with,
// what happens in which order when a plugin is killed, what is in a
// [ReattachConfig], the test mode. What hurt them is gone; README.md has the list.
// From the errors of Start, errors.As gets a [*github.com/tenon-go/tenon/host.StartError], and what that
// wraps.
package plugin
