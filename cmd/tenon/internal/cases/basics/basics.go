// Package basics has every basic type, and a named type on each, in every
// position.
package basics

import "context"

// Basics returns what it is given.
//
//tenon:contract
type Basics interface {
	Bools(ctx context.Context, a bool, b Bool) (bool, Bool, error)
	Ints(ctx context.Context, a int, b int8, c int16, d int32, e int64) (int, int8, int16, int32, int64, error)
	Uints(ctx context.Context, a uint, b uint8, c uint16, d uint32, e uint64, f uintptr) (uint, uint8, uint16, uint32, uint64, uintptr, error)
	Floats(ctx context.Context, a float32, b float64, c complex64, d complex128) (float32, float64, complex64, complex128, error)
	Strings(ctx context.Context, a string, b String, c byte, d rune) (string, String, byte, rune, error)
	Named(ctx context.Context, a Int, b Int8, c Int16, d Int32, e Int64, f Uint, g Uint8, h Uint16, i Uint32, j Uint64, k Float32, l Float64, m Complex64, n Complex128) (Int, Int8, Int16, Int32, Int64, Uint, Uint8, Uint16, Uint32, Uint64, Float32, Float64, Complex64, Complex128, error)
	Pointed(ctx context.Context, a *bool, b *int, c *uint8, d *float64, e *string, f *Int16, g *complex128) (*bool, *int, *uint8, *float64, *string, *Int16, *complex128, error)
	Listed(ctx context.Context, a []bool, b []int, c []uint16, d []float32, e []string, f []Int32, g []complex64) ([]bool, []int, []uint16, []float32, []string, []Int32, []complex64, error)

	Fields(ctx context.Context, v Fields) (Fields, error)
	Pointers(ctx context.Context, v Pointers) (Pointers, error)
	Lists(ctx context.Context, v Lists) (Lists, error)
	Arrays(ctx context.Context, v Arrays) (Arrays, error)
	Values(ctx context.Context, v Values) (Values, error)
}

// Named types on the basic ones.
type (
	Bool       bool
	Int        int
	Int8       int8
	Int16      int16
	Int32      int32
	Int64      int64
	Uint       uint
	Uint8      uint8
	Uint16     uint16
	Uint32     uint32
	Uint64     uint64
	Uintptr    uintptr
	Float32    float32
	Float64    float64
	Complex64  complex64
	Complex128 complex128
	String     string
)

// Fields has them as fields.
type Fields struct {
	Bool            bool
	Int             int
	Int8            int8
	Int16           int16
	Int32           int32
	Int64           int64
	Uint            uint
	Uint8           uint8
	Uint16          uint16
	Uint32          uint32
	Uint64          uint64
	Uintptr         uintptr
	Float32         float32
	Float64         float64
	Complex64       complex64
	Complex128      complex128
	String          string
	NamedBool       Bool
	NamedInt        Int
	NamedInt8       Int8
	NamedInt16      Int16
	NamedInt32      Int32
	NamedInt64      Int64
	NamedUint       Uint
	NamedUint8      Uint8
	NamedUint16     Uint16
	NamedUint32     Uint32
	NamedUint64     Uint64
	NamedUintptr    Uintptr
	NamedFloat32    Float32
	NamedFloat64    Float64
	NamedComplex64  Complex64
	NamedComplex128 Complex128
	NamedString     String
}

// Pointers has pointers to them.
type Pointers struct {
	Bool            *bool
	Int             *int
	Int8            *int8
	Int16           *int16
	Int32           *int32
	Int64           *int64
	Uint            *uint
	Uint8           *uint8
	Uint16          *uint16
	Uint32          *uint32
	Uint64          *uint64
	Uintptr         *uintptr
	Float32         *float32
	Float64         *float64
	Complex64       *complex64
	Complex128      *complex128
	String          *string
	NamedBool       *Bool
	NamedInt        *Int
	NamedInt8       *Int8
	NamedInt16      *Int16
	NamedInt32      *Int32
	NamedInt64      *Int64
	NamedUint       *Uint
	NamedUint8      *Uint8
	NamedUint16     *Uint16
	NamedUint32     *Uint32
	NamedUint64     *Uint64
	NamedUintptr    *Uintptr
	NamedFloat32    *Float32
	NamedFloat64    *Float64
	NamedComplex64  *Complex64
	NamedComplex128 *Complex128
	NamedString     *String
}

// Lists has slices of them.
type Lists struct {
	Bool            []bool
	Int             []int
	Int8            []int8
	Int16           []int16
	Int32           []int32
	Int64           []int64
	Uint            []uint
	Uint8           []uint8
	Uint16          []uint16
	Uint32          []uint32
	Uint64          []uint64
	Uintptr         []uintptr
	Float32         []float32
	Float64         []float64
	Complex64       []complex64
	Complex128      []complex128
	String          []string
	NamedBool       []Bool
	NamedInt        []Int
	NamedInt8       []Int8
	NamedInt16      []Int16
	NamedInt32      []Int32
	NamedInt64      []Int64
	NamedUint       []Uint
	NamedUint8      []Uint8
	NamedUint16     []Uint16
	NamedUint32     []Uint32
	NamedUint64     []Uint64
	NamedUintptr    []Uintptr
	NamedFloat32    []Float32
	NamedFloat64    []Float64
	NamedComplex64  []Complex64
	NamedComplex128 []Complex128
	NamedString     []String
}

// Arrays has arrays of them.
type Arrays struct {
	Bool            [3]bool
	Int             [3]int
	Int8            [3]int8
	Int16           [3]int16
	Int32           [3]int32
	Int64           [3]int64
	Uint            [3]uint
	Uint8           [3]uint8
	Uint16          [3]uint16
	Uint32          [3]uint32
	Uint64          [3]uint64
	Uintptr         [3]uintptr
	Float32         [3]float32
	Float64         [3]float64
	Complex64       [3]complex64
	Complex128      [3]complex128
	String          [3]string
	NamedBool       [3]Bool
	NamedInt        [3]Int
	NamedInt8       [3]Int8
	NamedInt16      [3]Int16
	NamedInt32      [3]Int32
	NamedInt64      [3]Int64
	NamedUint       [3]Uint
	NamedUint8      [3]Uint8
	NamedUint16     [3]Uint16
	NamedUint32     [3]Uint32
	NamedUint64     [3]Uint64
	NamedUintptr    [3]Uintptr
	NamedFloat32    [3]Float32
	NamedFloat64    [3]Float64
	NamedComplex64  [3]Complex64
	NamedComplex128 [3]Complex128
	NamedString     [3]String
}

// Values has maps to them.
type Values struct {
	Bool            map[string]bool
	Int             map[string]int
	Int8            map[string]int8
	Int16           map[string]int16
	Int32           map[string]int32
	Int64           map[string]int64
	Uint            map[string]uint
	Uint8           map[string]uint8
	Uint16          map[string]uint16
	Uint32          map[string]uint32
	Uint64          map[string]uint64
	Uintptr         map[string]uintptr
	Float32         map[string]float32
	Float64         map[string]float64
	Complex64       map[string]complex64
	Complex128      map[string]complex128
	String          map[string]string
	NamedBool       map[string]Bool
	NamedInt        map[string]Int
	NamedInt8       map[string]Int8
	NamedInt16      map[string]Int16
	NamedInt32      map[string]Int32
	NamedInt64      map[string]Int64
	NamedUint       map[string]Uint
	NamedUint8      map[string]Uint8
	NamedUint16     map[string]Uint16
	NamedUint32     map[string]Uint32
	NamedUint64     map[string]Uint64
	NamedUintptr    map[string]Uintptr
	NamedFloat32    map[string]Float32
	NamedFloat64    map[string]Float64
	NamedComplex64  map[string]Complex64
	NamedComplex128 map[string]Complex128
	NamedString     map[string]String
}
