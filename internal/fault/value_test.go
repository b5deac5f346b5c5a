package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
)

// pairError is an error type with errors in its fields, beside what it wraps.
type pairError struct {
	A, B error
	Err  error
}

func (e *pairError) Error() string { return "pair" }
func (e *pairError) Unwrap() error { return e.Err }

var pairDefs = append(slices.Clone(defs), tenon.ErrorDef{Name: "kv.PairError"})

func init() {
	def := &pairDefs[len(pairDefs)-1]
	def.Encode = func(err error, m *tenon.Message) bool {
		e, ok := err.(*pairError)
		if ok {
			m.WriteError(1, e.A, pairDefs)
			m.WriteError(2, e.B, pairDefs)
		}
		return ok
	}
	def.Decode = func(m *tenon.Message, cause error) (error, error) {
		e := &pairError{Err: cause}
		for m.Next() {
			switch m.Field() {
			case 1:
				e.A = m.ReadError(pairDefs)
			case 2:
				e.B = m.ReadError(pairDefs)
			}
		}
		return e, m.Err()
	}
}

func across(err error) error { return fault.Parse(fault.Append(nil, err, pairDefs), pairDefs) }

// A value that says all there is to say of an error is itself again; everything
// else is an Error that says the same.
func TestValueIsItself(t *testing.T) {
	for _, err := range every {
		if got := across(err); got != err && !errors.Is(got, err) {
			t.Errorf("%v became %T %v", err, got, got)
		}
	}
	for _, err := range []error{io.EOF, context.Canceled, fs.ErrNotExist, errNotFound, errFull} {
		if got := across(err); got != err {
			t.Errorf("%v became %T %v", err, got, got)
		}
	}
	if got, ok := across(&keyError{"k", 3}).(*keyError); !ok || *got != (keyError{"k", 3}) {
		t.Errorf("%T", got)
	}
	for _, err := range []error{errors.New("text"), fmt.Errorf("while reading: %w", io.EOF), &tenon.Error{Code: tenon.NotFound, Message: "no"}} {
		got := across(err)
		e, ok := got.(*tenon.Error)
		if !ok || e.Error() != err.Error() || e.Code != tenon.CodeOf(err) || errors.Is(got, io.EOF) != errors.Is(err, io.EOF) {
			t.Errorf("%v became %T %v", err, got, got)
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	b := fault.Append([]byte("before"), errors.New(strings.Repeat("x", 40<<10)), nil)
	if string(b[:6]) != "before" || len(fault.Parse(b[6:], nil).Error()) != 40<<10 {
		t.Error("before is lost")
	}
}

// Errors in the fields of an error cross as values, and what it wraps is not one
// of them.
func TestErrorsInFields(t *testing.T) {
	in := &pairError{A: errNotFound, B: &pairError{B: &keyError{"k", 1}}, Err: fmt.Errorf("outer: %w", io.ErrClosedPipe)}
	for name, err := range map[string]error{"value": across(in), "answer": decode(encode(in, pairDefs), pairDefs)} {
		got, ok := as[*pairError](err)
		if !ok || got.A != errNotFound || !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, errNotFound) {
			t.Fatalf("%s: %T %v %+v", name, err, err, got)
		}
		inner, ok := got.B.(*pairError)
		if !ok || inner.A != nil {
			t.Fatalf("%s: %T", name, got.B)
		}
		if k, ok := inner.B.(*keyError); !ok || k.Key != "k" {
			t.Errorf("%s: %T", name, inner.B)
		}
	}
}

// An error that is in its own fields, by two ways at once.
func TestErrorsInFieldsEnd(t *testing.T) {
	e := &pairError{}
	e.A, e.B, e.Err = e, e, errors.Join(e, e, e)
	var b []byte
	soon(t, "Append", func() { b = fault.Append(nil, e, pairDefs) })
	if len(b) > 200<<10 {
		t.Errorf("%d bytes", len(b))
	}
	var got error
	soon(t, "Parse", func() { got = fault.Parse(b, pairDefs) })
	soon(t, "to look into it", func() { lookFor(got) })
	if got.Error() != "pair" {
		t.Errorf("%.100v", got)
	}
	long := strings.Repeat("x", 30<<10)
	var deep error = errors.New(long)
	for range 20 {
		deep = &pairError{A: deep, B: errors.New(long), Err: errors.New(long)}
	}
	soon(t, "Append", func() { b = fault.Append(nil, deep, pairDefs) })
	if len(b) > 200<<10 {
		t.Errorf("%d bytes of a deep one", len(b))
	}
}

// A hostile value: fields within fields, each with a tree.
func TestBombInFields(t *testing.T) {
	var value []byte
	for i := range 60 {
		var m, cause tenon.Message
		m.WriteString(2, "boom")
		cause.WriteString(1, "t")
		cause.WriteString(2, "kv.PairError")
		cause.WriteBytes(4, value)
		for range 3 {
			cause.WriteBytes(5, level{texts: []string{"t"}, known: "fs.PathError", leaves: 2}.write(i, nil))
		}
		m.WriteBytes(4, cause.Raw())
		value = nil
		var fields tenon.Message
		fields.WriteBytes(1, m.Raw())
		if i%4 == 0 {
			fields.WriteBytes(2, m.Raw())
		}
		value = fields.Raw()
		if len(value) > 90<<10 {
			break
		}
	}
	var m tenon.Message
	m.Load(value, nil)
	m.Next()
	var err error
	soon(t, "Parse", func() { err = fault.Parse(m.ReadView(), pairDefs) })
	soon(t, "to look into it", func() { lookFor(err) })
	soon(t, "Append", func() { fault.Append(nil, err, pairDefs) })
}

func FuzzParse(f *testing.F) {
	f.Add(fault.Append(nil, io.EOF, pairDefs))
	f.Add(fault.Append(nil, &pairError{A: errNotFound, B: &pairError{A: io.EOF}, Err: &keyError{"k", 1}}, pairDefs))
	f.Fuzz(func(t *testing.T, b []byte) {
		var err error
		soon(t, "Parse", func() { err = fault.Parse(b, pairDefs) })
		if err == nil {
			t.Fatal("nil")
		}
		soon(t, "to look into it", func() { lookFor(err) })
		soon(t, "to send it on", func() { fault.Append(nil, err, pairDefs) })
	})
}
