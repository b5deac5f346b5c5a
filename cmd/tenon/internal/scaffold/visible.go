package scaffold

import (
	"cmp"
	"fmt"
	"go/types"
)

// checkVisible refuses a contract whose methods another package can't write down.
func checkVisible(contract string, fn *types.Func) error {
	name := hidden(fn.Signature())
	if name == "" {
		return nil
	}
	return fmt.Errorf("tenon new: no other package can write a method like %s.%s: %s is not exported in package %s; export it there, and run: go tool tenon gen",
		contract, fn.Name(), name, fn.Pkg().Name())
}

// hidden is the first name in what t is written as that is not exported; "" if
// there is none.
func hidden(t types.Type) string {
	switch t := t.(type) {
	case *types.Alias:
		return hiddenName(t.Obj(), t.TypeArgs())
	case *types.Named:
		return hiddenName(t.Obj(), t.TypeArgs())
	case *types.Map:
		return cmp.Or(hidden(t.Key()), hidden(t.Elem()))
	case interface{ Elem() types.Type }: // pointers, slices, arrays and channels
		return hidden(t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			if name := hidden(v.Type()); name != "" {
				return name
			}
		}
	case *types.Signature:
		return cmp.Or(hidden(t.Params()), hidden(t.Results()))
	case *types.Struct:
		for field := range t.Fields() {
			if !field.Exported() {
				return field.Name()
			}
			if name := hidden(field.Type()); name != "" {
				return name
			}
		}
	case *types.Interface:
		return hiddenMethod(t)
	}
	return ""
}

func hiddenName(obj *types.TypeName, args *types.TypeList) string {
	if obj.Pkg() != nil && !obj.Exported() {
		return obj.Name()
	}
	for arg := range args.Types() {
		if name := hidden(arg); name != "" {
			return name
		}
	}
	return ""
}

func hiddenMethod(t *types.Interface) string {
	for m := range t.ExplicitMethods() {
		if !m.Exported() {
			return m.Name()
		}
		if name := hidden(m.Signature()); name != "" {
			return name
		}
	}
	for e := range t.EmbeddedTypes() {
		if name := hidden(e); name != "" {
			return name
		}
	}
	return ""
}
