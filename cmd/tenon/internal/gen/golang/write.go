package golang

import (
	"go/types"
	"strconv"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A writer prints how values are written to a message.
type writer struct {
	*scope
	msg  string // the variable of the message, a pointer
	kept string // whether refs are kept: true, false or a variable
}

// field prints how x is written as a field, if it is not the zero value.
func (w *writer) field(num int32, t *model.Type, x string) {
	switch t.Kind {
	case model.Struct, model.Wrapped, model.Ref, model.IO, model.ErrorVal:
		w.value(num, t, x)
	case model.Slice:
		w.slice(num, t, x)
	case model.Map:
		w.mapping(num, t, x)
	case model.Text, model.Binary:
		w.marshalField(num, t, x)
	case model.Pointer:
		w.p("if %s != nil {", x)
		w.value(num, t.Elem, deref(x))
		w.p("}")
	default:
		w.guarded(num, t, x)
	}
}

func (w *writer) guarded(num int32, t *model.Type, x string) {
	condition := w.present(t, x)
	if condition == "" {
		w.value(num, t, x)
		return
	}
	w.p("if %s {", condition)
	if t.Kind == model.Bool {
		w.call("WriteBool", num, "true")
	} else {
		w.value(num, t, x)
	}
	w.p("}")
}

// present is the condition on which x is not the zero value; "" if there is none.
func (w *writer) present(t *model.Type, x string) string {
	switch t.Kind {
	case model.Bool:
		return operand(x)
	case model.Int, model.Uint, model.EnumKind, model.Duration:
		return x + " != 0"
	case model.Float:
		return w.bits(t, x) + " != 0"
	case model.Complex:
		part := *t
		part.Bits /= 2
		part.Go = types.Typ[types.Float64]
		if part.Bits == 32 {
			part.Go = types.Typ[types.Float32]
		}
		return w.bits(&part, "real("+x+")") + "|" + w.bits(&part, "imag("+x+")") + " != 0"
	case model.String:
		return x + ` != ""`
	case model.Bytes:
		return "len(" + x + ") > 0"
	case model.Time:
		return "!" + operand(x) + ".IsZero()"
	case model.Proto:
		return x + " != nil"
	case model.ByteArray:
		return x + " != " + w.zeroOperand(t.Go)
	case model.Array:
		if comparable(t.Go) && !hasFloat(t.Go) {
			return x + " != " + w.zeroOperand(t.Go)
		}
	}
	return ""
}

// bits is an expression for the bits of a floating-point number: compared itself
// with 0, a negative zero is lost.
func (w *writer) bits(t *model.Type, x string) string {
	size := strconv.Itoa(t.Bits)
	return w.expand("$math.Float"+size+"bits(") + to("float"+size, t.Go, x) + ")"
}

// value prints how x is written, whatever it is: as an element, a map's key or
// value, or what an optional field holds.
func (w *writer) value(num int32, t *model.Type, x string) {
	switch t.Kind {
	case model.Bool:
		w.call("WriteBool", num, to("bool", t.Go, x))
	case model.Int:
		w.call("WriteInt", num, to("int64", t.Go, x))
	case model.EnumKind:
		w.call("Write"+enumOrInt(t), num, to("int64", t.Go, x))
	case model.Uint:
		w.call("WriteUint", num, to("uint64", t.Go, x))
	case model.Float:
		if t.Bits == 32 {
			w.call("WriteFloat", num, to("float32", t.Go, x))
		} else {
			w.call("WriteDouble", num, to("float64", t.Go, x))
		}
	case model.Complex:
		w.call("WriteComplex", num, to("complex128", t.Go, x))
	case model.String:
		w.call("WriteString", num, to("string", t.Go, x))
	case model.Bytes:
		w.call("WriteBytes", num, x)
	case model.ByteArray:
		w.call("WriteBytes", num, operand(x)+"[:]")
	case model.Time:
		w.call("WriteTime", num, x)
	case model.Duration:
		w.call("WriteDuration", num, x)
	case model.ErrorVal:
		w.p("%s.WriteError(%d, %s, %s)", w.msg, num, x, w.g.valueDefs())
	case model.IO:
		w.p("%s.Write%s(%d, %s, %s)", w.msg, t.IO, num, x, w.kept)
	case model.Ref:
		w.p("%s(%s, %d, %s, %s)", w.g.writeRef(t.Interface), w.msg, num, x, w.kept)
	case model.Proto:
		w.p("%s(%s, %d, %s)", w.g.writeProto(), w.msg, num, x)
	default:
		w.composite(num, t, x)
	}
}

// enumOrInt is what an integer is written as: an enum is looked at only if its Go
// type has values that no enum has.
func enumOrInt(t *model.Type) string {
	if t.Kind == model.EnumKind && basicOf(t.Go) == types.Int {
		return "Enum"
	}
	return "Int"
}

func (w *writer) composite(num int32, t *model.Type, x string) {
	switch t.Kind {
	case model.Struct:
		w.p("%s(%s, %d, %s%s)", w.g.writeMessage(t.Message), w.msg, num, address(x), w.keptArgument(t.Message))
	case model.Text, model.Binary:
		w.marshal(num, t, x, true)
	case model.Pointer:
		w.value(num, t.Elem, deref(x))
	case model.Slice:
		w.slice(num, t, x)
	case model.Array:
		w.array(num, t, x)
	case model.Map:
		w.mapping(num, t, x)
	case model.Wrapped:
		if k := w.g.knotOf(t); k != nil {
			w.p("%s(%s, %d, %s)", k.writer, w.msg, num, x)
			return
		}
		w.nested(num, func() { w.field(1, t.Elem, x) })
	}
}

func (w *writer) keptArgument(m *model.Message) string {
	if !w.g.needs(m).kept {
		return ""
	}
	return ", " + w.kept
}

func (w *writer) call(method string, num int32, x string) {
	w.p("%s.%s(%d, %s)", w.msg, method, num, x)
}

// marshal prints how a value is written that makes text or bytes of itself.
func (w *writer) marshal(num int32, t *model.Type, x string, always bool) {
	method := "WriteText"
	if t.Kind == model.Binary {
		method = "WriteBinary"
	}
	if t.Append {
		method += "Append"
	}
	if t.Addr {
		x = address(x)
	}
	w.p("%s.%s(%d, %s, %t)", w.msg, method, num, x, always)
}

// marshalField prints how such a value is written as a field. That its text is
// empty doesn't say that it is zero: only that it is zero does.
func (w *writer) marshalField(num int32, t *model.Type, x string) {
	if !comparable(t.Go) || hasFloat(t.Go) || hasInterface(t.Go) {
		w.marshal(num, t, x, true)
		return
	}
	w.p("if %s != %s {", x, w.zeroOperand(t.Go))
	w.marshal(num, t, x, true)
	w.p("}")
}

// nested prints a message inside the message.
func (w *writer) nested(num int32, inside func()) {
	w.block(func() {
		mark := w.fresh("mark")
		w.p("%s := %s.Begin(%d)", mark, w.msg, num)
		inside()
		w.p("%s.End(%s)", w.msg, mark)
	})
}

func (w *writer) slice(num int32, t *model.Type, x string) {
	if !isPacked(t.Elem) {
		w.elements(num, t, x)
		return
	}
	w.p("if len(%s) > 0 {", x)
	w.nested(num, func() { w.elements(num, t, x) })
	w.p("}")
}

func (w *writer) array(num int32, t *model.Type, x string) {
	if !isPacked(t.Elem) {
		w.elements(num, t, x)
		return
	}
	// A block, because mark may be declared beside it already.
	w.p("{")
	w.nested(num, func() { w.elements(num, t, x) })
	w.p("}")
}

// elements prints how the elements of a slice or array are written.
func (w *writer) elements(num int32, t *model.Type, x string) {
	w.block(func() {
		var e string
		if w.byIndex(t) {
			i := w.fresh("i")
			w.p("for %s := range %s {", i, x)
			e = operand(x) + "[" + i + "]"
		} else {
			e = w.fresh("e")
			w.p("for _, %s := range %s {", e, x)
		}
		w.notNil(num, t.Elem, e)
		w.element(num, t.Elem, e)
		w.p("}")
	})
}

// byIndex says that elements are not to be copied, or must have an address.
func (w *writer) byIndex(t *model.Type) bool {
	if t.Kind == model.Array {
		return true
	}
	switch t.Elem.Kind {
	case model.Struct, model.ByteArray:
		return true
	case model.Wrapped:
		return t.Elem.Elem.Kind == model.Array
	case model.Text, model.Binary:
		return t.Elem.Addr
	}
	return false
}

// notNil prints that a nil element ends the message, if t has nil.
func (w *writer) notNil(num int32, t *model.Type, x string) {
	if !canBeNil(t) {
		return
	}
	w.p("if %s == nil {", x)
	w.p("%s.NilElement(%d)", w.msg, num)
	w.p("break")
	w.p("}")
}

// element prints how an element is written: inside of a packed field, without a
// number of its own.
func (w *writer) element(num int32, t *model.Type, x string) {
	if !isPacked(t) {
		w.value(num, t, x)
		return
	}
	if t.Kind == model.Pointer {
		t, x = t.Elem, deref(x)
	}
	switch t.Kind {
	case model.Bool:
		x = "PutBool(" + to("bool", t.Go, x)
	case model.Uint:
		x = "PutUint(" + to("uint64", t.Go, x)
	case model.Float:
		if t.Bits == 32 {
			x = "PutFloat(" + to("float32", t.Go, x)
		} else {
			x = "PutDouble(" + to("float64", t.Go, x)
		}
	default:
		x = to("int64", t.Go, x)
		if enumOrInt(t) == "Enum" {
			x = "PutEnum(" + strconv.Itoa(int(num)) + ", " + x
		} else {
			x = "PutInt(" + x
		}
	}
	w.p("%s.%s)", w.msg, x)
}

// mapping prints how the entries of a map are written.
func (w *writer) mapping(num int32, t *model.Type, x string) {
	w.block(func() {
		k, e := w.fresh("k"), w.fresh("e")
		w.p("for %s, %s := range %s {", k, e, x)
		w.notNil(num, t.Elem, e)
		w.nested(num, func() {
			w.value(1, t.Key, k)
			w.value(2, t.Elem, e)
		})
		w.p("}")
	})
}
