package load

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

const tenonPath = "github.com/tenon-go/tenon"

// version reads App.Version of the package's tenon.App, if it has one.
func (l *loader) version() {
	for _, f := range l.src.files {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.VAR {
				l.versionIn(d)
			}
		}
	}
}

func (l *loader) versionIn(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		for _, value := range spec.(*ast.ValueSpec).Values {
			if ref, ok := value.(*ast.UnaryExpr); ok && ref.Op == token.AND {
				value = ref.X
			}
			if lit, ok := value.(*ast.CompositeLit); ok && isApp(l.src.info.TypeOf(lit)) {
				l.appVersion(lit)
			}
		}
	}
}

func isApp(t types.Type) bool {
	named, ok := types.Unalias(orInvalid(t)).(*types.Named)
	return ok && named.Obj().Name() == "App" && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == tenonPath
}

func orInvalid(t types.Type) types.Type {
	if t == nil {
		return types.Typ[types.Invalid]
	}
	return t
}

// appVersion takes the versions of a tenon.App literal. The one is 1 if it has none.
func (l *loader) appVersion(lit *ast.CompositeLit) {
	version, pos := 1, l.all.position(lit.Pos())
	if value := appField(lit, "Version", 1); value != nil {
		pos = l.all.position(value.Pos())
		n, exact := constantInt(l.src.info.Types[value].Value)
		if !exact {
			l.problem(pos, "write a constant, or say it with //tenon:version", "App.Version is not a constant, so that it isn't known when code is generated")
			return
		}
		version = max(n, 1)
	}
	if l.out.VersionPos.IsValid() && l.out.Version != version {
		l.problem(pos, "make them agree, or keep one", "App.Version is %d and the package is version %d at %s:%d", version, l.out.Version, fileOf(l.out.VersionPos), l.out.VersionPos.Line)
		return
	}
	l.out.Version, l.out.VersionPos = version, pos
	l.appVersions(appField(lit, "Versions", 2))
}

// appVersions takes the other versions, as far as they are constants.
func (l *loader) appVersions(value ast.Expr) {
	list, ok := value.(*ast.CompositeLit)
	if !ok {
		return
	}
	l.out.VersionsPos = l.all.position(list.Pos())
	for _, elem := range list.Elts {
		if n, exact := constantInt(l.src.info.Types[elem].Value); exact {
			l.out.Versions = append(l.out.Versions, n)
		}
	}
}

// appField returns the value of a field of a tenon.App literal, which is the i-th
// where they have no names; nil if it is not there.
func appField(lit *ast.CompositeLit, name string, i int) ast.Expr {
	for at, elem := range lit.Elts {
		pair, ok := elem.(*ast.KeyValueExpr)
		if !ok && at == i {
			return elem
		}
		if !ok {
			continue
		}
		if key, ok := pair.Key.(*ast.Ident); ok && key.Name == name {
			return pair.Value
		}
	}
	return nil
}

func constantInt(v constant.Value) (int, bool) {
	if v == nil || v.Kind() != constant.Int {
		return 0, false
	}
	n, exact := constant.Int64Val(v)
	return int(n), exact
}
