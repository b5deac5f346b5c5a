package tenon

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"unicode/utf8"
)

// ErrNilElement is why a message with a nil pointer, interface or function in a
// slice, array or map can't be sent: protobuf has no word for it there.
var ErrNilElement error = &Error{
	Code:    InvalidArgument,
	Message: "nil in a list or map cannot cross; leave it out, or use a struct with a field that may be nil",
}

// WriteText writes the text of v as a field of protobuf type string. An empty
// one is written only if always is true.
func (m *Message) WriteText(num int32, v encoding.TextMarshaler, always bool) {
	b, err := v.MarshalText()
	m.writeValue(num, v, b, err, always, true)
}

// WriteBinary writes the binary form of v as a field of protobuf type bytes. An
// empty one is written only if always is true.
func (m *Message) WriteBinary(num int32, v encoding.BinaryMarshaler, always bool) {
	b, err := v.MarshalBinary()
	m.writeValue(num, v, b, err, always, false)
}

func (m *Message) writeValue(num int32, v any, b []byte, err error, always, text bool) {
	switch {
	case err != nil:
		m.fail(valueError(num, v, err))
	case text && !utf8.Valid(b):
		m.fail(valueError(num, v, errUTF8))
	case len(b) > 0 || always:
		m.WriteBytes(num, b)
	}
}

// WriteTextAppend is WriteText for a value that can append its text, which is not
// allocated by itself then.
func (m *Message) WriteTextAppend(num int32, v encoding.TextAppender, always bool) {
	start := len(m.buf)
	mark := m.Begin(num)
	b, err := v.AppendText(m.buf)
	m.appended(num, v, start, mark, b, err, always, true)
}

// WriteBinaryAppend is WriteBinary for a value that can append its binary form.
func (m *Message) WriteBinaryAppend(num int32, v encoding.BinaryAppender, always bool) {
	start := len(m.buf)
	mark := m.Begin(num)
	b, err := v.AppendBinary(m.buf)
	m.appended(num, v, start, mark, b, err, always, false)
}

var errShrunk = errors.New("its Append method returned less than it was given")

// appended ends a field that v has appended to the message, or takes it back.
func (m *Message) appended(num int32, v any, start, mark int, b []byte, err error, always, text bool) {
	switch {
	case err != nil:
	case len(b) < mark:
		err = errShrunk
	case text && !utf8.Valid(b[mark:]):
		err = errUTF8
	}
	if err != nil {
		m.fail(valueError(num, v, err))
		b = nil
	}
	if len(b) > mark || err == nil && always {
		m.buf = b
		m.End(mark)
		return
	}
	m.buf = m.buf[:start]
	m.depth--
}

// ReadText reads the current field as protobuf type string, into v.
func (m *Message) ReadText(v encoding.TextUnmarshaler) {
	view := m.ReadView()
	if m.err == nil && !utf8.Valid(view) {
		m.fail(fmt.Errorf("field %d: %w", m.num, errUTF8))
	}
	m.readValue(v, view, v.UnmarshalText)
}

// ReadBinary reads the current field as protobuf type bytes, into v.
func (m *Message) ReadBinary(v encoding.BinaryUnmarshaler) {
	m.readValue(v, m.ReadView(), v.UnmarshalBinary)
}

// readValue lets a value's own method read view. One that panics on what the
// other side sent must not end this side: that is an error like any other.
func (m *Message) readValue(v any, view []byte, unmarshal func([]byte) error) {
	if m.err != nil {
		return
	}
	if len(view) > longNumber && isNumber(v) {
		m.fail(valueError(m.num, v, fmt.Errorf("%d bytes are more than the %d that a number may have: to read one takes a time that grows with their square", len(view), longNumber)))
		return
	}
	defer func() {
		if p := recover(); p != nil {
			m.fail(valueError(m.num, v, fmt.Errorf("it panicked: %v", p)))
		}
	}()
	if err := unmarshal(view); err != nil {
		m.fail(valueError(m.num, v, err))
	}
}

// longNumber is how long the text of a number of package math/big may be. One of a
// megabyte takes seconds to read, and no context ends that.
const longNumber = 16 << 10

func isNumber(v any) bool {
	t := reflect.TypeOf(v)
	return t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "math/big"
}

// valueError says which type an error of one of its methods is from.
func valueError(num int32, v any, err error) error {
	return &unusable{fmt.Errorf("field %d: %s: %w", num, strings.TrimPrefix(fmt.Sprintf("%T", v), "*"), err)}
}

// WriteComplex writes v as a field of type tenon.Complex.
func (m *Message) WriteComplex(num int32, v complex128) {
	mark := m.Begin(num)
	if bits := math.Float64bits(real(v)); bits != 0 {
		m.WriteFixed64(1, bits)
	}
	if bits := math.Float64bits(imag(v)); bits != 0 {
		m.WriteFixed64(2, bits)
	}
	m.End(mark)
}

// ReadComplex reads the current field as type tenon.Complex.
func (m *Message) ReadComplex() complex128 {
	var re, im float64
	mark := m.Enter()
	for m.Next() {
		switch m.Field() {
		case 1:
			re = m.ReadDouble()
		case 2:
			im = m.ReadDouble()
		}
	}
	m.Leave(mark)
	return complex(re, im)
}

// An ErrorTable is what messages write errors with and read them with: a
// [RefTable] that has these methods too.
type ErrorTable interface {
	// AppendError appends the encoding of err, a message of type tenon.Error.
	AppendError(b []byte, err error, defs []ErrorDef) []byte
	// ParseError makes an error of what AppendError has written. The result has
	// nothing of b.
	ParseError(b []byte, defs []ErrorDef) error
}

var errNoErrors = errors.New("message holds an error but is not part of a call")

// WriteError writes err as a field of type tenon.Error, with the identity that
// the error of a call has; defs are the contract's. Nil is not written.
func (m *Message) WriteError(num int32, err error, defs []ErrorDef) {
	if err == nil {
		return
	}
	table, ok := m.refs.(ErrorTable)
	if !ok {
		m.fail(errNoErrors)
		return
	}
	mark := m.Begin(num)
	m.buf = table.AppendError(m.buf, err, defs)
	m.End(mark)
}

// ReadError reads the current field as type tenon.Error. A sentinel is itself
// again, and so is a type that defs list; see [Error] for what others are. It is
// nil if the message is malformed.
func (m *Message) ReadError(defs []ErrorDef) error {
	view := m.ReadView()
	if m.err != nil {
		return nil
	}
	table, ok := m.refs.(ErrorTable)
	if !ok {
		m.fail(errNoErrors)
		return nil
	}
	return table.ParseError(view, defs)
}
