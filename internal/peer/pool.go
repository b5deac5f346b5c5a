package peer

import (
	"math/bits"
	"sync"
)

// A buffer holds a message. Buffers are kept for reuse by size, in powers of
// two: allocating a megabyte afresh takes ten times as long as copying it.
type buffer struct {
	b []byte
}

const (
	minClass = 9  // 512 B
	maxClass = 22 // 4 MiB; larger ones are left to the garbage collector
)

// A bufferPool keeps buffers. The zero value is ready for use.
type bufferPool struct {
	classes [maxClass + 1]sync.Pool
}

// pool is shared by all peers: it holds memory, not state.
var pool bufferPool

// get returns an empty buffer with room for n bytes.
func (p *bufferPool) get(n int) *buffer {
	class := max(minClass, bits.Len(uint(max(n, 1)-1)))
	if class > maxClass {
		return &buffer{b: make([]byte, 0, n)}
	}
	if b, ok := p.classes[class].Get().(*buffer); ok {
		return b
	}
	return &buffer{b: make([]byte, 0, 1<<class)}
}

// spare returns a buffer with room for n bytes, and less than twice as much, if
// one is there.
func (p *bufferPool) spare(n int) *buffer {
	class := bits.Len(uint(n)) - 1
	if class < minClass || class > maxClass {
		return nil
	}
	b, ok := p.classes[class].Get().(*buffer)
	if ok && cap(b.b) < n {
		p.classes[class].Put(b)
		ok = false
	}
	if !ok {
		return nil
	}
	return b
}

// put takes b back. Nil is ignored.
func (p *bufferPool) put(b *buffer) {
	if b == nil {
		return
	}
	class := bits.Len(uint(cap(b.b))) - 1
	if class < minClass || class > maxClass {
		return
	}
	b.b = b.b[:0]
	p.classes[class].Put(b)
}
