package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen"
	"github.com/tenon-go/tenon/cmd/tenon/internal/scaffold"
)

var newCommand = command{
	name:  "new",
	args:  "contract|plugin|host NAME [flags]",
	short: "start a module: a contract, a plugin or a host",
	long: `New makes a module that builds, runs and passes its tests as it is.

NAME is a module path, as in example.com/greet. A name without a slash stands for
example.com/NAME. The directory is the last element, and must not be there yet,
or be empty.

  contract  an interface with its generated code and a test
  plugin    a program that implements a contract: that of --contract, with a stub
            for each method, or else one of its own
  host      a program that starts a plugin and uses it

It runs the go command, "go mod tidy" among others, which may use the network,
and says what it runs.

Examples:
  tenon new contract example.com/greet
  tenon new plugin example.com/greet-plugin --contract ./greet
  tenon new host greeter --contract example.com/kv.Store --dir cmd/greeter`,
	new: func(flags *flag.FlagSet) action {
		var o scaffold.Options
		flags.StringVar(&o.Dir, "dir", "", "make the module in `dir`")
		flags.StringVar(&o.Module, "module", "", "give the module the `path`, whatever NAME is")
		flags.StringVar(&o.Contract, "contract", "", "`package` whose contract it is for: an import path or a directory; package.Interface names one of several")
		flags.StringVar(&o.Replace, "replace", "", "use the clone of Tenon in `dir` in place of a release")
		return func(args []string, stdout, _ io.Writer) error {
			if err := newArgs(&o, args); err != nil {
				return err
			}
			o.Generate, o.Log = generateNew, stdout
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			return scaffold.New(ctx, o)
		}
	},
}

func newArgs(o *scaffold.Options, args []string) error {
	if len(args) == 0 {
		return misuse("tenon new: say what: tenon new contract|plugin|host NAME; run %q", "tenon help new")
	}
	o.Kind = scaffold.Kind(args[0])
	var kinds []string
	for _, k := range scaffold.Kinds {
		kinds = append(kinds, string(k))
		if k == o.Kind {
			kinds = nil
			break
		}
	}
	switch {
	case kinds != nil:
		return misuse("tenon new: unknown kind %q%s; there are contract, plugin and host", args[0], suggest(args[0], kinds))
	case len(args) == 1:
		return misuse("tenon new %s: NAME is missing, as in: tenon new %[1]s example.com/greet", args[0])
	case len(args) > 2:
		return misuse("tenon new %s: too many arguments: %q", args[0], args[2:])
	case o.Kind == scaffold.Contract && o.Contract != "":
		return misuse("tenon new contract: --contract is for plugins and hosts")
	}
	o.Name = args[1]
	return nil
}

// generateNew is tenon gen in a module that has just been made. It is in no
// workspace, whatever directory it is in; see package scaffold.
func generateNew(dir string) error {
	before, set := os.LookupEnv("GOWORK")
	if err := os.Setenv("GOWORK", "off"); err != nil {
		return fmt.Errorf("tenon new: %w", err)
	}
	defer func() {
		if os.Unsetenv("GOWORK"); set {
			os.Setenv("GOWORK", before)
		}
	}()
	_, err := gen.Run(gen.Options{Dir: dir})
	return err
}
