package cases_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/files"
)

func testFiles(t *testing.T, f files.FS) {
	ctx := within(t)
	w := must(f.Create(ctx, "hello"))(t)
	n, err := w.Write([]byte("hello, "))
	ok(t, err)
	equal(t, n, 7)
	_, err = io.WriteString(w, "world\n")
	ok(t, err)
	ok(t, w.Sync(ctx))
	ok(t, w.Close())

	t.Run("theirs", func(t *testing.T) { testTheirFiles(t, f) })
	t.Run("ours", func(t *testing.T) { testOurFiles(t, f) })
	t.Run("kin", func(t *testing.T) { testKin(t, f) })
}

func testTheirFiles(t *testing.T, f files.FS) {
	ctx := within(t)
	file := must(f.Open(ctx, "hello"))(t)
	info := must(file.Stat())(t)
	equal(t, info, files.Info{Name: "hello", Size: 13, Modified: time.Unix(1, 2)})
	var p [5]byte
	n, err := file.Read(p[:])
	ok(t, err)
	equal(t, string(p[:n]), "hello")
	n, err = file.ReadAt(p[:], 7)
	ok(t, err)
	equal(t, string(p[:n]), "world")
	n, err = file.ReadAt(p[:], 11) // ends in the middle
	is(t, err, io.EOF)
	equal(t, string(p[:n]), "d\n")
	rest, err := io.ReadAll(file)
	ok(t, err)
	equal(t, string(rest), ", world\n")
	n, err = file.Read(p[:])
	equal(t, n, 0)
	if err != io.EOF { // itself: few look for what wraps it
		t.Errorf("at the end: %v", err)
	}
	ok(t, file.Close())

	_, err = f.Open(ctx, "nothing")
	is(t, err, fs.ErrNotExist)

	s := must(f.Seeker(ctx, "hello"))(t)
	pos, err := s.Seek(-6, io.SeekEnd)
	ok(t, err)
	equal(t, pos, 7)
	equal(t, string(must(io.ReadAll(s))(t)), "world\n")
	_, err = s.Seek(-1, io.SeekStart)
	if err == nil {
		t.Error("a seek to before the beginning succeeded")
	}
	tenon.Release(s)

	r := must(f.ReaderAt(ctx, "hello"))(t)
	got := must(io.ReadAll(io.NewSectionReader(r, 1, 4)))(t)
	equal(t, string(got), "ello")
	equal(t, must(f.Size(ctx, r))(t), 13) // at home
	tenon.Release(r)
}

func testOurFiles(t *testing.T, f files.FS) {
	ctx := within(t)
	name := filepath.Join(t.TempDir(), "f")
	ok(t, os.WriteFile(name, bytes.Repeat([]byte("0123456789"), 10_000), 0o600))
	file := must(os.Open(name))(t)
	defer file.Close()
	equal(t, must(f.Size(ctx, bytes.NewReader(make([]byte, 1000))))(t), 1000)
	equal(t, must(f.Middle(ctx, strings.NewReader("abcdefg")))(t), []byte("cde"))
	equal(t, string(must(f.Middle(ctx, file))(t)), "901")
	equal(t, must(f.Byte(ctx, strings.NewReader("x")))(t), 'x')
	_, err := f.Byte(ctx, strings.NewReader(""))
	is(t, err, io.EOF)
	var b strings.Builder
	equal(t, must(f.Strings(ctx, &b, "text"))(t), 4)
	equal(t, b.String(), "text")
	out := must(os.Create(filepath.Join(t.TempDir(), "g")))(t)
	defer out.Close()
	equal(t, must(f.At(ctx, out, "far", 10))(t), 3)
	equal(t, string(must(os.ReadFile(out.Name()))(t)), strings.Repeat("\x00", 10)+"far")
}

// A pipe is read, written and closed.
type pipe struct {
	io.Reader
	bytes.Buffer
	closed int
}

func (p *pipe) Read(b []byte) (int, error) { return p.Reader.Read(b) }

func (p *pipe) Close() error {
	p.closed++
	return nil
}

func testKin(t *testing.T, f files.FS) {
	ctx := within(t)
	var w, rw, rwc pipe
	ok(t, f.CopyTo(ctx, &w, "hello"))
	equal(t, w.String(), "hello, world\n")
	equal(t, w.closed, 1)
	r := &pipe{Reader: text("a\nb\n")}
	equal(t, must(f.Lines(ctx, r))(t), 2)
	equal(t, r.closed, 1)
	rw.Reader = text("in")
	ok(t, f.Pipe(ctx, &rw))
	equal(t, rw.String(), "IN")
	rwc.Reader = text(strings.Repeat("in", 100_000))
	ok(t, f.Whole(ctx, &rwc))
	equal(t, rwc.Len(), 200_000)
	equal(t, rwc.closed, 1)
	ok(t, f.Close(ctx, &rwc))
	equal(t, rwc.closed, 2)
}
