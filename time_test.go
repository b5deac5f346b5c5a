package tenon

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	for _, want := range []time.Time{
		{},
		time.Unix(0, 0),
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Date(2026, 11, 22, 15, 0, 0, 1, time.FixedZone("x", 3600)),
		time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	} {
		var m Message
		m.WriteTime(1, want)
		if !m.Next() || !m.ReadTime().Equal(want) || m.Err() != nil {
			t.Errorf("%v: %v", want, m.Err())
		}
	}
	for _, bad := range []time.Time{time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		var m Message
		if m.WriteTime(7, bad); m.Err() == nil || !strings.HasPrefix(m.Err().Error(), "field 7: time is outside") {
			t.Errorf("%v was written: %v", bad, m.Err())
		}
	}
}

func TestDurations(t *testing.T) {
	for _, want := range []time.Duration{0, 1, -1, time.Second, -time.Second - 1, math.MaxInt64, math.MinInt64} {
		var m Message
		m.WriteDuration(1, want)
		if got := next(&m); got != want || m.Err() != nil {
			t.Errorf("%v became %v, %v", want, got, m.Err())
		}
	}
	for seconds, want := range map[int64]time.Duration{mostSeconds: math.MaxInt64, -mostSeconds: math.MinInt64} {
		var m Message
		m.writeSeconds(1, seconds, 0)
		if got := next(&m); got != want || m.Err() != nil {
			t.Errorf("%d s became %v, %v", seconds, got, m.Err())
		}
	}
}

func next(m *Message) time.Duration {
	if !m.Next() {
		return -42
	}
	return m.ReadDuration()
}

// TestBadTimes: what no time can be is an error of the message.
func TestBadTimes(t *testing.T) {
	for _, v := range [][2]int64{
		{firstSecond - 1, 0}, {endSecond, 0}, {0, -1}, {0, 1e9}, {math.MinInt64, 0}, {math.MaxInt64, math.MaxInt64},
	} {
		var m Message
		m.writeSeconds(7, v[0], v[1])
		m.Next()
		if got := m.ReadTime(); m.Err() == nil || !got.IsZero() || !strings.Contains(m.Err().Error(), "field 7: time is outside") {
			t.Errorf("%v: %v, %v", v, got, m.Err())
		}
	}
	for _, v := range [][2]int64{{mostSeconds + 1, 0}, {-mostSeconds - 1, 0}, {0, 1e9}, {0, -1e9}, {math.MinInt64, math.MinInt64}} {
		var m Message
		m.writeSeconds(7, v[0], v[1])
		m.Next()
		if got := m.ReadDuration(); m.Err() == nil || got != 0 || !strings.Contains(m.Err().Error(), "field 7: duration is longer") {
			t.Errorf("%v: %v, %v", v, got, m.Err())
		}
	}
}
