package texts

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Text marshals by value.
type Text struct{ S string }

// MarshalText is of the value.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.S), nil }

// UnmarshalText has to be of the pointer.
func (t *Text) UnmarshalText(b []byte) error {
	if string(b) == "refused" {
		return errors.New("this text is refused")
	}
	t.S = string(b)
	return nil
}

// PointerText marshals by pointer, and has a field that can't cross by itself.
type PointerText struct{ s string }

// NewPointerText returns one.
func NewPointerText(s string) PointerText { return PointerText{s} }

// MarshalText is of the pointer.
func (t *PointerText) MarshalText() ([]byte, error) { return []byte(t.s), nil }

// UnmarshalText is of the pointer.
func (t *PointerText) UnmarshalText(b []byte) error {
	t.s = string(b)
	return nil
}

// Binary is a number in eight bytes, or none if it is 0.
type Binary uint64

// MarshalBinary is of the value.
func (v Binary) MarshalBinary() ([]byte, error) {
	if v == 0 {
		return nil, nil
	}
	return binary.BigEndian.AppendUint64(nil, uint64(v)), nil
}

// UnmarshalBinary refuses what is not of eight bytes, or empty.
func (v *Binary) UnmarshalBinary(b []byte) error {
	switch len(b) {
	case 0:
		*v = 0
	case 8:
		*v = Binary(binary.BigEndian.Uint64(b))
	default:
		return errors.New("not of 8 bytes")
	}
	return nil
}

// PointerBinary marshals by pointer.
type PointerBinary struct{ b string }

// NewPointerBinary returns one.
func NewPointerBinary(s string) PointerBinary { return PointerBinary{s} }

// MarshalBinary is of the pointer.
func (v *PointerBinary) MarshalBinary() ([]byte, error) { return []byte(v.b), nil }

// UnmarshalBinary is of the pointer.
func (v *PointerBinary) UnmarshalBinary(b []byte) error {
	v.b = string(b)
	return nil
}

// Both has both; text is preferred.
type Both struct{ n string }

// NewBoth returns one.
func NewBoth(s string) Both { return Both{s} }

// MarshalText is preferred.
func (v Both) MarshalText() ([]byte, error) { return []byte(v.n), nil }

// UnmarshalText is preferred.
func (v *Both) UnmarshalText(b []byte) error {
	v.n = string(b)
	return nil
}

// MarshalBinary must not be called.
func (v Both) MarshalBinary() ([]byte, error) { return nil, errors.New("MarshalBinary was called") }

// UnmarshalBinary must not be called.
func (v *Both) UnmarshalBinary([]byte) error { return errors.New("UnmarshalBinary was called") }

// Appending appends, which saves a copy.
type Appending struct{ parts []string }

// NewAppending returns one.
func NewAppending(parts ...string) Appending { return Appending{parts} }

// AppendText is what is called.
func (v Appending) AppendText(b []byte) ([]byte, error) {
	return append(b, strings.Join(v.parts, ",")...), nil
}

// UnmarshalText is its reverse.
func (v *Appending) UnmarshalText(b []byte) error {
	v.parts = strings.Split(string(b), ",")
	return nil
}

// HalfText can only be marshalled, so it crosses as the struct that it is.
type HalfText struct{ A, B int }

// MarshalText has no reverse.
func (HalfText) MarshalText() ([]byte, error) { return nil, errors.New("MarshalText was called") }

// TextList is a slice that is text.
type TextList []string

// MarshalText joins.
func (l TextList) MarshalText() ([]byte, error) { return []byte(strings.Join(l, "\n")), nil }

// UnmarshalText splits.
func (l *TextList) UnmarshalText(b []byte) error {
	*l = strings.Split(string(b), "\n")
	return nil
}
