package peer

import "sync"

// A group is the goroutines that a peer has started and has to wait for. Unlike
// a sync.WaitGroup it can refuse: a goroutine that would start while the last
// ones are being waited for is not started. The zero value is ready for use.
type group struct {
	mu     sync.Mutex
	n      int
	closed bool
	empty  chan struct{}
}

// start runs f on a goroutine, unless wait was called, and reports whether.
func (g *group) start(f func()) bool {
	if !g.enter() {
		return false
	}
	go func() {
		defer g.done()
		f()
	}()
	return true
}

// enter counts a goroutine that leaves with done, unless none may start.
func (g *group) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed && g.n == 0 {
		return false
	}
	g.n++
	return true
}

func (g *group) done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n--
	if g.n == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// wait waits until none is left.
func (g *group) wait() {
	g.mu.Lock()
	g.closed = true
	if g.n == 0 {
		g.mu.Unlock()
		return
	}
	if g.empty == nil {
		g.empty = make(chan struct{})
	}
	empty := g.empty
	g.mu.Unlock()
	<-empty
}
