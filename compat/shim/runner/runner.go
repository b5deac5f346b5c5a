// Package runner is go-plugin's name for the runner package of
// github.com/tenon-go/tenon/compat/goplugin.
package runner

import "github.com/tenon-go/tenon/compat/goplugin/runner"

// The types are those of goplugin's package. Where each says go doc, its methods are
// documented.
type (
	// AddrTranslator knows what host and plugin call the same socket:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin/runner.AddrTranslator
	AddrTranslator = runner.AddrTranslator

	// AttachedRunner watches a plugin that runs:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin/runner.AttachedRunner
	AttachedRunner = runner.AttachedRunner

	// ReattachFunc finds a plugin that runs:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin/runner.ReattachFunc
	ReattachFunc = runner.ReattachFunc

	// Runner starts one plugin, in a container for example:
	//
	//	go doc github.com/tenon-go/tenon/compat/goplugin/runner.Runner
	Runner = runner.Runner
)
