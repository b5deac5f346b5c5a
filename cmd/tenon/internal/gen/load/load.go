// Package load makes the model of contract packages from their Go source.
package load

import (
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// Load returns the models of the packages that patterns match, as the go command
// understands patterns in dir, and that have contracts. No pattern means the
// package in dir. What is wrong in the source comes back as *[model.Problems],
// all of it at once, beside the models of the packages in which nothing is; a
// package that is named without a wildcard and has no contract is a problem.
func Load(dir string, patterns []string) ([]*model.Package, error) {
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the directory to load packages from: %w", err)
	}
	s := newSources(dir)
	roots, err := s.list(patterns)
	if err != nil {
		return nil, err
	}
	problems := new(model.Problems)
	chosen := s.choose(roots, patterns, problems)
	if err := s.checkAll(chosen); err != nil {
		return nil, err
	}
	var models []*model.Package
	for _, src := range chosen {
		found := new(model.Problems)
		p := loadPackage(s, src, found)
		if len(p.Interfaces) == 0 && len(found.All) == 0 && src.named {
			noContract(src, found)
		}
		if len(p.Interfaces) > 0 && len(found.All) == 0 {
			models = append(models, p)
		}
		problems.All = append(problems.All, found.All...)
	}
	problems.All = unique(problems.All)
	return models, problems.Err()
}

// choose parses the packages among roots that may have contracts, and notes what
// the user has to know of the others.
func (s *sources) choose(roots []*packages.Package, patterns []string, problems *model.Problems) []*source {
	var chosen []*source
	for _, root := range roots {
		named := isNamed(root, s.dir, patterns)
		if !named && !mentionsDirective(root) {
			continue
		}
		src := s.parse(root)
		src.named = named
		if s.broken(src, problems) {
			continue
		}
		chosen = append(chosen, src)
	}
	slices.SortFunc(chosen, func(a, b *source) int { return cmp.Compare(a.pkg.PkgPath, b.pkg.PkgPath) })
	return chosen
}

// broken notes what the go command or the parser says against src.
func (s *sources) broken(src *source, problems *model.Problems) bool {
	found := false
	for _, err := range src.syntax {
		problems.Add(err.Pos, "", "syntax error: %s", err.Msg)
		found = true
	}
	if found {
		return true
	}
	if src.pkg.PkgPath == "command-line-arguments" {
		problems.Add(token.Position{Filename: src.dir}, "name the package, or its directory", "single files can't be loaded: the code that is generated belongs to the whole package")
		return true
	}
	if len(src.files) > 0 && src.pkg.Module != nil {
		return false // what is wrong with imports matters only where a contract needs them
	}
	for _, err := range src.pkg.Errors {
		problems.Add(errorPos(err.Pos), "", "package %s can't be loaded: %s", src.pkg.PkgPath, err.Msg)
		found = true
	}
	if !found && len(src.files) == 0 {
		problems.Add(token.Position{Filename: src.dir}, "write the interface in a file of its own, without _test in its name, and mark it with //tenon:contract",
			"package %s has no Go files that are not tests or generated", src.pkg.PkgPath)
		found = true
	}
	return found
}

func noContract(src *source, problems *model.Problems) {
	pos := token.Position{Filename: src.dir}
	if len(src.files) > 0 {
		pos = src.all.position(src.files[0].Package)
	}
	problems.Add(pos, "write //tenon:contract in the comment above the interface that a plugin or host implements",
		"no //tenon:contract in package %s", src.pkg.PkgPath)
}

// isNamed reports whether one of patterns means root and nothing else.
func isNamed(root *packages.Package, dir string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		switch {
		case strings.Contains(pattern, "..."):
			return false
		case pattern == root.PkgPath:
			return true
		case strings.HasSuffix(pattern, ".go"):
			return root.PkgPath == "command-line-arguments"
		case filepath.IsAbs(pattern):
			return filepath.Clean(pattern) == packageDir(root)
		}
		return isLocal(pattern) && filepath.Join(dir, pattern) == packageDir(root)
	})
}

func isLocal(pattern string) bool {
	return pattern == "." || pattern == ".." || strings.HasPrefix(pattern, "./") || strings.HasPrefix(pattern, "../")
}

func unique(all []*model.Problem) []*model.Problem {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(p *model.Problem) bool {
		text := p.Error()
		was := seen[text]
		seen[text] = true
		return was
	})
}

// errorPos parses the position that the go command prints, "file:line:col".
func errorPos(text string) token.Position {
	var pos token.Position
	name, rest, ok := strings.Cut(text, ".go:")
	if !ok {
		return pos
	}
	pos.Filename = name + ".go"
	fmt.Sscanf(rest, "%d:%d", &pos.Line, &pos.Column)
	return pos
}
