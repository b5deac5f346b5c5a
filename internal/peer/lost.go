package peer

import "github.com/tenon-go/tenon"

// A loss is a call that failed with nobody to tell.
type loss struct {
	contract, method string
	err              error
}

// mostLosses is how many are kept for a log that does not keep up.
const mostLosses = 64

// Lost is what [tenon.Ref.Lost] calls. It counts, and has Config.Lost called
// later: who made the call must not wait for a log, which may itself be at the
// other end of this connection. A caller that gave up knows; that is counted
// only.
func (p *Peer) Lost(r *tenon.Ref, method int, err error) {
	worth := p.cfg.Lost != nil && tenon.CodeOf(err) != tenon.Canceled
	c := r.Contract()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Lost++
	if !worth || len(p.losses) >= mostLosses {
		return
	}
	p.losses = append(p.losses, loss{c.Name, c.Methods[method].Name, err})
	if len(p.losses) == 1 {
		// Not one of the goroutines that Close waits for: calls fail after that too,
		// and a log may hang.
		go p.tellLosses()
	}
}

// tellLosses runs while there are any.
func (p *Peer) tellLosses() {
	for {
		p.mu.Lock()
		l := p.losses[0]
		p.mu.Unlock()
		p.tell(l)
		p.mu.Lock()
		p.losses = p.losses[1:]
		left := len(p.losses)
		if left == 0 {
			p.losses = nil
		}
		p.mu.Unlock()
		if left == 0 {
			return
		}
	}
}

// tell survives a log that panics.
func (p *Peer) tell(l loss) {
	defer func() { recover() }()
	p.cfg.Lost(l.contract, l.method, l.err)
}
