package load

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// sources are all packages that are looked at. Those of main modules are read
// from their source, function bodies left out: what is generated into them, and
// used in them, need not exist yet. All others are read from export data.
type sources struct {
	dir     string
	fset    *token.FileSet
	listed  map[string]*packages.Package // by path
	main    map[string]*source           // by path, of main modules
	outside map[string]*types.Package
	failed  map[string]error // why a path is in neither
	indexes map[string]*index
	overlay map[string][]byte // what the go command takes files for
}

// A source is a package that is read from its source.
type source struct {
	all    *sources
	pkg    *packages.Package
	dir    string
	files  []*ast.File
	syntax scanner.ErrorList
	types  *types.Package // nil until checked
	info   *types.Info
	errs   []types.Error
	named  bool // by a pattern without a wildcard
}

func newSources(dir string) *sources {
	return &sources{
		dir: dir, fset: token.NewFileSet(),
		listed: map[string]*packages.Package{}, main: map[string]*source{},
		outside: map[string]*types.Package{}, failed: map[string]error{}, indexes: map[string]*index{},
	}
}

func packageDir(p *packages.Package) string {
	if p.Dir != "" || len(p.GoFiles) == 0 {
		return p.Dir
	}
	return filepath.Dir(p.GoFiles[0])
}

// mentionsDirective reports whether p may have a contract.
func mentionsDirective(p *packages.Package) bool {
	return slices.ContainsFunc(p.GoFiles, func(name string) bool {
		text, err := os.ReadFile(name)
		return err == nil && directiveText.Match(text)
	})
}

// parse reads the files of p, and of what it imports from main modules.
func (s *sources) parse(p *packages.Package) *source {
	if src := s.main[p.PkgPath]; src != nil {
		return src
	}
	src := &source{all: s, pkg: p, dir: packageDir(p)}
	s.main[p.PkgPath] = src
	for _, name := range p.GoFiles {
		src.parseFile(name)
	}
	for _, path := range src.imports() {
		if imported := p.Imports[path]; isMain(imported) {
			s.parse(imported)
		}
	}
	return src
}

func isMain(p *packages.Package) bool { return p != nil && p.Module != nil && p.Module.Main }

func (src *source) parseFile(name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		src.syntax.Add(token.Position{Filename: name}, err.Error())
		return
	}
	if isGenerated(name, text) {
		return
	}
	f, err := parser.ParseFile(src.all.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if list := (scanner.ErrorList)(nil); errors.As(err, &list) {
		src.syntax = append(src.syntax, list...)
	}
	if f != nil {
		src.files = append(src.files, f)
	}
}

// imports are the paths that src's files import, generated ones apart.
func (src *source) imports() []string {
	paths := map[string]bool{}
	for _, f := range src.files {
		for _, spec := range f.Imports {
			paths[importPath(spec)] = true
		}
	}
	delete(paths, "C")
	delete(paths, "unsafe")
	return slices.Sorted(maps.Keys(paths))
}

func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, "`\"") }

// checkAll gives chosen, and what they import from main modules, their types.
func (s *sources) checkAll(chosen []*source) error {
	if err := s.loadOutside(); err != nil {
		return err
	}
	for _, src := range chosen {
		s.check(src)
	}
	return nil
}

// loadOutside reads export data of what parsed packages import from elsewhere.
func (s *sources) loadOutside() error {
	paths := map[string]bool{}
	for _, src := range s.main {
		for _, path := range src.imports() {
			if p := src.pkg.Imports[path]; p != nil && !isMain(p) {
				paths[p.PkgPath] = true
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	loaded, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedExportFile, Dir: s.dir, Fset: s.fset, Overlay: s.overlay},
		slices.Sorted(maps.Keys(paths))...)
	if err != nil {
		return fmt.Errorf("load the types of imported packages: %w", err)
	}
	for _, p := range loaded {
		switch {
		case p.Types != nil && !p.IllTyped:
			s.outside[p.PkgPath] = p.Types
		case len(p.Errors) > 0:
			s.failed[p.PkgPath] = reason(p)
		}
	}
	return nil
}

// check checks the types of src. Errors are kept: they matter only where a
// contract needs what could not be resolved.
func (s *sources) check(src *source) {
	if src.types != nil {
		return
	}
	src.types = types.NewPackage(src.pkg.PkgPath, src.pkg.Name)
	src.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{
		Importer:         importer{s, src},
		IgnoreFuncBodies: true,
		FakeImportC:      true,
		Error: func(err error) {
			if err, ok := err.(types.Error); ok {
				src.errs = append(src.errs, err)
			}
		},
		Sizes: types.SizesFor("gc", "amd64"),
	}
	if m := src.pkg.Module; m != nil && m.GoVersion != "" {
		conf.GoVersion = "go" + m.GoVersion
	}
	_ = types.NewChecker(&conf, s.fset, src.types, src.info).Files(src.files)
}

// An importer finds what one package imports.
type importer struct {
	all *sources
	by  *source
}

// Import implements types.Importer.
func (i importer) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	p := i.by.pkg.Imports[path]
	if p == nil {
		return nil, fmt.Errorf("the go command doesn't find it")
	}
	if src := i.all.main[p.PkgPath]; src != nil {
		i.all.check(src)
		return src.types, nil
	}
	if found := i.all.outside[p.PkgPath]; found != nil {
		return found, nil
	}
	if err := i.all.failed[p.PkgPath]; err != nil {
		return nil, err
	}
	if len(p.Errors) > 0 {
		return nil, reason(p)
	}
	return nil, fmt.Errorf("it could not be built")
}

// reason is the first thing that is wrong with p, on one line.
func reason(p *packages.Package) error {
	return errors.New(strings.Join(strings.Fields(p.Errors[0].Msg), " "))
}

// position is where pos is in the file, whatever line directives say.
func (s *sources) position(pos token.Pos) token.Position { return s.fset.PositionFor(pos, false) }
