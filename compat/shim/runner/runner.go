// Package runner is go-plugin's name for the runner package of
// github.com/tenon-go/tenon/compat/goplugin.
package runner

import "github.com/tenon-go/tenon/compat/goplugin/runner"

// The types are those of goplugin's package.
type (
	AddrTranslator = runner.AddrTranslator
	AttachedRunner = runner.AttachedRunner
	ReattachFunc   = runner.ReattachFunc
	Runner         = runner.Runner
)
