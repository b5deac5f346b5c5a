package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tenon-go/tenon/bench/bare"
	"github.com/tenon-go/tenon/bench/goplugin"
	"github.com/tenon-go/tenon/bench/harness"
	tenonbench "github.com/tenon-go/tenon/bench/tenon"
)

// An entry is a target and the program below cmd that is its host and plugin.
type entry struct {
	harness.Target
	program string
}

// targets are what is compared, in the table's order. Each is measured against
// those before it.
var targets = []entry{
	{bare.Target, "bare"},
	{goplugin.GRPC, "goplugin"},
	{goplugin.NetRPC, "goplugin"},
	{tenonbench.Target, "tenon"},
}

// path is the entry's name as one element of a Go benchmark's.
func (e entry) path() string { return strings.ReplaceAll(e.Name, "/", "-") }

// build builds the programs of the entries into dir.
func build(dir string, entries []entry) error {
	args := []string{"build", "-o", dir + string(filepath.Separator)}
	built := map[string]bool{}
	for _, e := range entries {
		if !built[e.program] {
			args = append(args, "github.com/tenon-go/tenon/bench/cmd/"+e.program)
		}
		built[e.program] = true
	}
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building the targets' programs: %w", err)
	}
	return nil
}
