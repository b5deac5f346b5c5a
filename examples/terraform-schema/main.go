// Terraform-schema starts a Terraform provider, of protocol 5 or 6, and prints
// the schemas of all that it offers, as a tree or as JSON.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

const usage = `usage: terraform-schema [--json] [--resource NAME] [--timeout TIME] PROVIDER [ARG ...]

Starts the program of a Terraform provider, and prints the schemas of what it
offers. PROVIDER is a file such as ./terraform-provider-time; the ARGs are its own.

  --json           print JSON, as "terraform providers schema -json" does
  --resource NAME  print only what has this name, with descriptions: a resource,
                   a data source, a function and so on
  --timeout TIME   give up after this time: 1m0s

The exit status is 0, 1 if it failed, or 2 if it was called wrongly.
`

const (
	exitFailed = 1
	exitUsage  = 2
)

// A request is what the command line asks for.
type request struct {
	json     bool
	resource string
	timeout  time.Duration
	provider []string // program and arguments
}

// errUsage says how the command line is wrong.
type errUsage struct{ problem string }

func (e errUsage) Error() string {
	return e.problem + "\nrun terraform-schema --help to see how it is used"
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "terraform-schema:", err)
	if errors.As(err, new(errUsage)) {
		os.Exit(exitUsage)
	}
	os.Exit(exitFailed)
}

// run does what args ask for.
func run(ctx context.Context, args []string, out, warnings io.Writer) error {
	req, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(out, usage)
		return err
	case err != nil:
		return err
	}
	late := fmt.Errorf("the provider has not answered within %v; --timeout gives it longer", req.timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, req.timeout, late)
	defer cancel()
	a, err := ask(ctx, req)
	if err != nil {
		return explain(err)
	}
	for _, d := range a.diagnostics() {
		fmt.Fprintln(warnings, "terraform-schema: warning:", describe(d))
	}
	return a.print(out, req)
}

func parse(args []string) (request, error) {
	var req request
	flags := flag.NewFlagSet("terraform-schema", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&req.json, "json", false, "")
	flags.StringVar(&req.resource, "resource", "", "")
	flags.DurationVar(&req.timeout, "timeout", time.Minute, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return req, err
	case err != nil:
		return req, errUsage{err.Error()}
	}
	req.provider = flags.Args()
	switch {
	case len(req.provider) == 0:
		return req, errUsage{"which provider?"}
	case req.timeout <= 0:
		return req, errUsage{fmt.Sprintf("--timeout is %v: it is more than nothing", req.timeout)}
	}
	return req, nil
}

// print writes what was asked for, of what was answered.
func (a *answer) print(out io.Writer, req request) error {
	s, err := read(a)
	if err != nil {
		return fmt.Errorf("provider %s answered with what makes no sense: %w", a.name, err)
	}
	if req.resource != "" {
		if s, err = s.only(req.resource); err != nil {
			return fmt.Errorf("provider %s %w", a.name, err)
		}
	}
	if req.json {
		return printJSON(out, a.name, s)
	}
	title := fmt.Sprintf("%s (protocol %d)", a.name, a.version)
	return printTree(out, title, s, req.resource != "")
}
