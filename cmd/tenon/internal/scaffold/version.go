package scaffold

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	modpath "golang.org/x/mod/module"
)

// The modules that a new one requires.
const (
	core = "github.com/tenon-go/tenon"
	tool = core + "/cmd/tenon"
)

// A source is where a new module gets Tenon from.
type source struct {
	Version string // of both modules
	Dir     string // of a clone that replaces them; empty of a release
}

// findSource says where to get Tenon from: the clone that the user names, the
// release that this program is, or else the clone that it was built from.
func findSource(ctx context.Context, replace string) (source, error) {
	if replace != "" {
		return clone(replace)
	}
	if version, ok := release(); ok {
		return source{Version: version}, nil
	}
	if dir, err := goList(ctx, "", "-m", "-f", "{{.Dir}}", core); err == nil && dir != "" {
		if s, err := clone(dir); err == nil {
			return s, nil
		}
	}
	// Where this very file was when it was compiled; -trimpath leaves no such path.
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		if s, err := clone(filepath.Join(filepath.Dir(file), "../../../..")); err == nil {
			return s, nil
		}
	}
	return source{}, fmt.Errorf("tenon new: this tenon is not a release, so that there is no version to require; say with --replace where the clone is that it was built from")
}

// release returns the version of this program if it is one that others can get.
func release() (string, bool) {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path != tool || info.Main.Replace != nil {
		return "", false
	}
	for _, dep := range info.Deps {
		if dep.Path == core && (dep.Replace != nil || dep.Version == "(devel)") {
			return "", false
		}
	}
	return info.Main.Version, published(info.Main)
}

// published tells a module that was downloaded, which has a checksum, or a tagged
// commit, from the versions that the go command makes up for a working copy.
func published(m debug.Module) bool {
	local := m.Version == "" || m.Version == "(devel)" || strings.Contains(m.Version, "+dirty") || modpath.IsPseudoVersion(m.Version)
	return m.Sum != "" || !local
}

// clone checks that dir is a clone of Tenon.
func clone(dir string) (source, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return source{}, fmt.Errorf("tenon new: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(abs, "go.mod"))
	if err != nil {
		return source{}, fmt.Errorf("tenon new: --replace %s is no clone of Tenon: %w", dir, err)
	}
	if first, _, _ := strings.Cut(string(data), "\n"); strings.TrimSpace(first) != "module "+core {
		return source{}, fmt.Errorf("tenon new: --replace %s is no clone of Tenon: its go.mod says %q", dir, first)
	}
	if _, err := os.Stat(filepath.Join(abs, "cmd", "tenon", "go.mod")); err != nil {
		// The module cache has each module in a directory of its own.
		return source{}, fmt.Errorf("tenon new: --replace %s is no clone of Tenon: the command is missing: %w", dir, err)
	}
	return source{Version: "v0.0.0", Dir: abs}, nil
}
