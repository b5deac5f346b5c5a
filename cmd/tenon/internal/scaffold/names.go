package scaffold

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	modpath "golang.org/x/mod/module"
)

// taken are names that a package of the new module would shadow, or whose type
// would meet one that is there already.
var taken = map[string]bool{
	"app": true, "bytes": true, "context": true, "contract": true, "errnoname": true, "errors": true, "exec": true, "filepath": true, "fmt": true,
	"host": true, "init": true, "io": true, "log": true, "main": true, "os": true, "plugin": true, "string": true,
	"strings": true, "tenon": true, "tenontest": true, "testing": true,
}

// locals are the names that the templates use.
var locals = map[string]bool{
	"cmd": true, "ctx": true, "err": true, "none": true, "p": true, "run": true, "show": true, "t": true,
	"unimplemented": true, "use": true, "w": true, "yield": true,
}

// modulePath returns the module's path and what its program is called.
func modulePath(o Options) (module, name string, err error) {
	if o.Name == "" {
		return "", "", fmt.Errorf("tenon new: NAME is empty; give a module path, as in: tenon new %s example.com/greet", o.Kind)
	}
	module = o.Name
	if !strings.Contains(module, "/") {
		module = "example.com/" + module
	}
	if o.Module != "" {
		module = o.Module
		if err := checkName(o.Name); err != nil {
			return "", "", err
		}
	}
	if err := checkModule(module); err != nil {
		return "", "", err
	}
	return module, lastElement(o.Name), nil
}

// checkName looks at a NAME that is no module's path, and so needn't be one: a
// directory, a program and a type are called after it all the same, and what is
// written for a shell mentions it.
func checkName(name string) error {
	const hint = "use letters, digits and -, as in: greet"
	for _, r := range name {
		if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./", r) {
			return fmt.Errorf("tenon new: NAME is %q, and %q can't be in it; %s", name, r, hint)
		}
	}
	if last := lastElement(name); strings.HasPrefix(name, "-") || !strings.ContainsFunc(last, unicode.IsLetter) || strings.ContainsAny(last[:1], "-.") {
		return fmt.Errorf("tenon new: NAME is %q, after which nothing can be called; %s", name, hint)
	}
	return nil
}

// lastElement is the last element of a path that is not a major version.
func lastElement(p string) string {
	if prefix, _, ok := modpath.SplitPathVersion(p); ok {
		p = prefix
	}
	return path.Base(p)
}

// checkModule holds a path against the go command's rules for modules. It would
// find most faults itself, but only when files have been written.
func checkModule(module string) error {
	err := modpath.CheckImportPath(module)
	if _, _, ok := modpath.SplitPathVersion(module); err == nil && !ok {
		err = errors.New("a major version is written from v2 on, as in example.com/greet/v2")
	}
	if err != nil {
		return fmt.Errorf("tenon new: %q can't be a module's path: %w; use one like example.com/greet", module, err)
	}
	return nil
}

// packageName makes a package's name of a module's: "my-kv" is mykv.
func packageName(name string) (string, error) {
	pkg := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
	hint := "choose another NAME; --module says separately what the module's path is"
	switch {
	case token.IsKeyword(pkg):
		return "", fmt.Errorf("tenon new: package %s can't be: it is a keyword of Go; %s", pkg, hint)
	case !token.IsIdentifier(pkg):
		return "", fmt.Errorf("tenon new: no name of a package can be made of %q: it has to begin with a letter; %s", name, hint)
	case taken[pkg] || types.Universe.Lookup(pkg) != nil:
		return "", fmt.Errorf("tenon new: package %s would be confused with what is called so already; %s", pkg, hint)
	}
	return pkg, nil
}

// typeName makes an exported name: "my-kv" is MyKv.
func typeName(name string) string {
	var b strings.Builder
	upper := true
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			upper = true
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// varName is what a value of a type is called in package main: Store is store,
// HTTPStore httpStore. What would hide a package or a word of Go gets a prefix.
func varName(typ, pkg string) string {
	runes := []rune(typ)
	for i := range runes {
		if i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1]) {
			break // the first letter of the next word
		}
		if unicode.IsLower(runes[i]) {
			break
		}
		runes[i] = unicode.ToLower(runes[i])
	}
	name := string(runes)
	if name == pkg || taken[name] || locals[name] || token.IsKeyword(name) || types.Universe.Lookup(name) != nil {
		return "my" + typ
	}
	return name
}
