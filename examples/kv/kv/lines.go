package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
)

// Lines keeps the lines that are written to it, for somebody to wait for.
type lines struct {
	mu   sync.Mutex
	rest []byte   // the beginning of a line
	all  []string // whole lines
	more chan struct{}
}

func newLines() *lines { return &lines{more: make(chan struct{})} }

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			break
		}
		l.all = append(l.all, string(line))
		l.rest = rest
	}
	close(l.more)
	l.more = make(chan struct{})
	return len(p), nil
}

// wait returns the first line that contains text. Output is on its own way: it
// may arrive after the answer to the call that made it.
func (l *lines) wait(ctx context.Context, text string) (string, error) {
	for {
		line, more := l.find(text)
		if line != "" {
			return line, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return "", fmt.Errorf("there was no line with %q: %w", text, ctx.Err())
		}
	}
}

func (l *lines) find(text string) (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, text) {
			return line, l.more
		}
	}
	return "", l.more
}
