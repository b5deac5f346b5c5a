package host

import (
	"bytes"
	"io"
	"sync"

	"github.com/tenon-go/tenon/internal/handshake"
)

// A sniffer passes on what the plugin prints, and looks for the line that a
// plugin of go-plugin says on standard output, until it is told to stop. The nil
// sniffer finds nothing.
type sniffer struct {
	w    io.Writer
	seen chan struct{}

	mu   sync.Mutex
	off  bool
	line []byte
	got  *handshake.Line
}

// maxSniff is more than a line with a certificate has.
const maxSniff = 16 << 10

func newSniffer(w io.Writer) *sniffer { return &sniffer{w: w, seen: make(chan struct{})} }

func (s *sniffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	if !s.off {
		s.look(p)
	}
	s.mu.Unlock()
	return s.w.Write(p)
}

func (s *sniffer) look(p []byte) {
	for len(p) > 0 {
		part, rest, whole := bytes.Cut(p, []byte("\n"))
		if len(s.line)+len(part) <= maxSniff {
			s.line = append(s.line, part...)
		}
		p = rest
		if !whole {
			return
		}
		if handshake.LooksLikeLine(s.line) {
			if l, err := handshake.ParseLine(s.line); err == nil {
				s.got, s.off = &l, true
				close(s.seen)
				return
			}
		}
		s.line = s.line[:0]
	}
}

func (s *sniffer) stop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = true
	s.line = nil
}

func (s *sniffer) found() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.seen
}

func (s *sniffer) goPlugin() *handshake.Line {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}
