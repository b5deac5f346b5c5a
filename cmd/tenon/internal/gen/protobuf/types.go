package protobuf

import (
	"fmt"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// A Decl is how a field is declared, but for its name and number.
type Decl struct {
	Label    string // "", "optional" or "repeated"
	Key      string // of a map; then Type is that of its values
	Type     string // "int32", "Entry", "tenon.Ref"
	Own      bool   // Type is declared in the same file
	Import   string // the file that declares Type, if it is another one
	Contract string // of refs: what they fulfil
	Kept     bool   // of refs
	IO       string // of readers, writers and closers: which methods, "Read Drain"
	Limits
}

// Declare returns how f is declared. Which limits a message has that several lists
// share, only [Declarations] knows.
func Declare(f *model.Field) Decl {
	return declare(f.Type, f.Kept)
}

func declare(t *model.Type, kept bool) Decl {
	d := Decl{}
	switch t.Kind {
	case model.Pointer:
		t = t.Elem
		if isScalar(t.Kind) {
			d.Label = "optional"
		}
	case model.Slice, model.Array:
		if t.Kind == model.Array {
			d.Length = &t.Len
		}
		t = t.Elem
		d.Label = "repeated"
	case model.Map:
		if t.Message != nil {
			return Decl{Label: "repeated", Type: t.Message.Name, Own: true}
		}
		d.Key, d.KeyBits = keyType(t.Key), narrow(t.Key)
		t = t.Elem
	}
	if t.Kind == model.Pointer {
		t = t.Elem // of an element: it can't be nil
	}
	d.single(t)
	d.Kept = kept && d.Contract != ""
	return d
}

// single adds the type of one value.
func (d *Decl) single(t *model.Type) {
	switch t.Kind {
	case model.Struct, model.Wrapped:
		d.Type, d.Own = t.Message.Name, true
	case model.EnumKind:
		d.Type, d.Own, d.Bits = t.Enum.Name, true, narrow(t)
	case model.Time:
		d.Type, d.Import = "google.protobuf.Timestamp", timestampFile
	case model.Duration:
		d.Type, d.Import = "google.protobuf.Duration", durationFile
	case model.Proto:
		d.Type, d.Import = strings.TrimPrefix(t.ProtoName, "."), t.ProtoImport
	case model.ErrorVal:
		d.Type, d.Import = "tenon.Error", tenonFile
	case model.Complex:
		d.Type, d.Import = "tenon.Complex", tenonFile
	case model.IO:
		d.Type, d.Import, d.Contract, d.IO = "tenon.Ref", tenonFile, "tenon.IO", ioMethods(t.IO)
	case model.Ref:
		d.Type, d.Import, d.Contract = "tenon.Ref", tenonFile, t.Interface.Full
	default:
		d.Type = scalar(t)
		d.value(t)
	}
}

func isScalar(k model.Kind) bool {
	switch k {
	case model.Bool, model.Int, model.Uint, model.Float, model.String, model.Bytes,
		model.ByteArray, model.EnumKind, model.Text, model.Binary:
		return true
	}
	return false
}

func scalar(t *model.Type) string {
	switch t.Kind {
	case model.Bool:
		return "bool"
	case model.Int:
		return sized("int", t.Bits)
	case model.Uint:
		return sized("uint", t.Bits)
	case model.Float:
		if t.Bits == 32 {
			return "float"
		}
		return "double"
	case model.String, model.Text:
		return "string"
	case model.Bytes, model.ByteArray, model.Binary:
		return "bytes"
	}
	return fmt.Sprintf("invalid_kind_%d", t.Kind)
}

func sized(name string, bits int) string {
	if bits == 0 || bits == 64 {
		return name + "64"
	}
	return name + "32"
}

// keyType returns the type of a map's keys. Protobuf allows no enums there, and
// an enum is an int32 on the wire.
func keyType(t *model.Type) string {
	if t.Kind == model.EnumKind {
		return "int32"
	}
	return scalar(t)
}

// ioMethods says which methods of tenon.IO a value of the interface of package
// io has, "Read Drain" of a Reader: the receiver calls no others.
func ioMethods(name string) string {
	var methods []string
	for _, m := range []struct{ part, method string }{
		{"Read", "Read"}, {"Write", "Write"}, {"Close", "Close"}, {"Read", "Drain"}, {"Write", "Fill"},
	} {
		if strings.Contains(name, m.part) {
			methods = append(methods, m.method)
		}
	}
	return strings.Join(methods, " ")
}
