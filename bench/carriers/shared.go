package main

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// memory is two rings in memory that both processes have, one for each direction,
// with two socketpairs beside them: who waits for bytes, or for room, sleeps in a
// read of one, and the other side writes a byte into it. A side that is gone is the
// end of both.
type memory struct{}

const (
	ringSize = 1 << 18
	pageSize = 1 << 16 // as large as any system's
	ringArea = pageSize + ringSize
)

func (memory) prepare(cmd *exec.Cmd) (end, error) {
	area, err := sharedFile(2 * ringArea)
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, area)
	var bells [2]net.Conn
	for i := range bells {
		own, theirs, err := socketpair()
		if err != nil {
			return nil, err
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
		if bells[i], err = fileConn(own); err != nil {
			return nil, err
		}
	}
	c, err := newRingConn(area, bells, false)
	return pairEnd{c}, err
}

func (memory) listen() (net.Listener, error) {
	area := os.NewFile(inherited, "rings")
	defer area.Close()
	var bells [2]net.Conn
	for i := range bells {
		var err error
		if bells[i], err = fileConn(os.NewFile(uintptr(inherited+1+i), "bell")); err != nil {
			return nil, err
		}
	}
	c, err := newRingConn(area, bells, true)
	if err != nil {
		return nil, err
	}
	return newOnce(c), nil
}

// A ring is bytes on their way in one direction. What it counts only grows. Each
// number has a cache line of its own, so that one side's writing does not slow the
// other side's.
type ring struct {
	*ringHeader
	bytes []byte
}

type ringHeader struct {
	written      atomic.Uint64
	_            [56]byte
	read         atomic.Uint64
	_            [56]byte
	readerSleeps atomic.Bool
	_            [60]byte
	writerSleeps atomic.Bool
}

func newRing(area []byte) ring {
	return ring{(*ringHeader)(unsafe.Pointer(&area[0])), area[pageSize:]}
}

// put copies what there is room for.
func (r ring) put(b []byte) int {
	at := r.written.Load()
	// The other side writes this number, and could write anything.
	room := min(ringSize-(at-r.read.Load()), ringSize)
	n := min(len(b), int(room))
	from := int(at % ringSize)
	k := copy(r.bytes[from:], b[:n])
	copy(r.bytes, b[k:n])
	r.written.Store(at + uint64(n))
	return n
}

// take copies what there is.
func (r ring) take(b []byte) int {
	at := r.read.Load()
	n := min(len(b), int(min(r.written.Load()-at, ringSize)))
	from := int(at % ringSize)
	k := copy(b[:n], r.bytes[from:])
	copy(b[k:n], r.bytes)
	r.read.Store(at + uint64(n))
	return n
}

// A ringConn is one end. One goroutine reads while another writes.
type ringConn struct {
	net.Conn          // the bell of those who read: its deadlines, addresses and end are this one's
	room     net.Conn // the bell of those who write
	in, out  ring
	area     []byte
	looks    looks
}

func newRingConn(f *os.File, bells [2]net.Conn, plugin bool) (*ringConn, error) {
	area, err := unix.Mmap(int(f.Fd()), 0, 2*ringArea, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	c := &ringConn{Conn: bells[0], room: bells[1], in: newRing(area[:ringArea]), out: newRing(area[ringArea:]), area: area}
	if plugin {
		c.in, c.out = c.out, c.in
	}
	return c, nil
}

// Read implements net.Conn.
func (c *ringConn) Read(b []byte) (int, error) {
	for {
		n := 0
		c.looks.while(func() bool { n = c.in.take(b); return n > 0 })
		if n == 0 {
			c.in.readerSleeps.Store(true)
			n = c.in.take(b) // what came before the other side could know
		}
		if n > 0 {
			c.in.readerSleeps.Store(false)
			if c.in.writerSleeps.CompareAndSwap(true, false) {
				wake(c.room)
			}
			return n, nil
		}
		if err := sleep(c.Conn); err != nil {
			if n = c.in.take(b); n > 0 && errors.Is(err, io.EOF) {
				return n, nil
			}
			return 0, err
		}
	}
}

// Write implements net.Conn.
func (c *ringConn) Write(b []byte) (int, error) {
	sent := 0
	for {
		n := c.out.put(b[sent:])
		sent += n
		if n > 0 && c.out.readerSleeps.CompareAndSwap(true, false) {
			wake(c.Conn)
		}
		if sent == len(b) {
			return sent, nil
		}
		if n > 0 {
			continue
		}
		c.out.writerSleeps.Store(true)
		if c.out.read.Load()+ringSize != c.out.written.Load() {
			c.out.writerSleeps.Store(false)
			continue // there is room now
		}
		if err := sleep(c.room); err != nil {
			return sent, err
		}
	}
}

// wake wakes the other side. If it is gone the next read says so.
func wake(bell net.Conn) { bell.Write([]byte{1}) }

// sleep waits for the bell, which may have been rung more than once.
func sleep(bell net.Conn) error {
	var b [64]byte
	_, err := bell.Read(b[:])
	return err
}

// Close implements net.Conn. The memory stays mapped for the life of this benchmark's
// process: a Read may be looking at it.
func (c *ringConn) Close() error { return errors.Join(c.Conn.Close(), c.room.Close()) }
