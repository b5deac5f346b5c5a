package tenon

import (
	"context"
	"errors"
	"io"
	"sync"
)

// What the contract lets the other side do with a value. It is not asked of the
// value's type: an *os.File that is passed as an [io.Reader] can be read, and
// neither be written to nor closed.
const (
	ioReads = 1 << iota
	ioWrites
	ioCloses
)

// WriteReader writes v as a ref to an [io.Reader]. Nil is not written.
func (m *Message) WriteReader(num int32, v io.Reader, kept bool) {
	m.writeIO(num, v, kept, ioReads)
}

// WriteWriter writes v as a ref to an [io.Writer].
func (m *Message) WriteWriter(num int32, v io.Writer, kept bool) {
	m.writeIO(num, v, kept, ioWrites)
}

// WriteCloser writes v as a ref to an [io.Closer].
func (m *Message) WriteCloser(num int32, v io.Closer, kept bool) {
	m.writeIO(num, v, kept, ioCloses)
}

// WriteReadCloser writes v as a ref to an [io.ReadCloser].
func (m *Message) WriteReadCloser(num int32, v io.ReadCloser, kept bool) {
	m.writeIO(num, v, kept, ioReads|ioCloses)
}

// WriteWriteCloser writes v as a ref to an [io.WriteCloser].
func (m *Message) WriteWriteCloser(num int32, v io.WriteCloser, kept bool) {
	m.writeIO(num, v, kept, ioWrites|ioCloses)
}

// WriteReadWriter writes v as a ref to an [io.ReadWriter].
func (m *Message) WriteReadWriter(num int32, v io.ReadWriter, kept bool) {
	m.writeIO(num, v, kept, ioReads|ioWrites)
}

// WriteReadWriteCloser writes v as a ref to an [io.ReadWriteCloser].
func (m *Message) WriteReadWriteCloser(num int32, v io.ReadWriteCloser, kept bool) {
	m.writeIO(num, v, kept, ioReads|ioWrites|ioCloses)
}

func (m *Message) writeIO(num int32, v any, kept bool, parts int) {
	if v == nil {
		return
	}
	if p, ok := v.(Proxy); ok && m.WriteHome(num, p.TenonRef()) {
		return
	}
	server := &ioServer{v: v, parts: parts}
	service := Service{Contract: m.ioContract(), Server: server, Without: ioWithout(parts)}
	if parts&ioCloses != 0 {
		server.close = sync.OnceValue(v.(io.Closer).Close)
		service.Released = server.released
	}
	m.WriteRef(num, service, kept)
}

// ioWithout names the methods that are not among parts.
func ioWithout(parts int) []string {
	var names []string
	if parts&ioReads == 0 {
		names = append(names, "Read", "Drain")
	}
	if parts&ioWrites == 0 {
		names = append(names, "Write", "Fill")
	}
	if parts&ioCloses == 0 {
		names = append(names, "Close")
	}
	return names
}

// ReadReader reads the current field as an [io.Reader] on the other side, whose
// calls end when ctx does. What io.Copy or another caller of [io.WriterTo]
// does not use of it is lost, as if it had been read.
func (m *Message) ReadReader(ctx context.Context) io.Reader {
	return readIO(m, ctx, ioReads, func(c *ioClient) io.Reader { return ioReader{c} })
}

// ReadWriter reads the current field as an [io.Writer].
func (m *Message) ReadWriter(ctx context.Context) io.Writer {
	return readIO(m, ctx, ioWrites, func(c *ioClient) io.Writer { return ioWriter{c} })
}

// ReadCloser reads the current field as an [io.Closer]. Close releases the ref.
func (m *Message) ReadCloser(ctx context.Context) io.Closer {
	return readIO(m, ctx, ioCloses, func(c *ioClient) io.Closer { return ioCloser{c} })
}

// ReadReadCloser reads the current field as an [io.ReadCloser]. Close releases
// the ref.
func (m *Message) ReadReadCloser(ctx context.Context) io.ReadCloser {
	return readIO(m, ctx, ioReads|ioCloses, func(c *ioClient) io.ReadCloser {
		return struct {
			*ioClient
			ioReader
			ioCloser
		}{c, ioReader{c}, ioCloser{c}}
	})
}

// ReadWriteCloser reads the current field as an [io.WriteCloser].
func (m *Message) ReadWriteCloser(ctx context.Context) io.WriteCloser {
	return readIO(m, ctx, ioWrites|ioCloses, func(c *ioClient) io.WriteCloser {
		return struct {
			*ioClient
			ioWriter
			ioCloser
		}{c, ioWriter{c}, ioCloser{c}}
	})
}

// ReadReadWriter reads the current field as an [io.ReadWriter].
func (m *Message) ReadReadWriter(ctx context.Context) io.ReadWriter {
	return readIO(m, ctx, ioReads|ioWrites, func(c *ioClient) io.ReadWriter {
		return struct {
			*ioClient
			ioReader
			ioWriter
		}{c, ioReader{c}, ioWriter{c}}
	})
}

// ReadReadWriteCloser reads the current field as an [io.ReadWriteCloser].
func (m *Message) ReadReadWriteCloser(ctx context.Context) io.ReadWriteCloser {
	return readIO(m, ctx, ioReads|ioWrites|ioCloses, func(c *ioClient) io.ReadWriteCloser {
		return struct {
			*ioClient
			ioReader
			ioWriter
			ioCloser
		}{c, ioReader{c}, ioWriter{c}, ioCloser{c}}
	})
}

func readIO[T any](m *Message, ctx context.Context, parts int, proxy func(*ioClient) T) (v T) {
	ref, own := m.ReadRef(m.ioContract())
	switch {
	case ref != nil:
		return proxy(&ioClient{ctx: ctx, ref: ref})
	case own != nil:
		// What was passed as a reader does not come back as a closer.
		if s, ok := own.Server.(*ioServer); ok && s.parts&parts == parts {
			if v, ok := s.v.(T); ok {
				return v
			}
		}
		m.fail(errors.New("a reader or writer came home as another kind of thing"))
	}
	return v
}
