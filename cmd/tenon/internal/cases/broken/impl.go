package broken

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Everything does all that can be done with something, and fails at it.
type Everything struct{ Err error }

func (e Everything) Read([]byte) (int, error)  { return 0, e.Err }
func (e Everything) Write([]byte) (int, error) { return 0, e.Err }
func (e Everything) Close() error              { return e.Err }

// Use uses v as how says, and returns its error.
func Use(v any, how string) (err error) {
	switch how {
	case "read":
		_, err = v.(io.Reader).Read(make([]byte, 1))
	case "write":
		_, err = v.(io.Writer).Write([]byte("x"))
	case "copy from":
		_, err = io.Copy(io.Discard, v.(io.Reader))
	case "copy to":
		_, err = io.Copy(v.(io.Writer), io.LimitReader(strings.NewReader("some text"), 4))
	case "close":
		err = v.(io.Closer).Close()
	default:
		err = fmt.Errorf("use %q", how)
	}
	return err
}

// Impl remembers what it has seen.
type Impl struct {
	mu   sync.Mutex
	seen Seen
}

func (p *Impl) use(v any, how string) error { return p.note(Use(v, how)) }

func (p *Impl) note(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = Look(err)
	return err
}

func (p *Impl) Reader(_ context.Context, v io.Reader, how string) error         { return p.use(v, how) }
func (p *Impl) Writer(_ context.Context, v io.Writer, how string) error         { return p.use(v, how) }
func (p *Impl) Closer(_ context.Context, v io.Closer, how string) error         { return p.use(v, how) }
func (p *Impl) ReadCloser(_ context.Context, v io.ReadCloser, how string) error { return p.use(v, how) }
func (p *Impl) WriteCloser(_ context.Context, v io.WriteCloser, how string) error {
	return p.use(v, how)
}
func (p *Impl) ReadWriter(_ context.Context, v io.ReadWriter, how string) error { return p.use(v, how) }
func (p *Impl) ReadWriteCloser(_ context.Context, v io.ReadWriteCloser, how string) error {
	return p.use(v, how)
}

// Seen returns what the error of the last use was.
func (p *Impl) Seen(context.Context) (Seen, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen, nil
}

func (p *Impl) NewReader(_ context.Context, err error) (io.Reader, error) {
	return Everything{err}, nil
}
func (p *Impl) NewWriter(_ context.Context, err error) (io.Writer, error) {
	return Everything{err}, nil
}
func (p *Impl) NewCloser(_ context.Context, err error) (io.Closer, error) {
	return Everything{err}, nil
}
func (p *Impl) NewReadCloser(_ context.Context, err error) (io.ReadCloser, error) {
	return Everything{err}, nil
}
func (p *Impl) NewWriteCloser(_ context.Context, err error) (io.WriteCloser, error) {
	return Everything{err}, nil
}
func (p *Impl) NewReadWriter(_ context.Context, err error) (io.ReadWriter, error) {
	return Everything{err}, nil
}
func (p *Impl) NewReadWriteCloser(_ context.Context, err error) (io.ReadWriteCloser, error) {
	return Everything{err}, nil
}

// Each copies all.
func (p *Impl) Each(_ context.Context, all Streams) error {
	for _, w := range all.Out {
		if _, err := io.Copy(w, all.In); err != nil {
			return p.note(err)
		}
	}
	return nil
}
