package peer

import "github.com/tenon-go/tenon"

// A held is what of the other side's was imported under one id, to be kept.
type held struct {
	contract *tenon.Contract
	count    int
}

// hold notes a kept ref. Peer.mu is held.
func (p *Peer) hold(id uint64, c *tenon.Contract) {
	h := p.held[id]
	p.held[id] = held{c, h.count + 1}
}

// letGo notes that one is released. Peer.mu is held.
func (p *Peer) letGo(id uint64) {
	if h := p.held[id]; h.count > 1 {
		p.held[id] = held{h.contract, h.count - 1}
	} else {
		delete(p.held, id)
	}
}

// InUse names what Stats counts.
func (p *Peer) InUse() tenon.InUse {
	u := tenon.InUse{
		CallsOut: make(map[string]int), CallsIn: make(map[string]int),
		Exported: make(map[string]int), Held: make(map[string]int),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.calls {
		if c.mine {
			u.CallsOut[c.name()]++
		} else {
			u.CallsIn[c.name()]++
		}
		for _, r := range c.borrowed {
			u.Held[r.Contract().Name]++
		}
	}
	for _, x := range p.exports {
		u.Exported[x.service.Contract.Name] += x.count
	}
	for _, h := range p.held {
		u.Held[h.contract.Name] += h.count
	}
	return u
}
