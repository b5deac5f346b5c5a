package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

func usage(w io.Writer) {
	fmt.Fprint(w, "Tenon makes plugins of Go interfaces.\n\nUsage: tenon <command> [flags] [arguments]\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-9s%s\n", c.name, c.short)
	}
	fmt.Fprint(w, "  help     say more about a command: tenon help gen\n")
	fmt.Fprint(w, "\nStart here: tenon new contract example.com/greet\n")
}

// help is the command help.
func help(args []string, stdout io.Writer) error {
	if len(args) == 0 || args[0] == "help" {
		usage(stdout)
		return nil
	}
	c, err := find(args[0])
	if err != nil {
		return err
	}
	c.help(stdout)
	return nil
}

func (c *command) help(w io.Writer) {
	usage := "tenon " + c.name
	if c.args != "" {
		usage += " " + c.args
	}
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", usage, strings.TrimSpace(c.long))
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.new(flags)
	header := "\nFlags:\n"
	flags.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		fmt.Fprintf(w, "%s  %-20s%s\n", header, strings.TrimSpace(dashes(f.Name)+" "+value), text)
		header = ""
	})
}

// suggest returns " (did you mean x?)" with the one of names that is nearest to
// name, or nothing if none is near.
func suggest(name string, names []string) string {
	near := slices.MinFunc(names, func(a, b string) int { return distance(name, a) - distance(name, b) })
	if distance(name, near) > (len(name)+1)/2 {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", near)
}

// distance is how many letters have to be added, removed or changed to make b of
// a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// dashes is a flag as it is written: -C, --check. Package flag takes either.
func dashes(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
