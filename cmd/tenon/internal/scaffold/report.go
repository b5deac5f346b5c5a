package scaffold

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// report says what there is now, and what to do with it.
func (m *module) report(ctx context.Context) {
	fmt.Fprintf(m.Log, "made %s in %s: a %s\n", m.Path, m.Dir, m.Kind)
	fmt.Fprintf(m.Log, "\ntry:\n\tcd %s\n", m.shown())
	for _, command := range m.next() {
		fmt.Fprintf(m.Log, "\t%s\n", command)
	}
	if replaces := m.Replaces(); len(replaces) > 0 {
		fmt.Fprintf(m.Log, "\ngo.mod uses directories of this machine, until \"go mod edit -dropreplace\":\n\t%s\n", strings.Join(replaces, "\n\t"))
	}
	if work, err := goEnv(ctx, m.Dir, "GOWORK"); err == nil && work != "" && work != "off" {
		fmt.Fprintf(m.Log, "\nit is inside of the workspace %s: add it with \"go work use %s\", or set GOWORK=off\n", work, m.shown())
	}
}

// next are the commands to try.
func (m *module) next() []string {
	switch {
	case m.Kind == Contract:
		return []string{"go test ./...", "go generate ./...    # after a change of " + m.For.Package + ".go"}
	case m.Kind == Plugin:
		return []string{"go test ./...", "go build -o " + m.Program + " ."}
	case m.From != nil:
		return []string{"go test ./...", "go run . ./some-plugin"}
	default:
		return []string{"go test ./...", "go build -o example ./plugin && go run . ./example"}
	}
}

// shown is the directory as the user would write it.
func (m *module) shown() string {
	wd, err := os.Getwd()
	if err != nil {
		return m.Dir
	}
	if rel, err := filepath.Rel(wd, m.Dir); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return m.Dir
}
