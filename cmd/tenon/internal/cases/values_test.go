package cases_test

import (
	"encoding/json"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/across/base"
	one "github.com/tenon-go/tenon/cmd/tenon/internal/cases/collide/one/item"
	two "github.com/tenon-go/tenon/cmd/tenon/internal/cases/collide/two/item"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/directives"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/enums"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/maps"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/packagename"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/structs"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/texts"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/twocontracts"
)

// A source says what a value is made of: always the same, or chance.
type source interface {
	flip() bool
	signed(bits int) int64
	unsigned(bits int) uint64
	float(bits int) float64
	text() string
	size(most int) int // of a list or map
}

// A maker makes values of any type that can cross by itself.
type maker struct {
	source
	left  int // how much more there may be
	depth int
}

// make returns a value of type t.
func (m *maker) make(t reflect.Type) reflect.Value {
	m.left--
	if f := special[t]; f != nil {
		return reflect.ValueOf(f(m)).Convert(t)
	}
	m.depth++
	defer func() { m.depth-- }()
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(m.flip())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		bits := t.Bits()
		if enumTypes[t] {
			bits = min(bits, 32) // as the enums of protobuf
		}
		v.SetInt(m.signed(bits))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(m.unsigned(t.Bits()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(m.float(t.Bits()))
	case reflect.Complex64, reflect.Complex128:
		v.SetComplex(complex(m.float(t.Bits()/2), m.float(t.Bits()/2)))
	case reflect.String:
		v.SetString(m.text())
	case reflect.Pointer:
		if m.more() && m.flip() {
			v.Set(m.pointer(t))
		}
	case reflect.Slice:
		m.slice(v)
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).Set(m.make(t.Elem()))
		}
	case reflect.Map:
		m.mapping(v)
	case reflect.Struct:
		m.fields(v)
	}
	return v
}

// more says whether there may be more: recursive types have to end.
func (m *maker) more() bool { return m.left > 0 && m.depth < 8 }

func (m *maker) slice(v reflect.Value) {
	n := 0
	if m.more() {
		n = m.size(5)
	}
	if n == 0 && m.flip() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0)) // not nil
	}
	for range n {
		v.Set(reflect.Append(v, m.element(v.Type().Elem())))
	}
}

// element is make, but not nil, which can't be in a list.
func (m *maker) element(t reflect.Type) reflect.Value {
	if t.Kind() == reflect.Pointer && special[t] == nil {
		return m.pointer(t)
	}
	return m.make(t)
}

func (m *maker) pointer(t reflect.Type) reflect.Value {
	p := reflect.New(t.Elem())
	p.Elem().Set(m.make(t.Elem()))
	return p
}

func (m *maker) mapping(v reflect.Value) {
	n := 0
	if m.more() {
		n = m.size(4)
	}
	if n > 0 || m.flip() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for range n {
		key := m.make(v.Type().Key())
		if key.Equal(key) { // NaN could not be found again
			v.SetMapIndex(key, m.element(v.Type().Elem()))
		}
	}
}

func (m *maker) fields(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if crosses(f) {
			settable(v.Field(i)).Set(m.make(f.Type))
		}
	}
}

// crosses reports whether a field is part of the message.
func crosses(f reflect.StructField) bool {
	return f.Tag.Get("tenon") != "-" && (f.IsExported() || f.Anonymous) && makeable(f.Type)
}

// settable makes a field of an unexported embedded struct one that can be set.
func settable(v reflect.Value) reflect.Value {
	if v.CanSet() {
		return v
	}
	return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
}

// makeable reports whether values of t can be made: whether it has no refs and
// no errors in it.
func makeable(t reflect.Type) bool { return makeableIn(t, map[reflect.Type]bool{}) }

func makeableIn(t reflect.Type, seen map[reflect.Type]bool) bool {
	if special[t] != nil || seen[t] {
		return true
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Func, reflect.Interface, reflect.Chan, reflect.UnsafePointer:
		return false
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return makeableIn(t.Elem(), seen)
	case reflect.Map:
		return makeableIn(t.Key(), seen) && makeableIn(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Tag.Get("tenon") != "-" && !makeableIn(f.Type, seen) {
				return false
			}
		}
	}
	return true
}

// special makes the values of types that are more than their structure.
var special map[reflect.Type]func(m *maker) any

func init() { // for its functions use it
	special = map[reflect.Type]func(m *maker) any{
		reflect.TypeFor[time.Time](): func(m *maker) any {
			seconds := m.signed(64) % 250_000_000_000 // some thousand years
			if seconds < -62_000_000_000 {
				seconds = -seconds
			}
			if seconds == 0 && m.flip() {
				return time.Time{}
			}
			return time.Unix(seconds, int64(m.unsigned(32)%1e9)).UTC()
		},
		reflect.TypeFor[netip.Addr](): func(m *maker) any {
			if m.flip() {
				return netip.AddrFrom4([4]byte{byte(m.unsigned(8)), 2, 3, byte(m.unsigned(8))})
			}
			if m.flip() {
				return netip.Addr{}
			}
			return netip.AddrFrom16([16]byte{0x20, 1, 15: byte(m.unsigned(8))}).WithZone("eth0")
		},
		reflect.TypeFor[netip.Prefix](): func(m *maker) any {
			if m.flip() {
				return netip.Prefix{}
			}
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(m.unsigned(8))}), int(m.unsigned(8)%33))
		},
		reflect.TypeFor[big.Int]():  func(m *maker) any { return *bigInt(m) },
		reflect.TypeFor[*big.Int](): func(m *maker) any { return bigInt(m) },
		reflect.TypeFor[url.URL]():  func(m *maker) any { return *anyURL(m) },
		reflect.TypeFor[*url.URL](): func(m *maker) any { return anyURL(m) },
		reflect.TypeFor[json.RawMessage](): func(m *maker) any {
			b, _ := json.Marshal(map[string]any{"s": m.text(), "n": m.signed(32)})
			return json.RawMessage(b)
		},
		reflect.TypeFor[texts.PointerText]():   func(m *maker) any { return texts.NewPointerText(m.text()) },
		reflect.TypeFor[texts.PointerBinary](): func(m *maker) any { return texts.NewPointerBinary(m.text() + "\xff") },
		reflect.TypeFor[texts.Both]():          func(m *maker) any { return texts.NewBoth(m.text()) },
		reflect.TypeFor[texts.Appending](): func(m *maker) any {
			return texts.NewAppending("first", strings.ReplaceAll(m.text(), ",", ";"))
		},
		reflect.TypeFor[texts.TextList](): func(m *maker) any {
			return texts.TextList{"first", strings.ReplaceAll(m.text(), "\n", " ")}
		},
		reflect.TypeFor[*structpb.Struct](): func(m *maker) any {
			s, err := structpb.NewStruct(map[string]any{m.text(): m.text(), "n": 1.5, "l": []any{true, nil}})
			if err != nil {
				panic(err)
			}
			return s
		},
		reflect.TypeFor[*structpb.Value]():        func(m *maker) any { return structpb.NewStringValue(m.text()) },
		reflect.TypeFor[*timestamppb.Timestamp](): func(m *maker) any { return &timestamppb.Timestamp{Seconds: m.signed(32), Nanos: 5} },
		reflect.TypeFor[*durationpb.Duration]():   func(m *maker) any { return &durationpb.Duration{Seconds: m.signed(32)} },
		reflect.TypeFor[*descriptorpb.FileDescriptorProto](): func(m *maker) any {
			return &descriptorpb.FileDescriptorProto{
				Name: proto.String(m.text()), PublicDependency: []int32{1, 2, int32(m.signed(32))},
				MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("")}, {}},
			}
		},
	}
}

// enumTypes are the enums whose Go type is wider than those of protobuf.
var enumTypes = map[reflect.Type]bool{
	reflect.TypeFor[time.Month]():        true,
	reflect.TypeFor[time.Weekday]():      true,
	reflect.TypeFor[enums.Color]():       true,
	reflect.TypeFor[structs.Enum]():      true,
	reflect.TypeFor[maps.Enum]():         true,
	reflect.TypeFor[twocontracts.Kind](): true,
	reflect.TypeFor[directives.Kind]():   true,
	reflect.TypeFor[packagename.Kind]():  true,
	reflect.TypeFor[base.Kind]():         true,
	reflect.TypeFor[one.Kind]():          true,
	reflect.TypeFor[two.Kind]():          true,
}

func bigInt(m *maker) *big.Int {
	b := big.NewInt(m.signed(64))
	return b.Mul(b, big.NewInt(m.signed(64)))
}

func anyURL(m *maker) *url.URL {
	return &url.URL{Scheme: "https", Host: "example.com", Path: "/" + m.text(), RawQuery: url.Values{"q": {m.text()}}.Encode()}
}

// An edge is a source of always the same values.
type edge struct {
	name    string
	yes     bool
	int     func(bits int) int64
	uint    func(bits int) uint64
	number  float64
	string  string
	several int
}

func (e edge) flip() bool               { return e.yes }
func (e edge) signed(bits int) int64    { return e.int(bits) }
func (e edge) unsigned(bits int) uint64 { return e.uint(bits) }
func (e edge) text() string             { return e.string }
func (e edge) size(int) int             { return e.several }

func (e edge) float(bits int) float64 {
	if bits == 32 {
		return float64(float32(e.number))
	}
	return e.number
}

func constant[T any](v T) func(int) T { return func(int) T { return v } }

// edges are the values that are most easily got wrong.
var edges = []edge{
	{name: "zero", int: constant[int64](0), uint: constant[uint64](0)},
	{name: "empty", yes: true, int: constant[int64](0), uint: constant[uint64](0), number: math.Copysign(0, -1)},
	{name: "zero elements", yes: true, int: constant[int64](0), uint: constant[uint64](0), several: 2},
	{name: "one", yes: true, int: constant[int64](1), uint: constant[uint64](1), number: 1, string: "1", several: 1},
	{
		name: "least", yes: true, int: func(bits int) int64 { return -1 << (bits - 1) }, uint: constant[uint64](0),
		number: math.Inf(-1), string: "\x00", several: 3,
	},
	{
		name: "most", yes: true, int: func(bits int) int64 { return 1<<(bits-1) - 1 }, uint: func(bits int) uint64 { return 1<<bits - 1 },
		number: math.Inf(1), string: strings.Repeat("ünïcödé\u2028🎉", 30), several: 2,
	},
	{name: "odd", yes: true, int: constant[int64](-1), uint: constant[uint64](128), number: math.NaN(), string: "%d\\\"\n", several: 1},
	{name: "tiny", yes: true, int: constant[int64](127), uint: constant[uint64](127), number: math.SmallestNonzeroFloat64, string: " ", several: 1},
}

// A random source is rapid's.
type random struct{ *rapid.T }

func (r random) flip() bool { return rapid.Bool().Draw(r.T, "flip") }

func (r random) signed(bits int) int64 {
	return rapid.Int64Range(-1<<(bits-1), 1<<(bits-1)-1).Draw(r.T, "int")
}

func (r random) unsigned(bits int) uint64 {
	return rapid.Uint64Range(0, 1<<bits-1).Draw(r.T, "uint")
}

func (r random) float(bits int) float64 {
	if bits == 32 {
		return float64(rapid.Float32().Draw(r.T, "float"))
	}
	return rapid.Float64().Draw(r.T, "float")
}

func (r random) text() string {
	return rapid.String().Filter(utf8.ValidString).Draw(r.T, "string")
}

func (r random) size(most int) int { return rapid.IntRange(0, most).Draw(r.T, "size") }
