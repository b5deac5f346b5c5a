package tenon_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/tenontest"
)

const (
	fileRead = iota
	fileReadAt
	fileWrite
	fileWriteAt
	fileWriteString
)

var fileContract = &tenon.Contract{
	Name: "test.File",
	Methods: []tenon.Method{
		fileRead:        {Name: "Read"},
		fileReadAt:      {Name: "ReadAt"},
		fileWrite:       {Name: "Write"},
		fileWriteAt:     {Name: "WriteAt"},
		fileWriteString: {Name: "WriteString"},
	},
	Errors: []tenon.ErrorDef{{Name: "test.ErrFull", Value: errFull}},
}

var errFull = errors.New("full")

// A file takes so many bytes and no more.
type file struct {
	read *strings.Reader
	data []byte
	room int
}

func (f *file) Write(p []byte) (int, error) { return f.WriteAt(p, int64(len(f.data))) }

func (f *file) WriteString(s string) (int, error) { return f.Write([]byte(s)) }

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	n := min(len(p), f.room-int(off))
	f.data = append(f.data[:off], p[:n]...)
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func (f *file) ServeCall(_ context.Context, method int, call tenon.Stream) error {
	switch method {
	case fileRead:
		return tenon.ServeRead(call, f.read.Read, fileContract.Errors)
	case fileReadAt:
		return tenon.ServeReadAt(call, f.read.ReadAt, fileContract.Errors)
	case fileWrite:
		return tenon.ServeWrite(call, f.Write, fileContract.Errors)
	case fileWriteAt:
		return tenon.ServeWriteAt(call, f.WriteAt, fileContract.Errors)
	}
	return tenon.ServeWriteString(call, f.WriteString, fileContract.Errors)
}

// A remote calls a file on the other side.
type remote struct{ ref *tenon.Ref }

func (r remote) Read(p []byte) (int, error) {
	return tenon.CallRead(context.Background(), r.ref, fileRead, p, fileContract.Errors)
}

func (r remote) ReadAt(p []byte, off int64) (int, error) {
	return tenon.CallReadAt(context.Background(), r.ref, fileReadAt, p, off, fileContract.Errors)
}

func (r remote) Write(p []byte) (int, error) {
	return tenon.CallWrite(context.Background(), r.ref, fileWrite, p, fileContract.Errors)
}

func (r remote) WriteAt(p []byte, off int64) (int, error) {
	return tenon.CallWriteAt(context.Background(), r.ref, fileWriteAt, p, off, fileContract.Errors)
}

func (r remote) WriteString(s string) (int, error) {
	return tenon.CallWriteString(context.Background(), r.ref, fileWriteString, s, fileContract.Errors)
}

func serveFile(t *testing.T, f *file) remote {
	t.Helper()
	conn := tenontest.Serve(t, tenon.App{Name: "test"}, tenon.Service{Contract: fileContract, Server: f})
	ref, err := fileContract.Bind(conn)
	if err != nil {
		t.Fatal(err)
	}
	return remote{ref}
}

const manyBytes = 200_000 // several calls

func TestReadersArriveAsReaders(t *testing.T) {
	text := strings.Repeat("0123456789", manyBytes/10)
	r := serveFile(t, &file{read: strings.NewReader(text)})
	got, err := io.ReadAll(r) // compares with io.EOF
	if string(got) != text || err != nil {
		t.Errorf("ReadAll: %d bytes, %v", len(got), err)
	}
	section, err := io.ReadAll(io.NewSectionReader(r, 7, manyBytes))
	if string(section) != text[7:] || err != nil {
		t.Errorf("ReadAt: %d bytes, %v", len(section), err)
	}
	p := make([]byte, 10)
	if n, err := r.ReadAt(p, manyBytes-4); n != 4 || err != io.EOF || string(p[:n]) != "6789" {
		t.Errorf("ReadAt at the end: %d, %v", n, err)
	}
	if n, err := r.ReadAt(p, -1); n != 0 || tenon.CodeOf(err) != tenon.InvalidArgument {
		t.Errorf("ReadAt before the beginning: %d, %v", n, err)
	}
}

func TestWritersSayHowMuch(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), manyBytes/10)
	f := &file{room: manyBytes + 5}
	w := serveFile(t, f)
	if n, err := w.Write(data); n != manyBytes || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	if n, err := w.WriteString("0123456789"); n != 5 || err != errFull {
		t.Errorf("WriteString: %d, %v, want 5 and the error of a full file", n, err)
	}
	if want := append(data, "01234"...); !bytes.Equal(f.data, want) {
		t.Errorf("%d bytes were written, want %d", len(f.data), len(want))
	}
	if n, err := w.WriteAt(data, 100_000); n != 100_005 || err != errFull {
		t.Errorf("WriteAt: %d, %v", n, err)
	}
	if n, err := w.Write(nil); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}
	if _, err := w.WriteAt(nil, -1); tenon.CodeOf(err) != tenon.InvalidArgument {
		t.Errorf("WriteAt before the beginning: %v", err)
	}
}
