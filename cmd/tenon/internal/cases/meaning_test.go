package cases_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// meaning compares Go values with what protobuf read of them, by the names in
// the .proto and the kinds of values alone: it knows nothing of the generated
// code. A codec that writes two fields in each other's place, and reads them so,
// is found here.
func meaning(args []reflect.Value, m protoreflect.Message) error {
	fields := m.Descriptor().Fields()
	if fields.Len() != len(args) {
		return fmt.Errorf("%s has %d fields for %d values", m.Descriptor().FullName(), fields.Len(), len(args))
	}
	for i, v := range args {
		if err := meansField(v, m, fields.Get(i)); err != nil {
			return fmt.Errorf("%s: %w", fields.Get(i).FullName(), err)
		}
	}
	return nil
}

// meansField compares v with a field of m.
func meansField(v reflect.Value, m protoreflect.Message, f protoreflect.FieldDescriptor) error {
	if isSpecial(v) {
		return meansSpecial(v, m.Get(f), m.Has(f))
	}
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return want(m.Has(f), false)
	case v.Kind() == reflect.Pointer:
		if !m.Has(f) {
			return fmt.Errorf("is absent, and not %v", v.Elem())
		}
		return meansField(v.Elem(), m, f)
	case f.IsMap():
		return meansMap(v, m.Get(f).Map(), f)
	case f.IsList() && v.Kind() == reflect.Map:
		return meansEntries(v, m.Get(f).List())
	case f.IsList():
		return meansList(v, m.Get(f).List(), f)
	case v.Kind() == reflect.Struct && v.Type() != timeType && !m.Has(f):
		return fmt.Errorf("is absent, though a struct is always there")
	}
	return means(v, f, m.Get(f))
}

var timeType = reflect.TypeFor[time.Time]()

// means compares v with a single value.
func means(v reflect.Value, f protoreflect.FieldDescriptor, p protoreflect.Value) error {
	if isSpecial(v) {
		return meansSpecial(v, p, true)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return means(v.Elem(), f, p)
	case reflect.Bool:
		return want(p.Bool(), v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return want(integer(f, p), v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return want(unsigned(f, p), v.Uint())
	case reflect.Float32, reflect.Float64:
		return wantFloat(p.Float(), v.Float())
	case reflect.Complex64, reflect.Complex128:
		return meansComplex(v.Complex(), p.Message())
	case reflect.String:
		return want(p.String(), v.String())
	case reflect.Struct:
		return meansStruct(v, p.Message())
	}
	if f.Kind() == protoreflect.BytesKind {
		return meansBytes(v, p.Bytes())
	}
	inner := p.Message() // wraps a list or map
	return meansField(v, inner, inner.Descriptor().Fields().Get(0))
}

func integer(f protoreflect.FieldDescriptor, p protoreflect.Value) int64 {
	if f.Kind() == protoreflect.EnumKind {
		return int64(p.Enum())
	}
	return p.Int()
}

func unsigned(f protoreflect.FieldDescriptor, p protoreflect.Value) uint64 {
	if f.Kind() == protoreflect.EnumKind {
		return uint64(p.Enum())
	}
	return p.Uint()
}

func want[T comparable](got, want T) error {
	if got != want {
		return fmt.Errorf("is %v for protobuf, and not %v", got, want)
	}
	return nil
}

func wantFloat(got, want float64) error {
	if !sameFloat(got, want) {
		return fmt.Errorf("is %v (%x) for protobuf, and not %v", got, math.Float64bits(got), want)
	}
	return nil
}

func meansComplex(v complex128, m protoreflect.Message) error {
	f := m.Descriptor().Fields()
	if err := wantFloat(m.Get(f.Get(0)).Float(), real(v)); err != nil {
		return err
	}
	return wantFloat(m.Get(f.Get(1)).Float(), imag(v))
}

func meansBytes(v reflect.Value, p []byte) error {
	if v.Kind() == reflect.Array && len(p) == 0 && v.IsZero() {
		return nil // as all plain fields, a zero array need not be written
	}
	for i := range v.Len() {
		if i >= len(p) || uint64(p[i]) != v.Index(i).Uint() {
			return fmt.Errorf("are the bytes %x for protobuf, and not %v", p, v)
		}
	}
	return want(len(p), v.Len())
}

// meansStruct compares by name.
func meansStruct(v reflect.Value, m protoreflect.Message) error {
	n := 0
	for i := range v.NumField() {
		goField := v.Type().Field(i)
		if !crosses(goField) {
			continue
		}
		n++
		f := fieldOf(m.Descriptor(), goField)
		if f == nil {
			return fmt.Errorf("%s has no field for %s", m.Descriptor().FullName(), goField.Name)
		}
		if err := meansField(v.Field(i), m, f); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	return want(m.Descriptor().Fields().Len(), n)
}

func fieldOf(d protoreflect.MessageDescriptor, goField reflect.StructField) protoreflect.FieldDescriptor {
	name := goField.Name
	for part := range strings.SplitSeq(goField.Tag.Get("tenon"), ",") {
		if s, ok := strings.CutPrefix(part, "name="); ok {
			name = s
		}
	}
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	for i := range d.Fields().Len() {
		if f := d.Fields().Get(i); plain(string(f.Name())) == plain(name) {
			return f
		}
	}
	return nil
}

func meansList(v reflect.Value, l protoreflect.List, f protoreflect.FieldDescriptor) error {
	if v.Kind() == reflect.Array && l.Len() == 0 && v.IsZero() {
		return nil
	}
	if err := want(l.Len(), v.Len()); err != nil {
		return fmt.Errorf("its length %w", err)
	}
	for i := range v.Len() {
		if err := means(v.Index(i), f, l.Get(i)); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

func meansMap(v reflect.Value, m protoreflect.Map, f protoreflect.FieldDescriptor) error {
	if err := want(m.Len(), v.Len()); err != nil {
		return fmt.Errorf("its length %w", err)
	}
	for _, key := range v.MapKeys() {
		k := mapKey(key, f.MapKey())
		if !m.Has(k) {
			return fmt.Errorf("has no key %v", key)
		}
		if err := means(v.MapIndex(key), f.MapValue(), m.Get(k)); err != nil {
			return fmt.Errorf("value of %v: %w", key, err)
		}
	}
	return nil
}

func mapKey(v reflect.Value, f protoreflect.FieldDescriptor) protoreflect.MapKey {
	var p protoreflect.Value
	switch f.Kind() {
	case protoreflect.BoolKind:
		p = protoreflect.ValueOfBool(v.Bool())
	case protoreflect.StringKind:
		p = protoreflect.ValueOfString(v.String())
	case protoreflect.Int32Kind:
		p = protoreflect.ValueOfInt32(int32(v.Int()))
	case protoreflect.Int64Kind:
		p = protoreflect.ValueOfInt64(v.Int())
	case protoreflect.Uint32Kind:
		p = protoreflect.ValueOfUint32(uint32(v.Uint()))
	default:
		p = protoreflect.ValueOfUint64(v.Uint())
	}
	return p.MapKey()
}

// meansEntries compares a map whose keys protobuf doesn't allow: each entry of
// the list has to be found.
func meansEntries(v reflect.Value, l protoreflect.List) error {
	if err := want(l.Len(), v.Len()); err != nil {
		return fmt.Errorf("its length %w", err)
	}
	for _, key := range v.MapKeys() {
		found := slices.ContainsFunc(messages(l), func(m protoreflect.Message) bool {
			f := m.Descriptor().Fields()
			return meansField(key, m, f.Get(0)) == nil && meansField(v.MapIndex(key), m, f.Get(1)) == nil
		})
		if !found {
			return fmt.Errorf("has no entry for %v: %v", key, v.MapIndex(key))
		}
	}
	return nil
}

func messages(l protoreflect.List) []protoreflect.Message {
	var all []protoreflect.Message
	for i := range l.Len() {
		all = append(all, l.Get(i).Message())
	}
	return all
}

// isSpecial reports whether a value is more than its structure.
func isSpecial(v reflect.Value) bool {
	switch addressable(v).Interface().(type) {
	case *time.Time, *time.Duration, *json.RawMessage:
		return true
	}
	if v.Kind() == reflect.Pointer {
		_, ok := readable(v).Interface().(proto.Message)
		return ok
	}
	p := addressable(v).Interface()
	_, text := p.(encoding.TextUnmarshaler)
	_, binary := p.(encoding.BinaryUnmarshaler)
	return text || binary
}

// addressable returns a pointer to a copy of v, also of an unexported field.
func addressable(v reflect.Value) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(readable(v))
	return p
}

func readable(v reflect.Value) reflect.Value {
	if v.CanInterface() {
		return v
	}
	if v.CanAddr() {
		return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	return reflect.Zero(v.Type())
}

func meansSpecial(v reflect.Value, p protoreflect.Value, has bool) error {
	if v.Kind() == reflect.Pointer {
		return meansProto(readable(v).Interface().(proto.Message), p, has)
	}
	if v.IsZero() && !has {
		return nil
	}
	switch x := addressable(v).Interface().(type) {
	case *time.Time:
		return meansSeconds(x.Unix(), int64(x.Nanosecond()), p.Message())
	case *time.Duration:
		return meansSeconds(int64(*x/time.Second), int64(*x%time.Second), p.Message())
	case *json.RawMessage:
		return want(string(p.Bytes()), string(*x))
	case encoding.TextUnmarshaler:
		return wantText(x, p)
	default:
		b, err := x.(encoding.BinaryMarshaler).MarshalBinary()
		if err == nil && !bytes.Equal(b, p.Bytes()) {
			err = fmt.Errorf("is %x for protobuf, and not %x", p.Bytes(), b)
		}
		return err
	}
}

func wantText(x any, p protoreflect.Value) error {
	var b []byte
	var err error
	if m, ok := x.(encoding.TextMarshaler); ok {
		b, err = m.MarshalText()
	} else {
		b, err = x.(encoding.TextAppender).AppendText(nil)
	}
	if err != nil {
		return err
	}
	return want(p.String(), string(b))
}

func meansSeconds(seconds, nanos int64, m protoreflect.Message) error {
	f := m.Descriptor().Fields()
	if err := want(m.Get(f.ByName("seconds")).Int(), seconds); err != nil {
		return err
	}
	return want(m.Get(f.ByName("nanos")).Int(), nanos)
}

func meansProto(x proto.Message, p protoreflect.Value, has bool) error {
	if reflect.ValueOf(x).IsNil() {
		return want(has, false)
	}
	b, err := proto.Marshal(p.Message().Interface())
	if err != nil {
		return err
	}
	got := x.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(b, got); err != nil {
		return err
	}
	return want(proto.Equal(got, x), true)
}
