package peer

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
	"github.com/tenon-go/tenon/internal/wire"
)

// An export is something of this side that the other can call: a kept one as
// often as it was sent and has not been released, a lent one until its call
// ends.
type export struct {
	*entry
	id    uint64
	count int
	kept  bool
	key   any // for the one export of a kept value that is sent again
}

type exportKey struct {
	contract *tenon.Contract
	server   tenon.Server
}

// Export implements tenon.RefTable.
func (c *call) Export(s tenon.Service, kept bool) (uint64, error) {
	p := c.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.exports) >= p.cfg.Remote.Refs {
		return 0, &tenon.Error{
			Code:    tenon.ResourceExhausted,
			Message: fmt.Sprintf("%d refs are in use, the limit of the side that gets them (tenon.Limits.Refs); are they released?", len(p.exports)),
		}
	}
	x := p.exported(s, kept)
	x.count++
	if kept {
		c.unsent = append(c.unsent, x.id)
	} else {
		c.lent = append(c.lent, x.id)
	}
	return x.id, nil
}

// exported returns the export of s, a new one unless s is kept and was exported
// before: so that a value that is sent a thousand times takes up one place.
func (p *Peer) exported(s tenon.Service, kept bool) *export {
	var key any
	if kept && reflect.ValueOf(s.Server).Comparable() {
		key = exportKey{s.Contract, s.Server}
		if x := p.byValue[key]; x != nil {
			return x
		}
	}
	p.nextRef++
	x := &export{entry: p.entry(s), id: p.nextRef, kept: kept, key: key}
	p.exports[x.id] = x
	if key != nil {
		p.byValue[key] = x
	}
	return x
}

// drop takes back n of the times that a ref was exported.
func (p *Peer) drop(id uint64, n int) {
	x := p.exports[id]
	if x == nil {
		return
	}
	if x.count -= n; x.count <= 0 {
		delete(p.exports, id)
		if x.key != nil {
			delete(p.byValue, x.key)
		}
		x.gone()
	}
}

// gone tells whoever exported x that nobody holds it any more.
func (x *export) gone() {
	if x.kept && x.service.Released != nil {
		go x.service.Released()
	}
}

// Import implements tenon.RefTable.
func (c *call) Import(id uint64, contract *tenon.Contract, kept bool) (*tenon.Ref, error) {
	p := c.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stats.Held >= p.cfg.Local.Refs {
		return nil, &tenon.Error{
			Code:    tenon.ResourceExhausted,
			Message: fmt.Sprintf("%d refs are held, this side's limit (tenon.Limits.Refs); are they released?", p.stats.Held),
		}
	}
	if id == 0 {
		return nil, &tenon.Error{Code: tenon.InvalidArgument, Message: "ref 0 does not exist"}
	}
	if kept {
		i := -1
		if c.current != nil {
			i = slices.Index(c.current.refs, id)
		}
		if i < 0 {
			return nil, &tenon.Error{Code: tenon.InvalidArgument, Message: "the frame does not list a ref that its message holds"}
		}
		c.current.refs = slices.Delete(c.current.refs, i, i+1)
	}
	p.stats.Held++
	ref := tenon.NewRef(p.conn, contract, id, kept)
	if kept {
		p.hold(id, contract)
	} else {
		c.borrowed = append(c.borrowed, ref)
	}
	return ref, nil
}

// takeLent ends what was lent to a call: the other side can't call it any more.
// Peer.mu is held.
func (p *Peer) takeLent(c *call) {
	for _, id := range c.lent {
		if x := p.exports[id]; x != nil {
			c.recalled = append(c.recalled, x)
		}
		p.drop(id, 1)
	}
	c.lent = nil
}

// Return implements tenon.RefTable. In the answer to a call of this side comes
// home what was lent to that call, or is kept; in a call of the other side also
// what is lent to a call that is under way, within which that one may be.
func (c *call) Return(id uint64, contract *tenon.Contract) (*tenon.Service, error) {
	p := c.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.exports[id]
	if x != nil && c.mine && !x.kept && !slices.Contains(c.lent, id) {
		x = nil
	}
	for _, r := range c.recalled {
		if r.id == id {
			x = r
		}
	}
	if x == nil || x.service.Contract.Name != contract.Name {
		return nil, &tenon.Error{Code: tenon.InvalidArgument, Message: "a ref came home that is not of this house"}
	}
	return &x.service, nil
}

// Home implements tenon.RefTable.
func (c *call) Home(r *tenon.Ref) bool {
	if r.Conn() != c.peer.conn || r.ID() == 0 {
		return false
	}
	c.homes = append(c.homes, r)
	return true
}

// Release implements tenon.Conn.
func (p *Peer) Release(id uint64) {
	p.mu.Lock()
	p.stats.Held--
	p.letGo(id)
	p.mu.Unlock()
	p.giveBack([]uint64{id})
	p.out.kick()
}

// giveBack releases kept refs that nobody will use. They are written with the
// next kick.
func (p *Peer) giveBack(ids []uint64) {
	for len(ids) > 0 {
		n := 1
		for n < len(ids) && ids[n] == ids[0] {
			n++
		}
		p.out.post(context.Background(), &frame{typ: wire.Release, id: ids[0], number: uint64(n)}, cork)
		ids = ids[n:]
	}
}

// released deals with a Release frame. An unknown id is ignored: the value may
// have been taken back on this side at the same time.
func (p *Peer) released(h wire.Header, b *wire.Body) error {
	n := b.Uint("count")
	if b.Err() != nil {
		return protocolError(b.Err())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(h.ID, int(min(n, 1<<30)))
	return nil
}

// AppendError implements tenon.ErrorTable.
func (c *call) AppendError(b []byte, err error, defs []tenon.ErrorDef) []byte {
	return fault.Append(b, err, defs)
}

// ParseError implements tenon.ErrorTable.
func (c *call) ParseError(b []byte, defs []tenon.ErrorDef) error { return fault.Parse(b, defs) }
