// Package enums has named integers with constants: those that become enums and
// those that don't.
package enums

import (
	"context"
	"time"
)

// Enums returns what it is given.
//
//tenon:contract
type Enums interface {
	Each(ctx context.Context, a Color, b Op, c Signed, d Small, e Doubled, f Single) (Color, Op, Signed, Small, Doubled, Single, error)
	NotEnums(ctx context.Context, a Mode, b Wide, c Private, d Bare) (Mode, Wide, Private, Bare, error)
	Foreign(ctx context.Context, m time.Month, d time.Weekday) (time.Month, time.Weekday, error)
	Positions(ctx context.Context, v Positions) (Positions, error)
}

// Color has a zero value of its own. Its names don't begin with the type's.
type Color int

// The colors.
const (
	Red   Color = iota
	Green       // is between the others
	// Blue is last.
	Blue
)

// Op has no zero value.
type Op uint8

// The names begin with the type's.
const (
	OpPut Op = iota + 1
	OpDelete
	OpGetURL2 // has capitals and a digit
)

// Signed has negative values, and its zero is not the first.
type Signed int32

// Negative, none, positive.
const (
	Minus Signed = -1
	None  Signed = 0
	Plus  Signed = 1
	Least Signed = -1 << 31
	Most  Signed = 1<<31 - 1
)

// Small is on a small type.
type Small int8

// The bounds.
const (
	SmallMin Small = -128
	SmallMax Small = 127
)

// Doubled has two names for one value.
type Doubled uint16

// Old is what First was called.
const (
	First Doubled = iota
	Second
	Old = First
)

// Single has one constant.
type Single int16

// Only is it.
const Only Single = 7

// Mode is a set of flags, which stays an integer.
type Mode uint8

// The flags.
const (
	Read Mode = 1 << iota
	Write
	Exec
)

// Wide has constants that an enum can't have.
type Wide int64

// The widest.
const Widest Wide = 1 << 40

// Private has no exported constants.
type Private int

const hidden Private = 3

// Bare has none at all.
type Bare int

// Positions has enums wherever a type can be.
type Positions struct {
	Plain    Op
	Pointer  *Color
	List     []Signed
	Array    [2]Small
	ByName   map[string]Op
	Names    map[Color]string
	Nested   [][]Op
	Months   []time.Month
	ByteList []Op
	Modes    []Mode
	Private  Private
}

// Hidden is here so that the constant is used.
func Hidden() Private { return hidden }
