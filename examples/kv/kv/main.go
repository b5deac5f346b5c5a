// Kv is a program with plugins: key-value stores, each a process of its own,
// which it uses through the interface kv.Store as if they were packages.
//
// Usage:
//
//	kv [-plugin memory|disk] [-data file] command [argument ...]
//
// Run it without a command for a list of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

const usage = `usage: kv [-plugin memory|disk] [-data file] command [argument ...]

  get key             print a value
  put key value       set a value
  delete key          remove a value
  list [prefix]       list the keys that begin with prefix
  import key [file]   set a value to what is in a file, or on standard input
  export key [file]   write a value to a file, or to standard output
  watch [prefix]      print changes until interrupted
  demo [dir]          show what plugins can do, with the files in dir
`

var errUsage = errors.New("run kv without arguments to see how it is used")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kv:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("kv", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	name := flags.String("plugin", "disk", "")
	data := flags.String("data", "kv.db", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errUsage
	}
	args = flags.Args()
	switch {
	case len(args) == 0:
		flags.Usage()
		return nil
	case args[0] == "demo":
		return runDemo(ctx, args[1:])
	}
	return runCommand(ctx, *name, *data, args[0], args[1:])
}
