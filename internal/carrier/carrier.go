// Package carrier moves a peer's bytes to the other process.
package carrier

import "errors"

// A Carrier is one end of a two-way stream of bytes. One goroutine may read
// while another writes.
type Carrier interface {
	// Read fills p with what has arrived, and waits until something has.
	// It returns io.EOF when the other end is gone, and ErrInterrupted
	// after Interrupt. With look it may keep the processor busy for a moment
	// before it sleeps, if that has been of use lately: when something comes
	// soon, waking up would take longer.
	Read(p []byte, look bool) (int, error)

	// TryWrite writes as much of a and then b as can be written at once.
	TryWrite(a, b []byte) (int, error)

	// Write writes all of a and then b, and waits until that is done. After
	// InterruptWrite it returns ErrInterrupted and how much was written.
	Write(a, b []byte) (int, error)

	// Interrupt makes the Read that waits, or else the next one, return
	// ErrInterrupted. It never makes one lose bytes.
	Interrupt()

	// InterruptWrite is Interrupt for Write.
	InterruptWrite()

	// Close ends both directions: what waits in Read and Write returns
	// os.ErrClosed, and the other end reads io.EOF after what was written.
	Close() error
}

// ErrInterrupted is what an interrupted Read or Write returns.
var ErrInterrupted = errors.New("interrupted")
