package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// A progress is a bar on standard error. If that is not a terminal, or one that
// can do no more than print, there is none.
type progress struct {
	total, done int
	shown       bool
	drawn       time.Time
}

func newProgress(total int) *progress {
	able := term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb"
	return &progress{total: total, shown: able}
}

// step says that one more is done, ten times a second at the most.
func (p *progress) step(what string) {
	p.done++
	if !p.shown || time.Since(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn = time.Now()
	const width = 30
	full := p.done * width / p.total
	fmt.Fprintf(os.Stderr, "\r\x1b[K  %s%s %d of %d  %.30s",
		strings.Repeat("█", full), strings.Repeat("░", width-full), p.done, p.total, what)
}

// end removes the bar.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
}
