package tenon

import (
	"context"
	"errors"
	"io"
)

// What generated code calls for methods of interfaces that are those of package
// io: their results mean more than their types say. A Read fills what it was
// given, and n counts even if there is an error.
//
// A request has in field 1 the size that is wanted or the data, and in field 2
// the offset; an answer in field 1 the data or the size that was written, and in
// field 2 the error.

// CallRead calls a Read method on the other side. It reads no more than fits in
// one message of usual size.
func CallRead(ctx context.Context, ref *Ref, method int, p []byte, defs []ErrorDef) (int, error) {
	return callRead(ctx, ref, method, p, -1, defs)
}

// CallReadAt calls a ReadAt method on the other side, as often as it takes to fill
// p.
func CallReadAt(ctx context.Context, ref *Ref, method int, p []byte, off int64, defs []ErrorDef) (n int, err error) {
	if off < 0 {
		return 0, errNegativeOffset
	}
	for n < len(p) && err == nil {
		var more int
		more, err = callRead(ctx, ref, method, p[n:], off+int64(n), defs)
		n += more
		if more == 0 && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}

var errNegativeOffset = &Error{Code: InvalidArgument, Message: "negative offset"}

func callRead(ctx context.Context, ref *Ref, method int, p []byte, off int64, defs []ErrorDef) (n int, err error) {
	call, err := ref.Open(ctx, method)
	if err != nil {
		return 0, err
	}
	defer call.Close()
	out := call.Out()
	out.WriteInt(1, int64(min(len(p), ioChunk)))
	if off > 0 {
		out.WriteInt(2, off)
	}
	in, err := call.Call()
	if err != nil {
		return 0, err
	}
	for in.Next() {
		switch in.Field() {
		case 1:
			n = copy(p, in.ReadView())
		case 2:
			err = readIOError(in, defs)
		}
	}
	if in.Err() != nil {
		return n, in.Err()
	}
	return n, err
}

// readIOError is ReadError for callers that compare with io.EOF.
func readIOError(in *Message, defs []ErrorDef) error {
	err := in.ReadError(defs)
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return err
}

// CallWrite calls a Write method on the other side, as often as it takes to write
// all of p.
func CallWrite(ctx context.Context, ref *Ref, method int, p []byte, defs []ErrorDef) (int, error) {
	return callWrite(ctx, ref, method, p, -1, defs)
}

// CallWriteAt is [CallWrite] for a WriteAt method.
func CallWriteAt(ctx context.Context, ref *Ref, method int, p []byte, off int64, defs []ErrorDef) (int, error) {
	if off < 0 {
		return 0, errNegativeOffset
	}
	return callWrite(ctx, ref, method, p, off, defs)
}

// CallWriteString calls a WriteString method on the other side. What is not UTF-8
// can't be written by it.
func CallWriteString(ctx context.Context, ref *Ref, method int, s string, defs []ErrorDef) (int, error) {
	return write(ctx, ref, method, len(s), defs, func(out *Message) { out.WriteString(1, s) })
}

func callWrite(ctx context.Context, ref *Ref, method int, p []byte, off int64, defs []ErrorDef) (n int, err error) {
	for {
		part := p[n:min(len(p), n+ioChunk)]
		at := off + int64(n)
		written, err := write(ctx, ref, method, len(part), defs, func(out *Message) {
			out.WriteBytes(1, part)
			if off >= 0 && at > 0 {
				out.WriteInt(2, at)
			}
		})
		n += written
		switch {
		case err != nil || n == len(p):
			return n, err
		case written < len(part):
			return n, io.ErrShortWrite
		}
	}
}

func write(ctx context.Context, ref *Ref, method, most int, defs []ErrorDef, fill func(out *Message)) (n int, err error) {
	call, err := ref.Open(ctx, method)
	if err != nil {
		return 0, err
	}
	defer call.Close()
	fill(call.Out())
	in, err := call.Call()
	if err != nil {
		return 0, err
	}
	for in.Next() {
		switch in.Field() {
		case 1:
			n = int(min(in.ReadUint(), uint64(most)))
		case 2:
			err = readIOError(in, defs)
		}
	}
	if in.Err() != nil {
		return n, in.Err()
	}
	return n, err
}

// ServeRead answers a call of a Read method.
func ServeRead(call Stream, read func(p []byte) (int, error), defs []ErrorDef) error {
	return serveRead(call, func(p []byte, _ int64) (int, error) { return read(p) }, defs)
}

// ServeReadAt answers a call of a ReadAt method.
func ServeReadAt(call Stream, read func(p []byte, off int64) (int, error), defs []ErrorDef) error {
	return serveRead(call, read, defs)
}

func serveRead(call Stream, read func(p []byte, off int64) (int, error), defs []ErrorDef) error {
	in, err := call.Recv()
	if err != nil {
		return err
	}
	var size uint64
	var off int64
	for in.Next() {
		switch in.Field() {
		case 1:
			size = in.ReadUint()
		case 2:
			off = in.ReadInt()
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	p := make([]byte, min(size, ioChunk))
	n, err := read(p, off)
	out := call.Out()
	if n > 0 {
		out.WriteBytes(1, p[:n])
	}
	out.WriteError(2, err, defs)
	return nil
}

// ServeWrite answers a call of a Write method.
func ServeWrite(call Stream, write func(p []byte) (int, error), defs []ErrorDef) error {
	return serveWrite(call, defs, func(p []byte, _ int64) (int, error) { return write(p) })
}

// ServeWriteAt answers a call of a WriteAt method.
func ServeWriteAt(call Stream, write func(p []byte, off int64) (int, error), defs []ErrorDef) error {
	return serveWrite(call, defs, write)
}

// ServeWriteString answers a call of a WriteString method.
func ServeWriteString(call Stream, write func(s string) (int, error), defs []ErrorDef) error {
	return serveWrite(call, defs, func(p []byte, _ int64) (int, error) { return write(string(p)) })
}

func serveWrite(call Stream, defs []ErrorDef, write func(p []byte, off int64) (int, error)) error {
	in, err := call.Recv()
	if err != nil {
		return err
	}
	var p []byte
	var off int64
	for in.Next() {
		switch in.Field() {
		case 1:
			p = in.ReadView()
		case 2:
			off = in.ReadInt()
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	n, err := write(p, off)
	out := call.Out()
	if n > 0 {
		out.WriteInt(1, int64(n))
	}
	out.WriteError(2, err, defs)
	return nil
}
