package scaffold

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A method is one method of a contract as the templates write it.
type method struct {
	Name   string
	Params string // "ctx context.Context, key string"
	Result string // "([]byte, error)"
	Body   string // of the stub
	Call   string // how it is called with nothing in particular: `Get(ctx, "world")`
	Needs  string // what it is called with that can't be made up, "an io.Reader"; then Call is empty
	Beside string // "a channel" or "an iterator" that it returns beside other results; then Call is empty
	Range  string // the variables of a loop over what it returns; empty if that is no iterator
	Values bool   // it returns something
}

// methodsOf are the interface's methods in the order of the source.
func methodsOf(typ *types.TypeName, fset *token.FileSet, stubs, calls *imports) ([]*method, error) {
	iface := typ.Type().Underlying().(*types.Interface)
	fns := make([]*types.Func, iface.NumMethods())
	for i := range fns {
		fns[i] = iface.Method(i)
		if !fns[i].Exported() {
			return nil, fmt.Errorf("tenon new: no other package can implement %s: its method %s is not exported", typ.Name(), fns[i].Name())
		}
		if err := checkVisible(typ.Name(), fns[i]); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(fns, func(a, b *types.Func) int {
		x, y := fset.Position(a.Pos()), fset.Position(b.Pos())
		return cmp.Or(strings.Compare(x.Filename, y.Filename), cmp.Compare(x.Offset, y.Offset))
	})
	methods := make([]*method, len(fns))
	for i, fn := range fns {
		methods[i] = stub(typ.Name(), fn, stubs)
		methods[i].call(fn.Signature(), calls)
	}
	return methods, nil
}

// stub writes a method that says that it is not there yet.
func stub(service string, fn *types.Func, names *imports) *method {
	sig := fn.Signature()
	m := &method{Name: fn.Name(), Values: sig.Results().Len() > 0}
	m.Result = result(sig.Results(), names) // first: it is what the body needs
	m.Params = params(sig, names)
	m.Body = body(service+"."+fn.Name(), sig.Results(), names)
	return m
}

// free returns a name of the author's, changed if it would hide a package that
// the method's body needs.
func (m *imports) free(name string) string {
	switch {
	case name == "" || name == "_":
		return name
	case m.used(name, "") || name == "none" || name == "unimplemented":
		return name + "_"
	}
	return name
}

// params writes a parameter list. Parameters without a name stay so, unless they
// stand beside ones with a name.
func params(sig *types.Signature, names *imports) string {
	list := make([]string, sig.Params().Len())
	for i := range list {
		p := sig.Params().At(i)
		typ := types.TypeString(p.Type(), names.qualify)
		if sig.Variadic() && i == len(list)-1 {
			typ = "..." + strings.TrimPrefix(typ, "[]")
		}
		list[i] = strings.TrimSpace(names.free(p.Name()) + " " + typ)
	}
	return strings.Join(list, ", ")
}

func result(results *types.Tuple, names *imports) string {
	if results.Len() == 0 {
		return ""
	}
	list := make([]string, results.Len())
	for i := range list {
		r := results.At(i)
		list[i] = strings.TrimSpace(names.free(r.Name()) + " " + types.TypeString(r.Type(), names.qualify))
	}
	if len(list) == 1 && results.At(0).Name() == "" {
		return " " + list[0]
	}
	return " (" + strings.Join(list, ", ") + ")"
}

// body returns an error where there is a place for one, and nothing otherwise.
func body(name string, results *types.Tuple, names *imports) string {
	if results.Len() == 0 {
		return ""
	}
	var before string
	values := make([]string, results.Len())
	for i := range values {
		typ := results.At(i).Type()
		switch {
		case isError(typ):
			values[i] = fmt.Sprintf("unimplemented(%q)", name)
		case isChan(typ):
			elem := types.TypeString(typ.Underlying().(*types.Chan).Elem(), names.qualify)
			before = fmt.Sprintf("none := make(chan %s)\nclose(none)\n", elem)
			values[i] = "none"
		case yieldOf(typ) != nil:
			values[i] = iterator(name, yieldOf(typ), names)
		default:
			values[i] = zero(typ, names)
		}
	}
	return before + "return " + strings.Join(values, ", ")
}

// iterator is one that yields an error, or nothing if it can't.
func iterator(name string, yield *types.Signature, names *imports) string {
	head := "func(yield " + types.TypeString(yield, names.qualify) + ") {"
	if n := yield.Params().Len(); n == 2 && isError(yield.Params().At(1).Type()) {
		return fmt.Sprintf("%s\nyield(%s, unimplemented(%q))\n}", head, zero(yield.Params().At(0).Type(), names), name)
	}
	return head + "}"
}

// call writes a call with made-up values.
func (m *method) call(sig *types.Signature, names *imports) {
	var args []string
	for i := range sig.Params().Len() {
		typ := sig.Params().At(i).Type()
		switch {
		case types.TypeString(typ, nil) == "context.Context":
			args = append(args, "ctx")
		case sig.Variadic() && i == sig.Params().Len()-1:
			// none
		case !plain(typ):
			m.Needs = types.TypeString(typ, (*types.Package).Name)
			return
		default:
			args = append(args, madeUp(typ, names))
		}
	}
	if m.Beside = stream(sig.Results()); m.Beside != "" && sig.Results().Len() > 1 {
		return
	}
	m.Beside = ""
	m.Call = m.Name + "(" + strings.Join(args, ", ") + ")"
	m.Range = loop(sig.Results())
}

// madeUp is an argument that most methods make something of: an empty string is
// an error to many.
func madeUp(typ types.Type, names *imports) string {
	if z := zero(typ, names); z != `""` {
		return z
	}
	return `"world"`
}

// stream says what of results is one.
func stream(results *types.Tuple) string {
	for v := range results.Variables() {
		switch {
		case isChan(v.Type()):
			return "a channel"
		case yieldOf(v.Type()) != nil:
			return "an iterator"
		}
	}
	return ""
}

// loop is what a loop over a result assigns: it is ranged over only if it is all
// that there is.
func loop(results *types.Tuple) string {
	if results.Len() != 1 {
		return ""
	}
	typ := results.At(0).Type()
	switch yield := yieldOf(typ); {
	case isChan(typ):
		return "v"
	case yield == nil:
		return ""
	default:
		return [...]string{"", "v", "v, err"}[yield.Params().Len()]
	}
}

// plain reports whether a zero value of the type can be given to anybody.
func plain(typ types.Type) bool {
	switch typ.Underlying().(type) {
	case *types.Interface, *types.Signature, *types.Chan:
		return false
	}
	return true
}

func zero(typ types.Type, names *imports) string {
	switch t := typ.Underlying().(type) {
	case *types.Struct, *types.Array:
		return types.TypeString(typ, names.qualify) + "{}"
	case *types.Basic:
		switch info := t.Info(); {
		case info&types.IsString != 0:
			return `""`
		case info&types.IsBoolean != 0:
			return "false"
		case info&types.IsNumeric != 0:
			return "0"
		}
	}
	return "nil"
}

func isError(typ types.Type) bool { return types.Identical(typ, types.Universe.Lookup("error").Type()) }

func isChan(typ types.Type) bool {
	_, ok := typ.Underlying().(*types.Chan)
	return ok
}

// yieldOf is the type of yield if typ is an iterator's, or else nil.
func yieldOf(typ types.Type) *types.Signature {
	name, ok := types.Unalias(typ).(*types.Named)
	if !ok || name.Obj().Pkg() == nil || name.Obj().Pkg().Path() != "iter" {
		return nil
	}
	return name.Underlying().(*types.Signature).Params().At(0).Type().(*types.Signature)
}
