package grpcplug

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
)

const (
	// chunk is what is sent of the output at a time.
	chunk = 16 << 10

	// kept is how much of the output waits for the host to ask for it. What is
	// beyond goes where it would go without a host: a program must not hang
	// because nobody reads what it prints.
	kept = 256 << 10

	// linger is how long output of what the program has started is waited for.
	linger = 50 * time.Millisecond
)

// An output is what the program prints on os.Stdout and os.Stderr, for the host's
// stream of it. What it has started prints there, too, if it is given these files.
type output struct {
	files [2]*os.File  // os.Stdout and os.Stderr as they were
	ends  [2]*os.File  // what they are now
	pipes [2]io.Reader // where that comes out
	spill [2]io.Writer // where goes what nobody reads; nil: that waits
	goes  sync.WaitGroup

	mu      sync.Mutex
	pieces  []stdioData
	waiting int           // bytes in pieces
	changed chan struct{} // closed when pieces, over or taken are
	over    bool          // nothing more will come
	hosts   int           // streams
	any     bool          // something was printed
}

// captureOutput puts pipes in the place of os.Stdout and os.Stderr.
func captureOutput() (*output, error) {
	o := &output{changed: make(chan struct{}), files: [2]*os.File{os.Stdout, os.Stderr}}
	for i := range o.pipes {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		o.pipes[i], o.ends[i], o.spill[i] = r, w, o.files[i]
	}
	os.Stdout, os.Stderr = o.ends[0], o.ends[1]
	o.start()
	return o, nil
}

func (o *output) start() {
	for i := range o.pipes {
		o.goes.Go(func() { o.read(i) })
	}
}

func (o *output) read(i int) {
	buf := make([]byte, chunk)
	last := false
	for {
		n, err := o.pipes[i].Read(buf)
		if n > 0 && !o.add(uint64(stdoutChannel+i), buf[:n]) && o.spill[i] != nil {
			o.spill[i].Write(buf[:n])
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && !last:
			// A host that is slow to read must not cost what is there.
			last = true
			o.endSoon(i)
		case err != nil:
			return
		default:
			last = false
		}
	}
}

// endSoon bounds how long more is waited for.
func (o *output) endSoon(i int) {
	if f, ok := o.pipes[i].(*os.File); ok {
		f.SetReadDeadline(time.Now().Add(linger))
	}
}

// add keeps a piece for the host. With a host that reads it waits for room; without
// one it reports false if there is none, and when nothing is to be kept any more.
func (o *output) add(channel uint64, b []byte) bool {
	for {
		o.mu.Lock()
		o.any = true
		if o.over {
			o.mu.Unlock()
			return false
		}
		if o.waiting+len(b) <= kept {
			o.pieces = append(o.pieces, stdioData{channel, append([]byte(nil), b...)})
			o.waiting += len(b)
			o.notify()
			o.mu.Unlock()
			return true
		}
		changed, nobody := o.changed, o.hosts == 0 && o.spill[channel-stdoutChannel] != nil
		o.mu.Unlock()
		if nobody {
			return false
		}
		<-changed
	}
}

// notify is called with the lock held.
func (o *output) notify() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// stream sends what there is and comes, until nothing more does.
func (o *output) stream(s grpc.ServerStream) error {
	o.host(1)
	defer o.host(-1)
	for {
		o.mu.Lock()
		var d stdioData
		some := len(o.pieces) > 0
		if some {
			d, o.pieces = o.pieces[0], o.pieces[1:]
		}
		over, changed := o.over, o.changed
		o.mu.Unlock()
		switch {
		case some:
			err := s.SendMsg(&frame{d.encode()})
			o.mu.Lock()
			o.waiting -= len(d.data)
			o.notify()
			o.mu.Unlock()
			if err != nil {
				return err
			}
			continue
		case over:
			return nil
		}
		select {
		case <-changed:
		case <-s.Context().Done():
			return s.Context().Err()
		}
	}
}

// never reports whether nothing was printed.
func (o *output) never() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.any
}

func (o *output) host(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hosts += n
	o.notify()
}

// flush ends the capture, and waits until the host has been sent the rest.
func (o *output) flush(ctx context.Context) {
	o.restore()
	o.gather(ctx)
	o.drain(ctx)
}

// gather waits until all that was printed has been read.
func (o *output) gather(ctx context.Context) {
	read := make(chan struct{})
	go func() { o.goes.Wait(); close(read) }()
	select {
	case <-read:
	case <-ctx.Done():
	}
}

// drain takes no more, and waits until the host has been sent what there is.
func (o *output) drain(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	o.notify()
	for o.waiting > 0 && o.hosts > 0 && ctx.Err() == nil {
		changed := o.changed
		o.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		o.mu.Lock()
	}
}

// restore puts the files back. Only its first call does anything.
func (o *output) restore() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ends[0] == nil {
		return
	}
	os.Stdout, os.Stderr = o.files[0], o.files[1]
	for i := range o.ends {
		o.ends[i].Close()
		o.ends[i] = nil
		o.endSoon(i) // what the program has started may hold the other end
	}
}

// close gives the rest to where it would go without a host.
func (o *output) close() {
	o.restore()
	o.goes.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.spillRest()
	for _, p := range o.pipes {
		p.(io.Closer).Close()
	}
}

// spillRest is called with the lock held.
func (o *output) spillRest() {
	for _, d := range o.pieces {
		if w := o.spill[d.channel-stdoutChannel]; w != nil {
			w.Write(d.data)
		}
	}
	o.pieces = nil
}
