package stdio

import "io"

// A source is what a pump reads.
type source interface {
	io.ReadCloser
}

// A pollable source can be read without waiting.
type pollable interface {
	source

	// interrupt makes Read return errInterrupted, once and for good. It may be
	// called while Read is.
	interrupt()

	// now reads what is there, and returns errEmpty if nothing is. It is for
	// the time after interrupt, when Read is not called any more.
	now(b []byte) (int, error)
}

// plain is a reader of which no more is known.
type plain struct{ io.Reader }

func (p plain) Close() error {
	if c, ok := p.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
