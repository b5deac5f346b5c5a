package golang

import (
	"fmt"
	"go/types"
	"strconv"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A reader prints how values are read from a message.
type reader struct {
	*scope
	msg string // the variable of the message, a pointer
	ctx string // what calls are made under whose method has no context, with $
}

// A place is where a field is read to.
type place struct {
	num  int32
	typ  *model.Type
	x    string
	idx  string // of an array, the variable with the next index
	ctx  string // in place of the reader's, if not empty
	made bool   // x is a pointer to something already
}

// fields prints the loop that reads a message.
func (r *reader) fields(places []place) {
	r.block(func() {
		for i := range places {
			if places[i].typ.Kind == model.Array {
				places[i].idx = r.fresh("n")
				r.p("var %s int", places[i].idx)
			}
		}
		r.p("for %s.Next() {", r.msg)
		r.p("switch %s.Field() {", r.msg)
		for _, p := range places {
			r.p("case %d:", p.num)
			r.block(func() { r.under(p.ctx).into(p) })
		}
		r.p("}")
		r.p("}")
	})
}

// under is the reader for what is called under another context.
func (r *reader) under(ctx string) *reader {
	if ctx == "" {
		return r
	}
	other := *r
	other.ctx = ctx
	return &other
}

// into prints how the current field is read to p.
func (r *reader) into(p place) {
	t, x := p.typ, p.x
	if value, ok := r.value(t); ok {
		r.p("%s = %s", x, value)
		return
	}
	switch t.Kind {
	case model.Pointer:
		r.pointer(t, x)
	case model.Slice:
		r.slice(t, x)
	case model.Array:
		r.array(t, x, p.idx)
	case model.Map:
		r.mapping(t, x)
	case model.Proto:
		if !p.made {
			r.p("if %s == nil {", x)
			r.p("%s = $tenon.New[%s](%s)", x, r.pointee(t.Go), r.msg)
			r.p("}")
		}
		r.in(t, x)
	default:
		r.in(t, x)
	}
}

// value is an expression for the current field, if that is all it takes.
func (r *reader) value(t *model.Type) (string, bool) {
	read := func(method string) string { return r.msg + "." + method }
	switch t.Kind {
	case model.Bool:
		return r.from("bool", t.Go, read("ReadBool()")), true
	case model.Int, model.Uint, model.EnumKind:
		return r.integer(t), true
	case model.Float:
		if t.Bits == 32 {
			return r.from("float32", t.Go, read("ReadFloat()")), true
		}
		return r.from("float64", t.Go, read("ReadDouble()")), true
	case model.Complex:
		return r.from("complex128", t.Go, read("ReadComplex()")), true
	case model.String:
		return r.from("string", t.Go, read("ReadString()")), true
	case model.Bytes:
		return read("ReadBytes()"), true
	case model.Time:
		return read("ReadTime()"), true
	case model.Duration:
		return read("ReadDuration()"), true
	case model.ErrorVal:
		return read("ReadError(" + r.g.valueDefs() + ")"), true
	case model.IO:
		return read("Read" + t.IO + "(" + r.expand(r.ctx) + ")"), true
	case model.Ref:
		return r.g.readRef(t.Interface) + "(" + r.ctxArgument(bound(t.Interface)) + r.msg + ")", true
	}
	return "", false
}

// integer is an expression for an integer: those that protobuf has are cut to
// their size as protobuf says, others must be in range.
func (r *reader) integer(t *model.Type) string {
	name, method := "int64", "ReadInt"
	if isUnsigned(t.Go) {
		name, method = "uint64", "ReadUint"
	}
	bits := 64
	switch basicOf(t.Go) {
	case types.Int8, types.Uint8:
		bits = 8
	case types.Int16, types.Uint16:
		bits = 16
	case types.Int, types.Uint:
		bits = 0
		if t.Kind == model.EnumKind {
			bits = 32
		}
	}
	if bits == 64 {
		return r.from(name, t.Go, r.msg+"."+method+"()")
	}
	return r.from(name, t.Go, r.msg+"."+method+"N("+strconv.Itoa(bits)+")")
}

func (r *reader) ctxArgument(needed bool) string {
	if !needed {
		return ""
	}
	return r.expand(r.ctx) + ", "
}

// in prints how the current field is read into x, which is there.
func (r *reader) in(t *model.Type, x string) {
	switch t.Kind {
	case model.ByteArray:
		r.p("%s.ReadArrayBytes(%s[:])", r.msg, operand(x))
	case model.Struct:
		r.p("%s(%s%s, %s)", r.g.readMessage(t.Message), r.ctxArgument(r.g.needs(t.Message).ctx), r.msg, address(x))
	case model.Text:
		r.p("%s.ReadText(%s)", r.msg, address(x))
	case model.Binary:
		r.p("%s.ReadBinary(%s)", r.msg, address(x))
	case model.Proto:
		r.p("%s(%s, %s)", r.g.readProto(), r.msg, x)
	case model.Wrapped:
		if k := r.g.knotOf(t); k != nil {
			r.p("%s(%s, %s)", k.reader, r.msg, address(x))
			return
		}
		r.nested([]place{{num: 1, typ: t.Elem, x: x}})
	default:
		r.into(place{typ: t, x: x})
	}
}

// nested prints how a message inside the message is read.
func (r *reader) nested(places []place) {
	r.block(func() {
		mark := r.fresh("mark")
		r.p("%s := %s.Enter()", mark, r.msg)
		r.fields(places)
		r.p("%s.Leave(%s)", r.msg, mark)
	})
}

func (r *reader) pointee(t types.Type) string {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return r.typ(p.Elem())
	}
	return r.typ(t)
}

// pointer prints how an optional field is read. What can be merged is read into
// what is there already, as protobuf says of a field that occurs again.
func (r *reader) pointer(t *model.Type, x string) {
	merges := t.Elem.Kind == model.Struct || t.Elem.Kind == model.Wrapped
	if merges {
		r.p("if %s == nil {", x)
	}
	r.p("%s = $tenon.New[%s](%s)", x, r.pointee(t.Go), r.msg)
	if merges {
		r.p("}")
	}
	r.in(t.Elem, deref(x))
}

func (r *reader) slice(t *model.Type, x string) {
	elem := t.Elem
	count, loop := "Count()", ""
	if isPacked(elem) {
		count, loop = "CountPacked("+packedBits(elem)+")", r.msg+".Elem()"
	}
	r.p("if len(%s) == cap(%s) {", x, x)
	r.p("%s = $tenon.Grow(%s, %s, %s.%s)", x, r.msg, x, r.msg, count)
	r.p("}")
	if loop != "" {
		r.p("for %s {", loop)
		defer r.p("}")
	}
	if value, ok := r.value(elem); ok {
		r.p("%s = append(%s, %s)", x, x, value)
		return
	}
	switch {
	case elem.Kind == model.Struct, elem.Kind == model.ByteArray, elem.Kind == model.Text, elem.Kind == model.Binary,
		elem.Kind == model.Wrapped && elem.Elem.Kind == model.Array: // no copy
		r.p("%s = append(%s, %s)", x, x, r.zero(elem.Go))
		r.in(elem, operand(x)+"[len("+x+")-1]")
	default:
		r.block(func() { r.p("%s = append(%s, %s)", x, x, r.variable(elem)) })
	}
}

// variable prints how a variable is made of the current field, and returns it.
func (r *reader) variable(t *model.Type) string {
	e := r.fresh("e")
	r.declareVar(t, e)
	r.in(targetOf(t, e))
	return e
}

// declareVar prints the declaration of a variable that a value is read into:
// what is a pointer points to something.
func (r *reader) declareVar(t *model.Type, name string) {
	if t.Kind == model.Pointer || t.Kind == model.Proto {
		r.p("%s := $tenon.New[%s](%s)", name, r.pointee(t.Go), r.msg)
		return
	}
	r.p("var %s %s", name, r.typ(t.Go))
}

func targetOf(t *model.Type, x string) (*model.Type, string) {
	if t.Kind == model.Pointer {
		return t.Elem, deref(x)
	}
	return t, x
}

// packedBits says how wide the elements of a packed field are; 0 are varints.
func packedBits(t *model.Type) string {
	if t = target(t); t.Kind == model.Float {
		return strconv.Itoa(t.Bits)
	}
	return "0"
}

func (r *reader) array(t *model.Type, x, idx string) {
	packed := isPacked(t.Elem)
	if packed {
		r.p("for %s.Elem() {", r.msg)
	}
	r.p("if %s == len(%s) {", idx, x)
	r.p("%s.Fail($errors.New(%q))", r.msg, fmt.Sprintf("more than the %d elements of an array", t.Len))
	r.p("break")
	r.p("}")
	e := operand(x) + "[" + idx + "]"
	if value, ok := r.value(t.Elem); ok {
		r.p("%s = %s", e, value)
	} else {
		r.into(place{typ: t.Elem, x: e})
	}
	r.p("%s++", idx)
	if packed {
		r.p("}")
	}
}

// mapping prints how an entry of a map is read. Of several with the same key the
// last counts.
func (r *reader) mapping(t *model.Type, x string) {
	r.p("if %s == nil {", x)
	r.p("%s = $tenon.Map[%s](%s)", x, r.typ(t.Go), r.msg)
	r.p("}")
	k, e := r.fresh("k"), r.fresh("e")
	r.p("var %s %s", k, r.typ(t.Key.Go))
	r.declareVar(t.Elem, e)
	elem, into := targetOf(t.Elem, e)
	r.nested([]place{{num: 1, typ: t.Key, x: k}, {num: 2, typ: elem, x: into, made: true}})
	switch t.Elem.Kind {
	case model.Ref, model.IO, model.ErrorVal:
		r.p("if %s == nil {", e)
		r.p("%s.Fail($tenon.ErrNilElement)", r.msg)
		r.p("}")
	}
	r.p("$tenon.Put(%s, %s, %s, %s)", r.msg, x, k, e)
}
