package netrpc

import (
	"io"
	"time"
)

// AcceptFor is Accept with another patience for streams that are closed.
func AcceptFor(c io.ReadWriteCloser, patience time.Duration) (*Session, error) {
	return open(c, false, patience)
}

// Streams returns how many streams a session keeps.
func (s *Session) Streams() int { return s.mux.NumStreams() }

// ClosePatience is Accept's.
const ClosePatience = closePatience

// Refuse has all that dial an id be refused.
func (b *Broker) Refuse(id uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at(id).stream = nil
}
