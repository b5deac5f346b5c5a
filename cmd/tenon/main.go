// Tenon generates what connects the two sides of a contract, and starts new
// modules that use it.
//
//	tenon gen [packages]             write the code and the .proto of contracts
//	tenon new contract|plugin|host   start a module
//	tenon version                    say which version this is
//	tenon help [command]             say more
//
// In a module it is a tool: "go get -tool github.com/tenon-go/tenon/cmd/tenon",
// and then "go tool tenon gen".
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// What a process ends with, as for the go command.
const (
	exitOK      = 0
	exitProblem = 1 // something is wrong with what it was run on
	exitUsage   = 2 // something is wrong with how it was run
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// A command is one of tenon's.
type command struct {
	name  string
	args  string // what follows the name in its usage
	short string // one line, for the list of commands
	long  string
	new   func(flags *flag.FlagSet) action
}

// An action is a command that has been told its flags. Its error decides how the
// process ends: see exitCode.
type action func(args []string, stdout, stderr io.Writer) error

var commands = []*command{&genCommand, &newCommand, &versionCommand}

// run is the program.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	switch name := args[0]; name {
	case "help", "-h", "-help", "--help":
		return exitCode(help(args[1:], stdout), stderr)
	case "-version", "--version":
		args = []string{"version"}
	}
	c, err := find(args[0])
	if err != nil {
		return exitCode(err, stderr)
	}
	return exitCode(c.run(args[1:], stdout, stderr), stderr)
}

// run carries the command out.
func (c *command) run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what is wrong with a flag is said once, below
	act := c.new(flags)
	rest, err := parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		c.help(stdout)
		return nil
	}
	if err != nil {
		return misuse("tenon %s: %v; run %q", c.name, err, "tenon help "+c.name)
	}
	return act(rest, stdout, stderr)
}

// parse lets flags stand behind arguments too: package flag stops at the first
// argument, and what follows it would be taken for more of them.
func parse(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		left := flags.Args()
		if len(left) == 0 {
			return rest, nil
		}
		if done := len(args) - len(left); done > 0 && args[done-1] == "--" {
			return append(rest, left...), nil
		}
		rest, args = append(rest, left[0]), left[1:]
	}
}

func find(name string) (*command, error) {
	if name == "check" {
		return nil, misuse("tenon: unknown command %q; did you mean %q?", name, "tenon gen --check")
	}
	names := []string{"help"}
	for _, c := range commands {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.name)
	}
	return nil, misuse("tenon: unknown command %q%s; run %q for the list", name, suggest(name, names), "tenon help")
}

// A usageError is a mistake in how the program was run.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func misuse(format string, args ...any) error {
	return usageError{fmt.Sprintf(format, args...)}
}

// errSaid is the error of a command that has already printed what is wrong.
var errSaid = errors.New("tenon: failed")

func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, errSaid) {
		fmt.Fprintln(stderr, strings.TrimRight(err.Error(), "\n"))
	}
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitProblem
}
