package golang

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// closeTimeout bounds a call of Close whose contract doesn't.
const closeTimeout = 30 * time.Second

// contract writes all that belongs to an interface.
func (f *file) contract(i *model.Interface) {
	f.section(i.Name)
	if i.Foreign {
		f.foreign(i)
		return
	}
	f.indices(i)
	f.contractOf(i)
	if i.Marked {
		f.serve(i)
		f.open(i)
		f.caller(i)
	}
	if i.Ref {
		f.writeRef(i)
		f.readRef(i)
	}
	f.client(i)
	f.server(i)
}

func (f *file) indices(i *model.Interface) {
	if len(i.Methods) == 0 {
		return
	}
	f.p("// The methods of %s, in the order of its contract.", i.Name)
	f.p("const (")
	for n, m := range i.Methods {
		if n == 0 {
			f.p("%s = iota", f.g.index(i, m))
		} else {
			f.p("%s", f.g.index(i, m))
		}
	}
	f.p(")")
	f.p("")
}

func (f *file) contractOf(i *model.Interface) {
	f.p("var %s = &$tenon.Contract{", f.g.contractVar(i))
	f.p("Name: %q,", i.Full)
	if len(i.Methods) > 0 {
		f.p("Methods: []$tenon.Method{")
		for _, m := range i.Methods {
			f.p("%s: {%s},", f.g.index(i, m), f.methodFields(i, m))
		}
		f.p("},")
	}
	if len(f.g.pkg.Errors) > 0 {
		f.p("Errors: %s,", f.g.errorDefs())
	}
	f.p("}")
	f.p("")
}

// methodFields are the fields of a method's description that are not zero.
func (f *file) methodFields(i *model.Interface, m *model.Method) string {
	fields := []string{fmt.Sprintf("Name: %q", m.Wire)}
	flag := func(name string, set bool) {
		if set {
			fields = append(fields, name+": true")
		}
	}
	flag("ClientStream", m.In != nil)
	flag("ServerStream", m.Out != nil)
	flag("Optional", m.Optional)
	flag("Idempotent", m.Idempotent)
	if t := timeout(i, m); t > 0 {
		fields = append(fields, "Timeout: "+f.duration(t))
	}
	return strings.Join(fields, ", ")
}

func timeout(i *model.Interface, m *model.Method) time.Duration {
	if m.Timeout == 0 && isClose(i, m) {
		return closeTimeout
	}
	return m.Timeout
}

// isClose says that m ends the use of i.
func isClose(i *model.Interface, m *model.Method) bool { return i.Closer == m && m.Part == nil }

func closes(i *model.Interface) bool { return i.Closer != nil && i.Closer.Part == nil }

// bound says that i has a method that is called under a context which it is not
// given. Close is not one: it must not end with a context.
func bound(i *model.Interface) bool {
	return slices.ContainsFunc(i.Methods, func(m *model.Method) bool { return !m.Context && !isClose(i, m) })
}

// duration is d as an expression.
func (f *file) duration(d time.Duration) string {
	units := []struct {
		size time.Duration
		name string
	}{
		{time.Hour, "Hour"}, {time.Minute, "Minute"}, {time.Second, "Second"},
		{time.Millisecond, "Millisecond"}, {time.Microsecond, "Microsecond"}, {1, "Nanosecond"},
	}
	for _, u := range units {
		switch {
		case d == u.size:
			return f.expand("$time.") + u.name
		case d%u.size == 0:
			return fmt.Sprintf("%d * %s%s", d/u.size, f.expand("$time."), u.name)
		}
	}
	return ""
}

func (f *file) serve(i *model.Interface) {
	text := "Serve" + i.Name + " returns a service that impl carries out, for plugin.Main or host.Config."
	if len(i.Parts) > 0 {
		text += " Its optional methods, those of " + list(partNames(i)) + ", are offered if impl has them."
	}
	if closes(i) {
		text += " It is closed once."
	}
	f.comment(text)
	f.p("func Serve%s($impl %s) $tenon.Service {", i.Name, f.typ(i.Go))
	value := f.serviceOf(i, "$impl")
	if len(i.Parts) == 0 {
		f.p("return %s", value)
	} else {
		f.p("$service := %s", value)
		for _, part := range i.Parts {
			f.p("if _, $ok := $impl.(%s); !$ok {", f.typ(part.Go))
			f.p("$service.Without = append($service.Without, %s)", methodNames(i, part))
			f.p("}")
		}
		f.p("return $service")
	}
	f.p("}")
	f.p("")
}

// serviceOf is the service of x. Where it is more than an expression, what comes
// before it is written.
func (f *file) serviceOf(i *model.Interface, x string) string {
	if !closes(i) {
		return f.expand(fmt.Sprintf("$tenon.Service{Contract: %s, Server: %s{%s}}", f.g.contractVar(i), f.g.serverType(i), x))
	}
	s := f.scope("impl", "service", "v", "m", "num", "kept")
	server := s.fresh("server")
	f.p("%s := %s{"+x+", "+f.closeOnce(i, x)+"}", server, f.g.serverType(i))
	return f.expand(fmt.Sprintf("$tenon.Service{Contract: %s, Server: %s, Released: %s.released}", f.g.contractVar(i), server, server))
}

// closeOnce is a function that closes x the first time. It must not look at impl
// before that: another package's generated code serves nil, for the contract.
func (f *file) closeOnce(i *model.Interface, x string) string {
	if !i.Closer.Context && x == "$v" {
		return "$sync.OnceValue($v.Close)"
	}
	if !i.Closer.Context {
		return "$sync.OnceValue(func() error { return " + x + ".Close() })"
	}
	return "$sync.OnceValue(func() error {\n" +
		"$ctx, cancel := $context.WithTimeout($context.Background(), " + f.duration(timeout(i, i.Closer)) + ")\n" +
		"defer cancel()\n" +
		"return " + x + ".Close($ctx)\n})"
}

func partNames(i *model.Interface) []string {
	names := make([]string, len(i.Parts))
	for n, part := range i.Parts {
		names[n] = part.Name
	}
	return names
}

// methodNames are the names of a part's methods, quoted.
func methodNames(i *model.Interface, part *model.Part) string {
	var names []string
	for _, m := range i.Methods {
		if m.Part == part {
			names = append(names, fmt.Sprintf("%q", m.Wire))
		}
	}
	return strings.Join(names, ", ")
}

func (f *file) open(i *model.Interface) {
	text := "Open" + i.Name + " returns the " + i.Name + " that the other side of conn offers."
	switch len(i.Parts) {
	case 0:
	case 1:
		text += " It is " + a(i.Parts[0].Name) + " too if that one is."
	default:
		text += " It is also what of " + list(partNames(i)) + " that one is."
	}
	f.comment(text)
	f.p("func Open%s(_ $context.Context, $conn $tenon.Conn) (%s, error) {", i.Name, f.typ(i.Go))
	f.p("$ref, $err := %s.Bind($conn)", f.g.contractVar(i))
	f.opened(i)
}

func (f *file) caller(i *model.Interface) {
	f.comment("Caller" + i.Name + " returns the " + i.Name + " that is offered by the caller of the method that is being handled under ctx.")
	f.p("func Caller%s($ctx $context.Context) (%s, error) {", i.Name, f.typ(i.Go))
	f.p("$ref, $err := %s.BindCaller($ctx)", f.g.contractVar(i))
	f.opened(i)
}

func (f *file) opened(i *model.Interface) {
	f.p("if $err != nil {")
	f.p("return nil, $err")
	f.p("}")
	f.p("return %s, nil", f.newClientOf(i, f.background))
	f.p("}")
	f.p("")
}

// newClientOf is a client for ref. One whose methods don't all have a context
// calls those under ctx.
func (f *file) newClientOf(i *model.Interface, ctx func() string) string {
	arguments := f.ident("ref")
	if bound(i) {
		arguments = ctx() + ", " + arguments
	}
	if len(i.Parts) > 0 {
		return f.g.newClient(i) + "(" + arguments + ")"
	}
	return "&" + f.g.clientType(i) + "{" + arguments + "}"
}
