package carrier

import (
	"runtime"
	"time"
)

// lookTime is how long a look takes at most. It is a little more than the
// answer to a small call takes; to be woken takes about as long.
const lookTime = 20 * time.Microsecond

// looks decides whether to look before sleeping, by what looking has earned.
// Each look that paid is worth two that did not, so it goes on while a third of
// them do. After that one read in lookAgain tries whether times have changed: a
// connection that is idle, or a plugin that thinks for longer than a look, costs
// nothing worth mentioning. The zero value is ready for use.
type looks struct {
	started bool
	single  bool // one processor: looking would keep the other side from working
	credit  int
	skipped int
}

const (
	lookCredit = 16
	lookAgain  = 64
)

func (l *looks) worthwhile() bool {
	if !l.started {
		l.started = true
		l.credit = lookCredit
		l.single = runtime.NumCPU() == 1 || runtime.GOMAXPROCS(0) == 1
	}
	if l.single {
		return false
	}
	if l.credit > 0 {
		return true
	}
	l.skipped++
	return l.skipped%lookAgain == 0
}

func (l *looks) paid()   { l.credit = min(l.credit+2, lookCredit) }
func (l *looks) wasted() { l.credit = max(l.credit-1, 0) }
