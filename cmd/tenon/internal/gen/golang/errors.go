package golang

import (
	"go/types"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// errors writes the errors of the package, which belong to its first file.
func (f *file) errors() {
	if f.source != f.g.first || len(f.g.pkg.Errors) == 0 {
		return
	}
	f.section("errors")
	f.p("// %s are the errors of the package: errors.Is and errors.As find", f.g.errorDefs())
	f.p("// them on the other side.")
	f.p("var %s = []$tenon.ErrorDef{", f.g.errorDefs())
	var errorTypes []*model.Error
	for _, e := range f.g.pkg.Errors {
		if _, isType := e.Go.(*types.TypeName); !isType {
			f.p("{Name: %q, Value: %s},", e.Name, f.object(e.Go))
			continue
		}
		errorTypes = append(errorTypes, e)
		f.p("{Name: %q, Encode: %s, Decode: %s},", e.Name, f.g.encodeError(e), f.g.decodeError(e))
		if !e.Pointer {
			f.p("{Name: %q, Encode: %s, Decode: %s},", pointerName(e), f.g.encodePointer(e), f.g.decodePointer(e))
		}
	}
	f.p("}")
	f.p("")
	if name := f.g.valueDefs(); name != f.g.errorDefs() {
		f.comment(name + " are the same, for errors that are part of others. They are set later, because how those are written is itself part of " + f.g.errorDefs() + ".")
		f.p("var %s []$tenon.ErrorDef", name)
		f.p("")
		f.p("func init() { %s = %s }", name, f.g.errorDefs())
		f.p("")
	}
	if len(errorTypes) > 0 {
		f.errorAssertions(errorTypes)
	}
	for _, e := range errorTypes {
		f.guard(e.Go.Type())
		f.encode(e)
		f.decode(e)
		if !e.Pointer {
			f.pointerTo(e)
		}
	}
}

// pointerName is what a pointer to an error is called that is one by value too:
// "kv.*Limit" for one to "kv.Limit". Both are errors in Go, and errors.As tells
// them apart, so each has to arrive as what it was.
func pointerName(e *model.Error) string {
	at := strings.LastIndexByte(e.Name, '.') + 1
	return e.Name[:at] + "*" + e.Name[at:]
}

// pointerTo writes how a pointer to an error by value crosses: as that does.
func (f *file) pointerTo(e *model.Error) {
	typ := f.object(e.Go)
	s := f.scope("err", "m", "v", "ok")
	f.comment(f.g.encodePointer(e) + " writes err's fields if it is a *" + typ + ".")
	f.p("func %s($err error, $m *$tenon.Message) bool {", f.g.encodePointer(e))
	f.p("$v, $ok := $err.(*%s)", typ)
	f.p("return $ok && $v != nil && %s(*$v, $m)", f.g.encodeError(e))
	f.p("}")
	f.p("")
	cause := s.fresh("cause")
	text := f.g.decodePointer(e) + " makes a *" + typ
	if e.Cause != "" {
		text += " that wraps cause"
	}
	f.comment(text + ".")
	f.p("func %s($m *$tenon.Message, %s error) (error, error) {", f.g.decodePointer(e), cause)
	value := s.fresh("value")
	f.p("%s, $err := %s($m, %s)", value, f.g.decodeError(e), cause)
	f.p("$v, $ok := %s.(%s)", value, typ)
	f.p("if $err != nil || !$ok {")
	f.p("return nil, $err")
	f.p("}")
	f.p("return &$v, nil")
	f.p("}")
	f.p("")
}

// object is how a variable or type of this or another package is written.
func (f *file) object(o types.Object) string {
	if q := f.qualify(o.Pkg()); q != "" {
		return q + "." + o.Name()
	}
	return o.Name()
}

func (g *generator) encodeError(e *model.Error) string {
	return g.names.top("encode error "+e.Name, "encode"+e.Message.Name)
}

func (g *generator) decodeError(e *model.Error) string {
	return g.names.top("decode error "+e.Name, "decode"+e.Message.Name)
}

func (g *generator) encodePointer(e *model.Error) string {
	return g.names.top("encode pointer "+e.Name, "encode"+e.Message.Name+"Pointer")
}

func (g *generator) decodePointer(e *model.Error) string {
	return g.names.top("decode pointer "+e.Name, "decode"+e.Message.Name+"Pointer")
}

func (f *file) errorAssertions(all []*model.Error) {
	f.p("var (")
	for _, e := range all {
		if e.Pointer {
			f.p("_ error = (*%s)(nil)", f.object(e.Go))
		} else {
			f.p("_ error = %s", f.zeroValue(e.Go.Type()))
		}
	}
	f.p(")")
	f.p("")
}

// zeroValue is an expression for the zero value of a named type that has its
// type.
func (f *file) zeroValue(t types.Type) string {
	switch t.Underlying().(type) {
	case *types.Struct, *types.Array:
		return f.typ(t) + "{}"
	}
	return f.typ(t) + "(" + f.zero(t) + ")"
}

func (f *file) errorType(e *model.Error) string {
	if e.Pointer {
		return "*" + f.object(e.Go)
	}
	return f.object(e.Go)
}

func (f *file) encode(e *model.Error) {
	name := f.g.encodeError(e)
	text := name + " writes err's fields if it is " + a2(f.errorType(e)) + "."
	if e.Cause != "" {
		text += " What it wraps is sent beside them."
	}
	f.comment(text)
	f.p("func %s($err error, $m *$tenon.Message) bool {", name)
	defer f.p("")
	defer f.p("}")
	nonNil := ""
	if e.Pointer {
		nonNil = " && $v != nil"
	}
	if len(e.Message.Fields) == 0 {
		v := "_"
		if e.Pointer {
			v = "$v"
		}
		f.p(v+", $ok := $err.(%s)", f.errorType(e))
		f.p("return $ok" + nonNil)
		return
	}
	f.p("$v, $ok := $err.(%s)", f.errorType(e))
	if e.Pointer {
		f.p("if !$ok || $v == nil {")
	} else {
		f.p("if !$ok {")
	}
	f.p("return false")
	f.p("}")
	w := &writer{scope: f.scope("err", "m", "v", "ok"), msg: f.ident("m"), kept: "false"}
	for _, field := range e.Message.Fields {
		w.field(field.Number, field.Type, f.errorField(e, field))
	}
	f.p("return true")
}

// a2 is a for what may be a pointer's type.
func a2(name string) string {
	if name[0] == '*' {
		return "a " + name
	}
	return a(name)
}

// errorField is a field of the error v. One without a name is the error itself.
func (f *file) errorField(e *model.Error, field *model.Field) string {
	v := f.ident("v")
	switch {
	case field.GoName != "":
		return v + "." + field.GoName
	case e.Pointer:
		return "*" + v
	}
	return v
}

func (f *file) decode(e *model.Error) {
	name, cause := f.g.decodeError(e), "_"
	text := name + " makes " + a2(f.errorType(e))
	if e.Cause != "" {
		text += " that wraps cause"
		cause = "cause"
	}
	f.comment(text + ".")
	s := f.scope("m", "v", "err")
	if cause != "_" {
		cause = s.fresh(cause)
	}
	f.p("func %s($m *$tenon.Message, %s error) (error, error) {", name, cause)
	typ := f.object(e.Go)
	switch {
	case e.Pointer && e.Cause != "":
		f.p("$v := &%s{%s: %s}", typ, e.Cause, cause)
	case e.Pointer:
		f.p("$v := new(%s)", typ)
	case e.Cause != "":
		f.p("$v := %s{%s: %s}", typ, e.Cause, cause)
	default:
		f.p("var $v %s", typ)
	}
	places := make([]place, len(e.Message.Fields))
	for i, field := range e.Message.Fields {
		places[i] = place{num: field.Number, typ: field.Type, x: f.errorField(e, field)}
	}
	if len(places) > 0 {
		(&reader{scope: s, msg: f.ident("m")}).fields(places)
	}
	f.p("return $v, $m.Err()")
	f.p("}")
	f.p("")
}
