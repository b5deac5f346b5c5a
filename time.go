package tenon

import (
	"errors"
	"fmt"
	"time"
)

var (
	errTime     = errors.New("time is outside of the years 1 to 9999, or its nanoseconds outside of a second")
	errDuration = errors.New("duration is longer than 10000 years, or its nanoseconds outside of a second")
)

// The seconds since 1970 of the years 1 and 10000: what protobuf's Timestamp
// spans, and in a Duration about the same number of them.
const (
	firstSecond = -62135596800
	endSecond   = 253402300800
	mostSeconds = 315576000000
)

// WriteTime writes t as a field of type google.protobuf.Timestamp. The location
// and the monotonic clock are not part of it.
func (m *Message) WriteTime(num int32, t time.Time) {
	if s := t.Unix(); s < firstSecond || s >= endSecond {
		m.failField(num, errTime)
	}
	m.writeSeconds(num, t.Unix(), int64(t.Nanosecond()))
}

// failField fails with err, which is about a field.
func (m *Message) failField(num int32, err error) { m.fail(fmt.Errorf("field %d: %w", num, err)) }

// WriteDuration writes d as a field of type google.protobuf.Duration.
func (m *Message) WriteDuration(num int32, d time.Duration) {
	m.writeSeconds(num, int64(d/time.Second), int64(d%time.Second))
}

func (m *Message) writeSeconds(num int32, seconds, nanos int64) {
	mark := m.Begin(num)
	if seconds != 0 {
		m.WriteInt(1, seconds)
	}
	if nanos != 0 {
		m.WriteInt(2, nanos)
	}
	m.End(mark)
}

// ReadTime reads the current field as type google.protobuf.Timestamp, in UTC.
func (m *Message) ReadTime() time.Time {
	num := m.num
	seconds, nanos := m.readSeconds()
	if seconds < firstSecond || seconds >= endSecond || nanos < 0 || nanos >= 1e9 {
		m.failField(num, errTime)
	}
	if m.err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, nanos).UTC()
}

// ReadDuration reads the current field as type google.protobuf.Duration. One
// that a [time.Duration] can't hold, which ends at 292 years, becomes the
// longest that it can.
func (m *Message) ReadDuration() time.Duration {
	num := m.num
	seconds, nanos := m.readSeconds()
	if seconds < -mostSeconds || seconds > mostSeconds || nanos <= -1e9 || nanos >= 1e9 {
		m.failField(num, errDuration)
	}
	if m.err != nil {
		return 0
	}
	const most = int64(1<<63-1) / int64(time.Second)
	switch {
	case seconds > most || seconds == most && nanos > (1<<63-1)%int64(time.Second):
		return 1<<63 - 1
	case seconds < -most || seconds == -most && nanos < -((1<<63-1)%int64(time.Second)):
		return -1 << 63
	}
	return time.Duration(seconds)*time.Second + time.Duration(nanos)
}

func (m *Message) readSeconds() (seconds, nanos int64) {
	mark := m.Enter()
	for m.Next() {
		switch m.Field() {
		case 1:
			seconds = m.ReadInt()
		case 2:
			nanos = m.ReadInt()
		}
	}
	m.Leave(mark)
	return seconds, nanos
}
