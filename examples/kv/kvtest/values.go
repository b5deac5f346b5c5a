package kvtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/tenon-go/tenon/examples/kv"
)

func testPutGet(f *fixture) {
	for _, value := range []string{"hello", "", strings.Repeat("x", kv.MaxValue)} {
		f.put("a", value)
		got, err := f.store.Get(f.ctx, "a")
		f.ok(err)
		if string(got) != value {
			f.Fatalf("got %d bytes, not %d", len(got), len(value))
		}
	}
}

func testMissing(f *fixture) {
	_, get := f.store.Get(f.ctx, "nope")
	_, export := f.store.Export(f.ctx, "nope", io.Discard)
	for op, err := range map[string]error{
		"get": get, "export": export, "delete": f.store.Delete(f.ctx, "nope"),
	} {
		var at *kv.KeyError
		if !errors.Is(err, kv.ErrNotFound) || !errors.As(err, &at) || at.Key != "nope" || at.Op != op {
			f.Errorf("%s: %#v", op, err)
		}
		if want := fmt.Sprintf("%s %q: key not found", op, "nope"); err.Error() != want {
			f.Errorf("%s: %q, not %q", op, err, want)
		}
	}
}

func testDelete(f *fixture) {
	f.put("a", "1")
	f.put("b", "2")
	f.ok(f.store.Delete(f.ctx, "a"))
	f.keys(f.store.List(f.ctx, ""), "b")
}

func testTooLarge(f *fixture) {
	err := f.store.Put(f.ctx, "a", make([]byte, kv.MaxValue+1))
	var size *kv.SizeError
	if !errors.As(err, &size) || size.Size != kv.MaxValue+1 || size.Limit != kv.MaxValue {
		f.Errorf("put: %v", err)
	}
	f.keys(f.store.List(f.ctx, ""))
	_, err = f.store.Import(f.ctx, "a", bytes.NewReader(make([]byte, kv.MaxValue+1)))
	f.ok(err)
	if _, err = f.store.Get(f.ctx, "a"); !errors.As(err, &size) {
		f.Errorf("get: %v", err)
	}
}

func testList(f *fixture) {
	var want []string
	for i := range 300 {
		key := fmt.Sprintf("many/%03d", i)
		want = append(want, key)
		f.put(key, "x")
	}
	f.put("few/1", "12345")
	f.keys(f.store.List(f.ctx, "many/"), want...)
	f.keys(f.store.List(f.ctx, "few"), "few/1")
	f.keys(f.store.List(f.ctx, "none"))
	for e, err := range f.store.List(f.ctx, "few/") {
		f.ok(err)
		if e.Size != 5 || !e.Modified.Equal(now) {
			f.Errorf("got %+v; is the time the host's?", e)
		}
	}
}

// testListStops leaves a list early, writes while it goes on, and gives it a
// context that has ended.
func testListStops(f *fixture) {
	for i := range 300 {
		f.put(fmt.Sprintf("%03d", i), "x")
	}
	for e, err := range f.store.List(f.ctx, "") {
		f.ok(err)
		f.put("~"+e.Key, "y")
		if e.Key == "005" {
			break
		}
	}
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	n := 0
	for _, err := range f.store.List(ctx, "") {
		if n++; n > 1 || !errors.Is(err, context.Canceled) {
			f.Fatalf("item %d: %v", n, err)
		}
	}
	if n == 0 {
		f.Error("the list ended without an error")
	}
}

func testImportExport(f *fixture) {
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 5<<20 + 7} {
		value := pattern(size)
		n, err := f.store.Import(f.ctx, "v", bytes.NewReader(value))
		f.ok(err)
		var got bytes.Buffer
		m, err := f.store.Export(f.ctx, "v", &got)
		f.ok(err)
		if n != int64(size) || m != n || !bytes.Equal(got.Bytes(), value) {
			f.Fatalf("%d bytes: imported %d, exported %d, equal: %v", size, n, m, bytes.Equal(got.Bytes(), value))
		}
	}
}

func pattern(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i * i >> 8)
	}
	return b
}

// testImportFails has a reader fail after some megabytes: what was there before
// is there still, and the reader's error is what the caller gets.
func testImportFails(f *fixture) {
	f.put("a", "before")
	broken := &fs.PathError{Op: "read", Path: "/dev/tape", Err: fs.ErrPermission}
	r := io.MultiReader(bytes.NewReader(pattern(3<<20)), failing{broken})
	_, err := f.store.Import(f.ctx, "a", r)
	var path *fs.PathError
	if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &path) || path.Path != broken.Path {
		f.Errorf("got %v", err)
	}
	got, err := f.store.Get(f.ctx, "a")
	f.ok(err)
	if string(got) != "before" {
		f.Errorf("got %d bytes", len(got))
	}
}

type failing struct{ err error }

func (r failing) Read([]byte) (int, error)  { return 0, r.err }
func (r failing) Write([]byte) (int, error) { return 0, r.err }

// testImportCanceled ends the context while the store reads.
func testImportCanceled(f *fixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	r := endless(func(total int) {
		if total > 3<<20 {
			cancel()
		}
	})
	if _, err := f.store.Import(ctx, "a", r); !errors.Is(err, context.Canceled) {
		f.Errorf("got %v", err)
	}
	f.keys(f.store.List(f.ctx, ""))
}

// endless is a reader that never ends, and tells how much was read of it.
func endless(told func(total int)) io.Reader {
	total := 0
	return readerFunc(func(p []byte) (int, error) {
		total += len(p)
		told(total)
		return len(p), nil
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func testExportFails(f *fixture) {
	_, err := f.store.Import(f.ctx, "a", bytes.NewReader(pattern(1<<20)))
	f.ok(err)
	if _, err := f.store.Export(f.ctx, "a", failing{io.ErrClosedPipe}); !errors.Is(err, io.ErrClosedPipe) {
		f.Errorf("got %v", err)
	}
}

func testConcurrent(f *fixture) {
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 20 {
				key := fmt.Sprintf("%d/%d", worker, i)
				if err := f.store.Put(f.ctx, key, []byte(key)); err != nil {
					f.Error(err)
				}
				if got, err := f.store.Get(f.ctx, key); string(got) != key || err != nil {
					f.Error(got, err)
				}
				if _, err := f.store.Import(f.ctx, "shared", strings.NewReader(key)); err != nil {
					f.Error(err)
				}
			}
		})
	}
	all.Wait()
	n := 0
	for _, err := range f.store.List(f.ctx, "") {
		f.ok(err)
		n++
	}
	if n != 8*20+1 {
		f.Errorf("%d keys", n)
	}
}
