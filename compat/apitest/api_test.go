package apitest

import (
	"errors"
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	real "github.com/hashicorp/go-plugin"
	"golang.org/x/tools/go/packages"

	ours "github.com/tenon-go/tenon/compat/goplugin"
)

const (
	realPath = "github.com/hashicorp/go-plugin"
	oursPath = "github.com/tenon-go/tenon/compat/goplugin"
)

// additions are what goplugin has beyond go-plugin.
var additions = []string{
	"ClientConfig.KillTimeout", "ClientConfig.Detached",
	"ReattachConfig.Session", "ReattachConfig.MarshalJSON()", "ReattachConfig.UnmarshalJSON()",
}

func TestAPI(t *testing.T) {
	for _, sub := range []string{"", "/runner"} {
		want := load(t, ".", realPath+sub)
		t.Run("goplugin"+sub, func(t *testing.T) { compare(t, want, load(t, ".", oursPath+sub)) })
		t.Run("shim"+sub, func(t *testing.T) { compare(t, want, load(t, "../shim", realPath+sub)) })
	}
}

func compare(t *testing.T, want, got map[string]string) {
	if len(want) < 5 {
		t.Fatalf("only %d identifiers were found in go-plugin", len(want))
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%s\n is %q,\nnot %q", name, got[name], want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok && !slices.Contains(additions, name) {
			t.Errorf("%s is not in go-plugin: %s", name, got[name])
		}
	}
	t.Logf("%d identifiers", len(want))
}

// load describes each exported identifier of a package, and of its types each
// field and method.
func load(t *testing.T, dir, path string) map[string]string {
	t.Helper()
	cfg := &packages.Config{Dir: dir, Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports}
	list, err := packages.Load(cfg, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list[0].Errors {
		t.Fatal(e)
	}
	all := make(map[string]string)
	scope := list[0].Types.Scope()
	for _, name := range scope.Names() {
		if obj := scope.Lookup(name); obj.Exported() {
			describe(all, obj)
		}
	}
	return all
}

func describe(all map[string]string, obj types.Object) {
	name := obj.Name()
	switch obj := obj.(type) {
	case *types.Const:
		all[name] = "const " + text(obj.Type()) + " = " + obj.Val().ExactString()
	case *types.Var:
		all[name] = "var " + text(obj.Type())
	case *types.Func:
		all[name] = text(obj.Type())
	case *types.TypeName:
		describeType(all, name, types.Unalias(obj.Type()))
	}
}

func describeType(all map[string]string, name string, typ types.Type) {
	all[name] = "type"
	switch u := typ.Underlying().(type) {
	case *types.Struct:
		for i := range u.NumFields() {
			if f := u.Field(i); f.Exported() {
				all[name+"."+f.Name()] = fmt.Sprintf("field %s embedded=%v tag=%q", text(f.Type()), f.Embedded(), u.Tag(i))
			}
		}
		all[name] = "struct"
	case *types.Interface:
		all[name] = "interface"
	default:
		all[name] = "type " + text(u)
	}
	values := types.NewMethodSet(typ)
	set := types.NewMethodSet(types.NewPointer(typ))
	if types.IsInterface(typ) {
		set = values
	}
	for m := range set.Methods() {
		if m.Obj().Exported() {
			onValue := values.Lookup(m.Obj().Pkg(), m.Obj().Name()) != nil
			all[name+"."+m.Obj().Name()+"()"] = fmt.Sprintf("%s value=%v", text(m.Type()), onValue)
		}
	}
}

// text is a type with the packages' names in the place of their paths, which
// differ. Parameters' names are no part of it.
func text(t types.Type) string {
	s := types.TypeString(withoutNames(t), func(p *types.Package) string {
		if rest, ok := strings.CutPrefix(p.Path(), realPath); ok {
			return "go-plugin" + rest
		}
		if rest, ok := strings.CutPrefix(p.Path(), oursPath); ok {
			return "go-plugin" + rest
		}
		return p.Path()
	})
	return strings.ReplaceAll(s, "interface{}", "any")
}

func withoutNames(t types.Type) types.Type {
	f, ok := t.(*types.Signature)
	if !ok {
		return t
	}
	strip := func(tuple *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range tuple.Variables() {
			vars = append(vars, types.NewVar(0, nil, "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	return types.NewSignatureType(nil, nil, nil, strip(f.Params()), strip(f.Results()), f.Variadic())
}

// TestErrors holds the texts of the errors.
func TestErrors(t *testing.T) {
	for _, e := range []struct{ real, ours error }{
		{real.ErrProcessNotFound, ours.ErrProcessNotFound},
		{real.ErrChecksumsDoNotMatch, ours.ErrChecksumsDoNotMatch},
		{real.ErrSecureConfigNoChecksum, ours.ErrSecureConfigNoChecksum},
		{real.ErrSecureConfigNoHash, ours.ErrSecureConfigNoHash},
		{real.ErrSecureConfigAndReattach, ours.ErrSecureConfigAndReattach},
		{real.ErrGRPCBrokerMuxNotSupported, ours.ErrGRPCBrokerMuxNotSupported},
		{real.NewBasicError(errors.New("x")), ours.NewBasicError(errors.New("x"))},
	} {
		if e.real.Error() != e.ours.Error() {
			t.Errorf("%q, not %q", e.ours, e.real)
		}
	}
	if _, err := (ours.NetRPCUnsupportedPlugin{}).Server(nil); err.Error() != "net/rpc plugin protocol not supported" {
		t.Error(err)
	}
	if ours.NewBasicError(nil) != nil {
		t.Error("the error of nil is not nil")
	}
}
