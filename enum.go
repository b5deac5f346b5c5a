package tenon

import (
	"fmt"
	"math"
)

// WriteEnum writes v as a field of a protobuf enum. A value that has more than 32
// bits, which a Go type may have and no enum has, makes the message unsendable:
// most implementations would read it as another one.
func (m *Message) WriteEnum(num int32, v int64) {
	m.checkEnum(num, v)
	m.WriteInt(num, v)
}

// PutEnum writes v as an element of the packed field num, which is of an enum; see
// [Message.WriteEnum].
func (m *Message) PutEnum(num int32, v int64) {
	m.checkEnum(num, v)
	m.PutInt(v)
}

func (m *Message) checkEnum(num int32, v int64) {
	if v < math.MinInt32 || v > math.MaxInt32 {
		m.failField(num, fmt.Errorf("%d is not a value of an enum: those of protobuf have 32 bits", v))
	}
}

// NilElement says that an element of the list or map in field num is nil; see
// [ErrNilElement].
func (m *Message) NilElement(num int32) {
	m.Fail(fmt.Errorf("field %d: %w", num, ErrNilElement))
}
