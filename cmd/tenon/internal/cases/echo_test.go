package cases_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// notEchoes have the types of an echo, but do something else.
var notEchoes = map[string]bool{
	"noctx.Store.Get":     true,
	"noerror.Counter.Add": true,
}

// An echo is a method that returns what it is given.
type echo struct {
	name string
	fn   reflect.Value
	args []reflect.Type
	ctx  bool
	err  bool
}

// echoes returns those methods of v that are echoes, by their types.
func echoes(iface reflect.Type, v any) []*echo {
	var list []*echo
	for i := range iface.NumMethod() {
		m := iface.Method(i)
		e := &echo{name: m.Name, fn: reflect.ValueOf(v).MethodByName(m.Name)}
		if e.shape(m.Type) && !notEchoes[iface.String()+"."+m.Name] {
			list = append(list, e)
		}
	}
	return list
}

func (e *echo) shape(t reflect.Type) bool {
	var results []reflect.Type
	for i := range t.NumIn() {
		e.args = append(e.args, t.In(i))
	}
	for i := range t.NumOut() {
		results = append(results, t.Out(i))
	}
	if len(e.args) > 0 && e.args[0] == contextType {
		e.ctx, e.args = true, e.args[1:]
	}
	if n := len(results); n > 0 && results[n-1] == errorType {
		e.err, results = true, results[:n-1]
	}
	return len(e.args) > 0 && slices.Equal(e.args, results) && !slices.ContainsFunc(e.args, func(t reflect.Type) bool { return !makeable(t) })
}

// values makes arguments.
func (e *echo) values(s source) []reflect.Value {
	m := &maker{source: s, left: 150}
	var args []reflect.Value
	for _, t := range e.args {
		args = append(args, m.make(t))
	}
	return args
}

// call calls the method, and says what is wrong with what it returns.
func (e *echo) call(ctx context.Context, args []reflect.Value) error {
	in := slices.Clone(args)
	if e.ctx {
		in = slices.Insert(in, 0, reflect.ValueOf(ctx))
	}
	var out []reflect.Value
	if e.fn.Type().IsVariadic() {
		out = e.fn.CallSlice(in)
	} else {
		out = e.fn.Call(in)
	}
	if e.err {
		if err := out[len(args)]; !err.IsNil() {
			return fmt.Errorf("%s%s: %w", e.name, interfaces(args), err.Interface().(error))
		}
	}
	for i := range args {
		if diff := cmp.Diff(args[i].Interface(), out[i].Interface(), same); diff != "" {
			return fmt.Errorf("%s, argument %d (-sent +returned):\n%s", e.name, i+1, diff)
		}
	}
	return nil
}

func interfaces(args []reflect.Value) []any {
	var list []any
	for _, a := range args {
		list = append(list, a.Interface())
	}
	return list
}

// testEchoes calls the echoes with edge values, each, and with random ones.
func testEchoes(t *testing.T, list []*echo, call func(ctx context.Context, e *echo, args []reflect.Value) error) {
	ctx := t.Context()
	for _, e := range list {
		for _, s := range edges {
			if err := call(ctx, e, e.values(s)); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
		}
	}
	if len(list) == 0 || t.Failed() {
		return
	}
	rapid.Check(t, func(rt *rapid.T) {
		e := list[rapid.IntRange(0, len(list)-1).Draw(rt, "method")]
		if err := call(ctx, e, e.values(random{rt})); err != nil {
			rt.Fatal(err)
		}
	})
}
