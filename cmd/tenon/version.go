package main

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

var versionCommand = command{
	name:  "version",
	short: "say which version this is",
	long:  "Version says which version of tenon this is, and what it was built with.",
	new: func(*flag.FlagSet) action {
		return func(args []string, stdout, _ io.Writer) error {
			if len(args) > 0 {
				return misuse("tenon version: takes no arguments, got %q", args)
			}
			fmt.Fprintf(stdout, "tenon %s (%s %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		}
	},
}

// version is that of the module that this program is of; "(devel)" if it was
// built in a clone.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
