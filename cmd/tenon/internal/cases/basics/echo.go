package basics

import "context"

// Echo returns what it is given.
type Echo struct{}

func (Echo) Bools(_ context.Context, a bool, b Bool) (bool, Bool, error) {
	return a, b, nil
}

func (Echo) Ints(_ context.Context, a int, b int8, c int16, d int32, e int64) (int, int8, int16, int32, int64, error) {
	return a, b, c, d, e, nil
}

func (Echo) Uints(_ context.Context, a uint, b uint8, c uint16, d uint32, e uint64, f uintptr) (uint, uint8, uint16, uint32, uint64, uintptr, error) {
	return a, b, c, d, e, f, nil
}

func (Echo) Floats(_ context.Context, a float32, b float64, c complex64, d complex128) (float32, float64, complex64, complex128, error) {
	return a, b, c, d, nil
}

func (Echo) Strings(_ context.Context, a string, b String, c byte, d rune) (string, String, byte, rune, error) {
	return a, b, c, d, nil
}

func (Echo) Named(_ context.Context, a Int, b Int8, c Int16, d Int32, e Int64, f Uint, g Uint8, h Uint16, i Uint32, j Uint64, k Float32, l Float64, m Complex64, n Complex128) (Int, Int8, Int16, Int32, Int64, Uint, Uint8, Uint16, Uint32, Uint64, Float32, Float64, Complex64, Complex128, error) {
	return a, b, c, d, e, f, g, h, i, j, k, l, m, n, nil
}

func (Echo) Pointed(_ context.Context, a *bool, b *int, c *uint8, d *float64, e *string, f *Int16, g *complex128) (*bool, *int, *uint8, *float64, *string, *Int16, *complex128, error) {
	return a, b, c, d, e, f, g, nil
}

func (Echo) Listed(_ context.Context, a []bool, b []int, c []uint16, d []float32, e []string, f []Int32, g []complex64) ([]bool, []int, []uint16, []float32, []string, []Int32, []complex64, error) {
	return a, b, c, d, e, f, g, nil
}

func (Echo) Fields(_ context.Context, v Fields) (Fields, error) {
	return v, nil
}

func (Echo) Pointers(_ context.Context, v Pointers) (Pointers, error) {
	return v, nil
}

func (Echo) Lists(_ context.Context, v Lists) (Lists, error) {
	return v, nil
}

func (Echo) Arrays(_ context.Context, v Arrays) (Arrays, error) {
	return v, nil
}

func (Echo) Values(_ context.Context, v Values) (Values, error) {
	return v, nil
}
