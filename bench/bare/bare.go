// Package bare is the floor: two Go processes and a socketpair, without RPC.
//
// A frame is its length, four bytes, and that many bytes. There is one caller,
// who sends a frame and waits for one. Go's poller waits for the socket, as it
// does for everybody who doesn't block a thread in a system call.
package bare

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"

	"github.com/tenon-go/tenon/bench/harness"
)

// Target is a ping-pong on an inherited socketpair.
var Target = harness.Target{
	Name:      "bare socketpair",
	Start:     start,
	Serve:     serve,
	OneCaller: true,
}

// The first byte of every request.
const (
	echo   = 'e' // the rest comes back
	stream = 's' // the rest is how many messages to send, and of which size
)

const (
	childFD    = 3
	lengthSize = 4
	bufferSize = 64 << 10
)

// A conn reads and writes frames.
type conn struct {
	net.Conn
	in    *bufio.Reader
	frame []byte // the last frame that was read
	out   []byte // a small frame, to go out in one piece
	large [2][]byte
	parts net.Buffers
}

func newConn(fd int, name string) (*conn, error) {
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, in: bufio.NewReaderSize(c, bufferSize)}, nil
}

// read returns the next frame, which is valid until the next read.
func (c *conn) read() ([]byte, error) {
	head, err := c.in.Peek(lengthSize)
	if err != nil {
		return nil, err
	}
	size := int(binary.LittleEndian.Uint32(head))
	if _, err := c.in.Discard(lengthSize); err != nil {
		return nil, err
	}
	if cap(c.frame) < size {
		c.frame = make([]byte, size)
	}
	c.frame = c.frame[:size]
	_, err = io.ReadFull(c.in, c.frame)
	return c.frame, err
}

// write sends a frame: a small one in one piece, the body of a large one
// without copying it.
func (c *conn) write(kind byte, body []byte) error {
	c.out = binary.LittleEndian.AppendUint32(c.out[:0], uint32(1+len(body)))
	c.out = append(c.out, kind)
	if len(body) < bufferSize/4 {
		c.out = append(c.out, body...)
		_, err := c.Write(c.out)
		return err
	}
	c.large = [2][]byte{c.out, body}
	c.parts = c.large[:]
	_, err := c.parts.WriteTo(c.Conn)
	return err
}

type session struct {
	*conn
	cmd *exec.Cmd
}

func start(_ context.Context, cmd *exec.Cmd) (harness.Session, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(fds[1]), "plugin's end")
	defer theirs.Close()
	c, err := newConn(fds[0], "host's end")
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &session{conn: c, cmd: cmd}, nil
}

func (s *session) Echo(_ context.Context, request []byte) ([]byte, error) {
	if err := s.write(echo, request); err != nil {
		return nil, err
	}
	answer, err := s.read()
	if err != nil {
		return nil, err
	}
	return answer[1:], nil
}

func (s *session) Stream(_ context.Context, count, size int, visit func([]byte) error) error {
	wish := binary.LittleEndian.AppendUint64(nil, uint64(count))
	wish = binary.LittleEndian.AppendUint64(wish, uint64(size))
	if err := s.write(stream, wish); err != nil {
		return err
	}
	for range count {
		message, err := s.read()
		if err != nil {
			return err
		}
		if err := visit(message); err != nil {
			return err
		}
	}
	return nil
}

// Stop closes the connection, on which the plugin ends.
func (s *session) Stop() error {
	return errors.Join(s.Close(), s.cmd.Wait())
}

func serve() error {
	c, err := newConn(childFD, "plugin's end")
	if err != nil {
		return err
	}
	for {
		request, err := c.read()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = c.answer(request[0], request[1:])
		}
		if err != nil {
			return err
		}
	}
}

func (c *conn) answer(kind byte, body []byte) error {
	switch kind {
	case echo:
		return c.write(echo, harness.Echo(body))
	case stream:
		count := binary.LittleEndian.Uint64(body)
		size := binary.LittleEndian.Uint64(body[8:])
		return c.send(int(count), int(size))
	}
	return fmt.Errorf("a frame of unknown kind %q", kind)
}

// send writes messages through a buffer: the floor of what a stream costs is
// not one system call for each message.
func (c *conn) send(count, size int) error {
	out := bufio.NewWriterSize(c, bufferSize)
	message := harness.NewMessage(size)
	length := binary.LittleEndian.AppendUint32(nil, uint32(size))
	for i := range count {
		if _, err := out.Write(length); err != nil {
			return err
		}
		if _, err := out.Write(message.Number(i)); err != nil {
			return err
		}
	}
	return out.Flush()
}
