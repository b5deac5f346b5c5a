package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"time"
)

// Memory is an FS.
type Memory struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (m *Memory) get(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return b, nil
}

type file struct {
	*bytes.Reader
	name string
}

func (f *file) Stat() (Info, error) {
	return Info{Name: f.name, Size: f.Size(), Modified: time.Unix(1, 2)}, nil
}

func (f *file) Close() error { return nil }

// Open opens a file.
func (m *Memory) Open(_ context.Context, name string) (File, error) {
	b, err := m.get(name)
	if err != nil {
		return nil, err
	}
	return &file{bytes.NewReader(b), name}, nil
}

// Seeker opens a file.
func (m *Memory) Seeker(_ context.Context, name string) (io.ReadSeeker, error) {
	b, err := m.get(name)
	return bytes.NewReader(b), err
}

// ReaderAt opens a file.
func (m *Memory) ReaderAt(_ context.Context, name string) (io.ReaderAt, error) {
	b, err := m.get(name)
	return bytes.NewReader(b), err
}

type created struct {
	bytes.Buffer
	m    *Memory
	name string
}

func (c *created) Sync(context.Context) error {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if c.m.files == nil {
		c.m.files = map[string][]byte{}
	}
	c.m.files[c.name] = bytes.Clone(c.Bytes())
	return nil
}

func (c *created) Close() error { return c.Sync(context.Background()) }

// Create makes a file.
func (m *Memory) Create(_ context.Context, name string) (WriteFile, error) {
	if name == "" {
		return nil, fs.ErrInvalid
	}
	return &created{m: m, name: name}, nil
}

// Size looks for the end of r.
func (*Memory) Size(_ context.Context, r io.ReaderAt) (int64, error) {
	var buf [7]byte
	for off := int64(0); off < 1<<20; {
		n, err := r.ReadAt(buf[:], off)
		off += int64(n)
		if err == io.EOF {
			return off, nil
		}
		if err != nil || n <= 0 {
			return off, err
		}
	}
	return 0, errors.New("too large")
}

// Middle reads three bytes from the middle.
func (*Memory) Middle(_ context.Context, r io.ReadSeeker) ([]byte, error) {
	end, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := r.Seek(end/2-1, io.SeekStart); err != nil {
		return nil, err
	}
	b := make([]byte, 3)
	_, err = io.ReadFull(r, b)
	return b, err
}

// CopyTo copies a file to w, and closes w.
func (m *Memory) CopyTo(_ context.Context, w io.WriteCloser, name string) error {
	b, err := m.get(name)
	if err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	return w.Close()
}

// Lines counts lines.
func (*Memory) Lines(_ context.Context, r io.ReadCloser) (int, error) {
	b, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return 0, err
	}
	return bytes.Count(b, []byte{'\n'}), r.Close()
}

// Pipe writes what it reads.
func (*Memory) Pipe(_ context.Context, rw io.ReadWriter) error {
	b, err := io.ReadAll(io.LimitReader(rw, 1<<20))
	if err != nil {
		return err
	}
	_, err = rw.Write(bytes.ToUpper(b))
	return err
}

// Whole is Pipe, and closes.
func (m *Memory) Whole(ctx context.Context, rwc io.ReadWriteCloser) error {
	return errors.Join(m.Pipe(ctx, rwc), rwc.Close())
}

// Byte reads a byte.
func (*Memory) Byte(_ context.Context, r io.ByteReader) (byte, error) { return r.ReadByte() }

// Strings writes a string.
func (*Memory) Strings(_ context.Context, w io.StringWriter, s string) (int, error) {
	return w.WriteString(s)
}

// At writes a string at an offset.
func (*Memory) At(_ context.Context, w io.WriterAt, s string, off int64) (int, error) {
	return w.WriteAt([]byte(s), off)
}

// Close closes.
func (*Memory) Close(_ context.Context, c io.Closer) error { return c.Close() }
