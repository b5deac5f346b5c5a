package tenon_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tenon-go/tenon"

// arrows says which rooms of the module a room may import directly. What is not
// listed may import nothing of it. ARCHITECTURE.md draws the same picture.
var arrows = map[string][]string{
	"internal/fault":     {""},
	"internal/handshake": {""},
	"internal/logs":      {""},
	"internal/stdio":     {"internal/logs"},
	"internal/protocol":  {"", "internal/handshake"},
	"internal/peer":      {"", "internal/carrier", "internal/fault", "internal/wire"},
	"internal/link":      {"", "internal/carrier", "internal/handshake", "internal/logs"},
	"host": {
		"", "internal/carrier", "internal/handshake", "internal/link", "internal/logs",
		"internal/peer", "internal/process", "internal/protocol", "internal/stdio",
	},
	"plugin": {
		"", "internal/carrier", "internal/handshake", "internal/link", "internal/logs",
		"internal/peer", "internal/process", "internal/protocol",
	},
	"internal/example/greet": {""},
	"tenontest":              {"", "host", "plugin"},
}

type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Module     *struct{ Path string }
}

// TestArrows holds the direction of the imports, and that what a user of the
// core links is the core, the standard library and golang.org/x/sys.
func TestArrows(t *testing.T) {
	for _, p := range list(t, "-deps", "./...") {
		if p.Standard {
			continue
		}
		room, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			if p.Module == nil || p.Module.Path != "golang.org/x/sys" {
				t.Errorf("the core depends on %s", p.ImportPath)
			}
			continue
		}
		room = strings.TrimPrefix(room, "/")
		allowed, known := arrows[room]
		for _, imported := range p.Imports {
			target, ours := strings.CutPrefix(imported, module)
			target = strings.TrimPrefix(target, "/")
			if ours && !slices.Contains(allowed, target) {
				t.Errorf("%q imports %q, which is not one of its arrows (%v, known: %v)", room, target, allowed, known)
			}
			if imported == "golang.org/x/sys/unix" && room != "internal/process" && room != "internal/carrier" && room != "internal/stdio" {
				t.Errorf("%q calls the operating system; internal/process and internal/carrier are for that", room)
			}
		}
	}
}

// TestVocabularyIsLight holds that generated code, which imports package tenon
// alone, brings nothing heavy with it.
func TestVocabularyIsLight(t *testing.T) {
	for _, p := range list(t, "-deps", ".") {
		switch {
		case p.ImportPath == "net", p.ImportPath == "os/exec", p.ImportPath == "net/http", p.ImportPath == "encoding/json":
			t.Errorf("package tenon depends on %s", p.ImportPath)
		case !p.Standard && p.ImportPath != module:
			t.Errorf("package tenon depends on %s", p.ImportPath)
		}
	}
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Imports,Module"}, args...)...)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
