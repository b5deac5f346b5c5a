package tenon

import (
	"context"
	"io"
	"sync"
	"time"
)

// ioContract is that of readers, writers and closers that are passed as
// arguments or results. proto/tenon/tenon.proto has its .proto.
//
// Read and Write are one call each, so that no more is taken from a reader, or
// given to a writer, than its user asked for. Drain and Fill move everything
// there is, as a stream, for whoever copies until the end: io.Copy finds them as
// io.WriterTo and io.ReaderFrom.
var ioContract = &Contract{
	Name: "tenon.IO",
	Methods: []Method{
		ioRead:  {Name: "Read"},
		ioWrite: {Name: "Write"},
		ioClose: {Name: "Close", Timeout: 30 * time.Second},
		ioDrain: {Name: "Drain", ServerStream: true},
		ioFill:  {Name: "Fill", ClientStream: true},
	},
}

// ioContract is the contract of readers and writers, with the errors of the contract by whose call a
// reader or writer is passed: what a reader fails with is the same error on both
// sides, as if the method that was given the reader had returned it.
func (m *Message) ioContract() *Contract {
	table, ok := m.refs.(ContractTable)
	if !ok {
		return ioContract
	}
	c := table.CallContract()
	if len(c.Errors) == 0 {
		return ioContract
	}
	if known := c.io.Load(); known != nil {
		return known
	}
	c.io.CompareAndSwap(nil, &Contract{Name: ioContract.Name, Methods: ioContract.Methods, Errors: c.Errors})
	return c.io.Load()
}

const (
	ioRead = iota
	ioWrite
	ioClose
	ioDrain
	ioFill
)

// ioChunk is how much is moved at a time.
const ioChunk = 64 << 10

// An ioClient calls a reader, writer or closer on the other side. A proxy of
// several parts has it once more by itself, or its TenonRef would be ambiguous.
type ioClient struct {
	ctx context.Context
	ref *Ref
}

// TenonRef implements [Proxy].
func (c *ioClient) TenonRef() *Ref { return c.ref }

// The parts that proxies are put together from: a proxy has no methods that the
// contract doesn't promise, so that nobody finds a Close in what is a Reader.
type (
	ioReader struct{ *ioClient }
	ioWriter struct{ *ioClient }
	ioCloser struct{ *ioClient }
)

func (r ioReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s, err := r.ref.Open(r.ctx, ioRead)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	s.Out().WriteUint(1, uint64(min(len(p), ioChunk)))
	in, err := s.Call()
	if err != nil {
		return 0, err
	}
	n, eof := 0, false
	for in.Next() {
		switch in.Field() {
		case 1:
			n = copy(p, in.ReadView())
		case 2:
			eof = in.ReadBool()
		}
	}
	if err := in.Err(); err != nil {
		return n, err
	}
	if eof {
		return n, io.EOF
	}
	return n, nil
}

// WriteTo implements io.WriterTo.
func (r ioReader) WriteTo(w io.Writer) (total int64, err error) {
	s, err := r.ref.Open(r.ctx, ioDrain)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if err := s.SendLast(); err != nil {
		return 0, err
	}
	for {
		in, err := s.Recv()
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		for in.Next() {
			if in.Field() != 1 {
				continue
			}
			n, err := writeAll(w, in.ReadView())
			total += int64(n)
			if err != nil {
				return total, err
			}
		}
		if err := in.Err(); err != nil {
			return total, err
		}
	}
}

func writeAll(w io.Writer, p []byte) (int, error) {
	n, err := w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

// Write writes p in parts. A writer that takes less than it was given, and has
// an error, says how much first, and the error when it is given the rest.
func (w ioWriter) Write(p []byte) (total int, err error) {
	for {
		part := p[total:min(len(p), total+ioChunk)]
		n, err := w.write(part)
		total += n
		switch {
		case err != nil || total == len(p):
			return total, err
		case n == 0:
			return total, io.ErrShortWrite
		}
	}
}

func (w ioWriter) write(p []byte) (n int, err error) {
	s, err := w.ref.Open(w.ctx, ioWrite)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	s.Out().WriteBytes(1, p)
	in, err := s.Call()
	if err != nil {
		return 0, err
	}
	for in.Next() {
		if in.Field() == 1 {
			n = int(min(in.ReadUint(), uint64(len(p))))
		}
	}
	return n, in.Err()
}

// ReadFrom implements io.ReaderFrom.
func (w ioWriter) ReadFrom(r io.Reader) (total int64, err error) {
	s, err := w.ref.Open(w.ctx, ioFill)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	buf := make([]byte, ioChunk)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			s.Out().WriteBytes(1, buf[:n])
			if err := s.Send(); err != nil {
				return total, ioOutcome(s, err)
			}
			total += int64(n)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return total, err
		}
	}
	if err := s.CloseSend(); err != nil {
		return total, ioOutcome(s, err)
	}
	if _, err := s.Recv(); err != nil && err != io.EOF {
		return total, err
	}
	return total, nil
}

// ioOutcome returns why the other side ended a stream that is still being sent.
func ioOutcome(s Stream, err error) error {
	if _, why := s.Recv(); why != nil && why != io.EOF {
		return why
	}
	return err
}

// Close closes the other side's value, and releases the ref. It does so even
// when the context has ended, which is when most values are closed; the method's
// timeout is its bound.
func (c ioCloser) Close() error {
	defer c.ref.Release()
	s, err := c.ref.Open(context.WithoutCancel(c.ctx), ioClose)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Call()
	return err
}

// An ioServer serves a reader, writer or closer of this side.
type ioServer struct {
	v     any
	parts int          // what the contract lets the other side do
	close func() error // once

	// Readers and writers are not made for concurrent use; a side that does not
	// keep to that must not make this one break their rules.
	reading, writing sync.Mutex

	mu      sync.Mutex
	read    error // what Read returned along with bytes that were sent without it
	written error
}

func (v *ioServer) ServeCall(_ context.Context, method int, s Stream) error {
	switch method {
	case ioRead:
		return alone(&v.reading, s, v.serveRead)
	case ioWrite:
		return alone(&v.writing, s, v.serveWrite)
	case ioDrain:
		return alone(&v.reading, s, v.drain)
	case ioFill:
		return alone(&v.writing, s, v.fill)
	default:
		return v.close()
	}
}

func alone(mu *sync.Mutex, s Stream, f func(Stream) error) error {
	mu.Lock()
	defer mu.Unlock()
	return f(s)
}

// released closes what was given away, and not closed by whom it was given to.
func (v *ioServer) released() { v.close() }

func (v *ioServer) takeError(kept *error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	err := *kept
	*kept = nil
	return err
}

func (v *ioServer) keepError(kept *error, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	*kept = err
}

func (v *ioServer) serveRead(s Stream) error {
	in, err := s.Recv()
	if err != nil {
		return err
	}
	var most uint64
	for in.Next() {
		if in.Field() == 1 {
			most = in.ReadUint()
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	err = v.takeError(&v.read)
	n := 0
	var buf []byte
	if err == nil {
		buf = make([]byte, min(most, ioChunk))
		n, err = v.v.(io.Reader).Read(buf)
	}
	if n > 0 {
		s.Out().WriteBytes(1, buf[:n])
	}
	switch {
	case err == io.EOF:
		s.Out().WriteBool(2, true)
		return nil
	case n > 0:
		v.keepError(&v.read, err)
		return nil
	}
	return err
}

func (v *ioServer) serveWrite(s Stream) error {
	in, err := s.Recv()
	if err != nil {
		return err
	}
	if err := v.takeError(&v.written); err != nil {
		return err
	}
	n := 0
	for in.Next() {
		if in.Field() == 1 {
			n, err = v.v.(io.Writer).Write(in.ReadView())
		}
	}
	if in.Err() != nil {
		return in.Err()
	}
	if n <= 0 {
		return err
	}
	v.keepError(&v.written, err)
	s.Out().WriteUint(1, uint64(n))
	return nil
}

func (v *ioServer) drain(s Stream) error {
	// Of a value that is itself on another connection, a copy to the end is
	// passed on as one, in place of a call for each piece.
	if p, ok := v.v.(Proxy); ok {
		if w, ok := p.(io.WriterTo); ok {
			_, err := w.WriteTo(streamWriter{s})
			return err
		}
	}
	buf := make([]byte, ioChunk)
	for {
		n, err := v.v.(io.Reader).Read(buf)
		if n > 0 {
			if _, err := (streamWriter{s}).Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (v *ioServer) fill(s Stream) error {
	r := &streamReader{stream: s}
	if p, ok := v.v.(Proxy); ok {
		if w, ok := p.(io.ReaderFrom); ok {
			_, err := w.ReadFrom(r)
			return err
		}
	}
	for {
		part, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := writeAll(v.v.(io.Writer), part); err != nil {
			return err
		}
	}
}

// A streamWriter sends what is written to it, message by message.
type streamWriter struct{ stream Stream }

func (w streamWriter) Write(p []byte) (int, error) {
	w.stream.Out().WriteBytes(1, p)
	if err := w.stream.Send(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// A streamReader reads what is sent to it.
type streamReader struct {
	stream Stream
	in     *Message
	rest   []byte
}

// next returns the next bytes, which are valid until it is called again.
func (r *streamReader) next() ([]byte, error) {
	for {
		for r.in != nil && r.in.Next() {
			if r.in.Field() == 1 {
				return r.in.ReadView(), nil
			}
		}
		if r.in != nil && r.in.Err() != nil {
			return nil, r.in.Err()
		}
		in, err := r.stream.Recv()
		if err != nil {
			return nil, err
		}
		r.in = in
	}
}

func (r *streamReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		part, err := r.next()
		if err != nil {
			return 0, err
		}
		r.rest = part
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
