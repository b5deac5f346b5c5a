package handshake

import (
	"fmt"

	"github.com/tenon-go/tenon"
)

// What a limit is at least: below it not even an error would fit, or nothing
// would get done.
const (
	minMessage = 4 << 10
	minWindow  = 1 << 10
)

// What a limit is at most: far beyond use, and far enough from the largest
// number that sums of a few do not overflow.
const (
	maxBytes  = 1 << 40
	maxWindow = 1 << 30
	maxCount  = 1 << 24
)

// A LimitError says that a limit is too low to work with.
type LimitError struct {
	Limit string // a field of tenon.Limits
	Value int64
	Min   int64
}

// Error names the limit, its value and what it must be.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%s is %d; it must be at least %d, or 0 for the default", e.Limit, e.Value, e.Min)
}

// CheckLimits returns l with the defaults filled in, and with what is beyond
// use lowered to that. A limit that is negative, or too low to work with, is an
// error: to send more than the other side allows, in the hope that it did not
// mean it, would end the connection later and with less to say. It is for
// either side's limits.
func CheckLimits(l tenon.Limits) (tenon.Limits, error) {
	for _, f := range [...]LimitError{
		{"Message", l.Message, minMessage},
		{"Window", int64(l.Window), minWindow},
		{"Large", l.Large, minMessage},
		{"Calls", int64(l.Calls), 1},
		{"Refs", int64(l.Refs), 1},
	} {
		if f.Value != 0 && f.Value < f.Min {
			return l, &f
		}
	}
	l.Message = min(l.Message, maxBytes)
	l = l.WithDefaults()
	l.Large = min(l.Large, maxBytes)
	if l.Large < l.Message {
		l.Message = l.Large // a larger one would wait for ever
	}
	l.Window = min(l.Window, maxWindow)
	l.Calls = min(l.Calls, maxCount)
	l.Refs = min(l.Refs, maxCount)
	return l, nil
}
