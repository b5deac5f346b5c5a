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
	w      io.Writer
	speaks func(protocol string) bool
	seen   chan struct{} // closed when got or err is set

	mu   sync.Mutex
	off  bool
	line []byte // the line so far, no more of it than a handshake can have
	held []byte // its beginning, which has not been passed on
	got  *handshake.Line
	err  error // why what is meant as a handshake is none
}

func newSniffer(w io.Writer, speaks func(string) bool) *sniffer {
	return &sniffer{w: w, speaks: speaks, seen: make(chan struct{})}
}

// Write passes on p, but for a handshake that the host takes, which is not
// output. What may become one is held back until that is known.
func (s *sniffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	pass := s.look(p)
	s.mu.Unlock()
	if len(pass) == 0 {
		return len(p), nil
	}
	if _, err := s.w.Write(pass); err != nil {
		return 0, err
	}
	return len(p), nil
}

// look returns what is to be passed on now.
func (s *sniffer) look(p []byte) (pass []byte) {
	for len(p) > 0 && !s.off {
		i := bytes.IndexByte(p, '\n')
		piece := p[:i+1]
		if i < 0 {
			piece = p
		}
		p = p[len(piece):]
		s.line = append(s.line, piece[:min(len(piece), handshake.MaxLine+1-len(s.line))]...)
		s.held = append(s.held, piece...)
		if i < 0 && s.maybe() {
			continue // held back
		}
		if i < 0 || !s.judge() {
			pass = append(pass, s.held...)
		}
		s.held = s.held[:0]
		if i >= 0 {
			s.line = s.line[:0]
		}
	}
	return append(pass, p...)
}

// maybe reports whether the beginning of a line may become a handshake that is
// the host's to take.
func (s *sniffer) maybe() bool {
	if s.speaks == nil || !bytes.HasPrefix(s.line, []byte("1|"[:min(2, len(s.line))])) {
		return false
	}
	if len(s.line) > handshake.MaxLine {
		s.judge() // it is too long
		return false
	}
	return true
}

// judge looks at a whole line, and reports whether it is a handshake that the
// host takes.
func (s *sniffer) judge() bool {
	if !handshake.LooksLikeLine(s.line) {
		return false
	}
	l, err := handshake.ParseLine(s.line)
	switch {
	case err == nil:
		s.got = &l
	case s.speaks == nil:
		return false
	default:
		s.err = err
	}
	s.off = true
	close(s.seen)
	return err == nil && s.speaks != nil && s.speaks(l.Protocol)
}

// stop ends the search.
func (s *sniffer) stop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.off = true
	held := s.held
	s.line, s.held = nil, nil
	s.mu.Unlock()
	if len(held) > 0 {
		s.w.Write(held)
	}
}

// listens reports whether what is found is of use.
func (s *sniffer) listens() bool { return s != nil && s.speaks != nil }

// found is closed when there is a line, good or not.
func (s *sniffer) found() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.seen
}

// goPlugin returns the handshake that was found.
func (s *sniffer) goPlugin() *handshake.Line {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// broken says what is wrong with a line that is meant as a handshake.
func (s *sniffer) broken() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
