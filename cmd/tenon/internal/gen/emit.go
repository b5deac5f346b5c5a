package gen

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/golang"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/ledger"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/protobuf"
)

// assign numbers what crosses, and says what has changed since the last time.
func (o Options) assign(p *model.Package, d *disk) ([]ledger.Change, error) {
	if err := d.checkDamage(p.ProtoFile); err != nil {
		return nil, err
	}
	command := o.breakingCommand(p)
	name, old := d.ledger(p.ProtoFile)
	if old == nil && !o.Breaking && !p.Draft {
		if err := d.checkLedger(p.ProtoFile, command); err != nil {
			return nil, err
		}
	}
	report, err := ledger.Assign(p, old, ledger.Options{Breaking: o.Breaking, File: name, Command: command})
	if err != nil {
		return nil, err
	}
	return report.Changes, nil
}

// breakingCommand is what to run for one package to have Breaking. Under go generate
// the working directory is not that of whoever reads it, so that the package is
// named by its path.
func (o Options) breakingCommand(p *model.Package) string {
	if os.Getenv("GOPACKAGE") != "" && os.Getenv("GOFILE") != "" {
		return breakingCommand("", p.Go.Path())
	}
	return o.breakingIn(p.Dir)
}

// breakingIn is the same for a directory.
func (o Options) breakingIn(dir string) string {
	from := ""
	if o.Dir != "" && filepath.Clean(o.Dir) != "." {
		from = " -C " + o.Dir
	}
	rel, err := filepath.Rel(abs(o.Dir), abs(dir))
	if err != nil {
		return breakingCommand(from, abs(dir))
	}
	if rel = filepath.ToSlash(rel); rel != "." && rel != ".." && !strings.HasPrefix(rel, "../") {
		rel = "./" + rel
	}
	return breakingCommand(from, rel)
}

func breakingCommand(from, pattern string) string {
	return "go tool tenon gen" + from + " --breaking " + pattern
}

// emit makes the files of a package, by base name.
func emit(p *model.Package) (map[string][]byte, error) {
	proto, err := protobuf.Emit(p)
	if err != nil {
		return nil, fmt.Errorf("writing the .proto: %w", err)
	}
	files, err := golang.Emit(p)
	if err != nil {
		return nil, fmt.Errorf("writing Go: %w", err)
	}
	files[p.ProtoFile] = proto
	return files, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
