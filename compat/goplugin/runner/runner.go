// Package runner says how a plugin comes to run when it is not a process that
// the host starts: in a container, for example. Its interfaces are those of
// go-plugin's package of the same name.
package runner

import (
	"context"
	"io"
)

// A Runner starts one plugin, once.
type Runner interface {
	// Start starts the plugin, and gives up when ctx ends. A plugin that was
	// started outlives ctx.
	Start(ctx context.Context) error

	// Diagnose says, when the plugin has not announced itself, what may be of
	// help to find out why. It may be empty.
	Diagnose(ctx context.Context) string

	// Stdout is where the plugin announces itself. Both readers end when the
	// plugin has: Wait is not called before.
	Stdout() io.ReadCloser

	// Stderr is the plugin's log.
	Stderr() io.ReadCloser

	// Name is for messages: the path of the program, say.
	Name() string

	AttachedRunner
}

// An AttachedRunner watches a plugin that runs.
type AttachedRunner interface {
	// Wait returns when the plugin has ended.
	Wait(ctx context.Context) error

	// Kill ends the plugin and removes what was made for it.
	Kill(ctx context.Context) error

	// ID tells the plugin from others: a process id, or that of a container.
	ID() string

	AddrTranslator
}

// An AddrTranslator knows what host and plugin call the same socket.
type AddrTranslator interface {
	// PluginToHost translates an address that the plugin has sent.
	PluginToHost(pluginNet, pluginAddr string) (hostNet string, hostAddr string, err error)

	// HostToPlugin translates an address that the plugin is sent.
	HostToPlugin(hostNet, hostAddr string) (pluginNet string, pluginAddr string, err error)
}

// A ReattachFunc finds a plugin that runs.
type ReattachFunc func() (AttachedRunner, error)
