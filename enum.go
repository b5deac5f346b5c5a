package tenon

import (
	"fmt"
	"math"
)

// WriteEnum writes v as a field of a protobuf enum. A value that has more than 32
// bits, which a Go type may have and no enum has, makes the message unsendable:
// most implementations would read it as another one.
func (m *Message) WriteEnum(num int32, v int64) {
	m.checkEnum(v)
	m.WriteInt(num, v)
}

// PutEnum writes v as an element of a packed field of an enum; see
// [Message.WriteEnum].
func (m *Message) PutEnum(v int64) {
	m.checkEnum(v)
	m.PutInt(v)
}

func (m *Message) checkEnum(v int64) {
	if v < math.MinInt32 || v > math.MaxInt32 {
		m.Fail(fmt.Errorf("%d is not a value of an enum: those of protobuf have 32 bits", v))
	}
}
