package tenon

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// What no enum holds is an error that says where it is.
func TestBadEnums(t *testing.T) {
	for _, bad := range []int64{math.MaxInt32 + 1, math.MinInt32 - 1, math.MaxInt64} {
		var single, list Message
		single.WriteEnum(7, bad)
		list.PutEnum(7, bad)
		for _, m := range []*Message{&single, &list} {
			if err := m.Err(); CodeOf(err) != InvalidArgument || !strings.HasPrefix(err.Error(), "field 7: ") {
				t.Errorf("%d: %v", bad, err)
			}
		}
	}
	var m Message
	m.WriteEnum(7, math.MaxInt32)
	m.PutEnum(7, math.MinInt32)
	if m.Err() != nil {
		t.Error(m.Err())
	}
}

func TestNilElement(t *testing.T) {
	var m Message
	m.NilElement(7)
	if err := m.Err(); !errors.Is(err, ErrNilElement) || CodeOf(err) != InvalidArgument || !strings.HasPrefix(err.Error(), "field 7: nil in a list") {
		t.Error(err)
	}
}
