package stdio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// childEnv makes the test binary behave as a plugin.
const childEnv = "TENON_STDIO_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childEnv); mode != "" {
		child(mode)
		return
	}
	os.Exit(m.Run())
}

func child(mode string) {
	switch mode {
	case "burst":
		os.Stderr.Write(burst())
	case "panic":
		fmt.Fprint(os.Stderr, "working: 50%")
		panic(fmt.Errorf("boom\nand more"))
	case "fatal":
		new(sync.Mutex).Unlock()
	case "parent":
		c := reexec("grandchild", os.Stderr)
		if err := c.Start(); err != nil {
			panic(err)
		}
		fmt.Fprintf(os.Stdout, "%d\n", c.Process.Pid)
		fmt.Fprint(os.Stderr, "last words")
	case "grandchild": // holds stderr until the test ends it
		<-time.After(time.Minute)
	case "flooding parent":
		c := reexec("flood", os.Stderr)
		if err := c.Start(); err != nil {
			panic(err)
		}
		fmt.Fprintf(os.Stdout, "%d\n", c.Process.Pid)
	case "flood":
		for b := bytes.Repeat([]byte("flood\n"), 1000); ; {
			if _, err := os.Stderr.Write(b); err != nil {
				return
			}
		}
	}
}

func reexec(mode string, stderr *os.File) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childEnv+"="+mode, "GOTRACEBACK=single")
	c.Stderr = stderr
	return c
}

var burst = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < 10<<20; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
		if i%100 == 0 {
			b.WriteString(record)
			b.Write(bytes.Repeat([]byte{byte(i)}, i%5000))
		}
	}
	b.WriteString("no newline at the end")
	return b.Bytes()
})

// collect is where a pump brings things.
type collect struct {
	text    bytes.Buffer
	records []string
}

func (c *collect) options() PumpOptions {
	return PumpOptions{Options: all, Text: &c.text, Record: func(r slog.Record) {
		c.records = append(c.records, r.Message)
	}}
}

func newPipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// run runs the test binary as a plugin, and finishes the pump after it ended.
func run(t *testing.T, mode string, o PumpOptions) (p *Pump, stdout string, err error) {
	t.Helper()
	r, w := newPipe(t)
	c := reexec(mode, w)
	var out bytes.Buffer
	c.Stdout = &out
	if mode == "parent" || mode == "flooding parent" {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c.Stdout = f // so that Wait has nothing to wait for but the process
		defer func() {
			b, _ := os.ReadFile(f.Name())
			stdout = string(b)
		}()
	}
	p = Start(r, o)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	c.Wait()
	return p, out.String(), p.Finish(t.Context())
}

func TestBurstOfProcess(t *testing.T) {
	var c collect
	p, _, err := run(t, "burst", c.options())
	if err != nil {
		t.Fatal(err)
	}
	want := scan(t, all, string(burst()), whole)
	if c.text.String() != want.text || len(c.records) != len(want.records) {
		t.Errorf("%d bytes of text, want %d; %d records, want %d",
			c.text.Len(), len(want.text), len(c.records), len(want.records))
	}
	if s := p.Stats(); s.Read != int64(len(burst())) || s.Passed != int64(len(want.text)) || s.Dropped != 0 || s.Stuck {
		t.Errorf("%+v", s)
	}
}

func TestCrashOfProcess(t *testing.T) {
	for mode, want := range map[string]string{
		"panic": "boom\n\tand more",
		"fatal": "fatal error: sync: unlock of unlocked mutex",
	} {
		var c collect
		p, _, err := run(t, mode, c.options())
		crash, ok := p.Crash()
		if err != nil || !ok || !strings.Contains(crash.Message, want) ||
			!strings.HasPrefix(crash.Stack, "goroutine 1 ") || !strings.Contains(crash.Stack, "stdio.child(") {
			t.Errorf("%s: %v, %v, %q\n%s", mode, err, ok, crash.Message, crash.Stack)
		}
		if !strings.Contains(c.text.String(), crash.Stack) {
			t.Errorf("%s: not passed on: %s", mode, &c.text)
		}
	}
}

// kill ends the process whose id a child printed.
func kill(t *testing.T, pid string) {
	var n int
	fmt.Sscan(pid, &n)
	p, err := os.FindProcess(n)
	if err != nil || n <= 1 {
		t.Fatal(pid, err)
	}
	p.Kill()
}

func TestGrandchildDoesNotDelay(t *testing.T) {
	var c collect
	_, pid, err := run(t, "parent", c.options())
	defer kill(t, pid)
	if err != nil || c.text.String() != "last words" {
		t.Errorf("%v, %q", err, &c.text)
	}
}

func TestFloodingGrandchildDoesNotDelay(t *testing.T) {
	var c collect
	_, pid, err := run(t, "flooding parent", c.options())
	defer kill(t, pid)
	if err != nil {
		t.Error(err)
	}
}

// What was written before Finish is read although the other end stays open.
func TestFinishDrainsOpenPipe(t *testing.T) {
	for range 200 {
		r, w := newPipe(t)
		var c collect
		p := Start(r, c.options())
		in := burst()[:60<<10]
		if _, err := w.Write(in); err != nil {
			t.Fatal(err)
		}
		if err := p.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := scan(t, all, string(in), whole); c.text.String() != want.text {
			t.Fatalf("%d bytes, want %d", c.text.Len(), len(want.text))
		}
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
			t.Fatal("the pipe is open:", err)
		}
		w.Close()
	}
}

func TestFinishTwiceAndConcurrently(t *testing.T) {
	r, w := newPipe(t)
	p := Start(r, PumpOptions{})
	w.WriteString("x\n")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := p.Finish(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := p.Tail(); len(got) != 1 || got[0] != "x" {
		t.Error(got)
	}
}

type failing struct {
	n     int
	calls int
}

func (f *failing) Write(b []byte) (int, error) {
	f.calls++
	if f.n -= len(b); f.n < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

// A writer that fails neither holds the plugin up nor costs records.
func TestFailingWriter(t *testing.T) {
	r, w := newPipe(t)
	var c collect
	o, f := c.options(), &failing{n: 100}
	o.Text = f
	p := Start(r, o)
	w.Write(burst())
	w.Close()
	err := p.Finish(t.Context())
	want := scan(t, all, string(burst()), whole)
	s := p.Stats()
	if !errors.Is(err, io.ErrClosedPipe) || len(c.records) != len(want.records) ||
		s.Passed+s.Dropped != int64(len(want.text)) || s.Read != int64(len(burst())) {
		t.Errorf("%v, %d records of %d, %+v", err, len(c.records), len(want.records), s)
	}
	if got := p.Tail(); !strings.HasSuffix(got[len(got)-1], "no newline at the end") {
		t.Error(got)
	}
}

// hanging is a writer that lets nothing through until it is released.
type hanging struct {
	begun, release chan struct{}
	once           sync.Once
	got            bytes.Buffer
}

func newHanging() *hanging {
	return &hanging{begun: make(chan struct{}), release: make(chan struct{})}
}

func (h *hanging) Write(b []byte) (int, error) {
	h.once.Do(func() { close(h.begun) })
	<-h.release
	return h.got.Write(b)
}

func TestHangingWriter(t *testing.T) {
	for _, first := range []string{"first\n", "{\"a\": 1}\n"} {
		r, w := newPipe(t)
		h := newHanging()
		p := Start(r, PumpOptions{Options: all, Text: h, Record: func(slog.Record) {}})
		// In pieces, so that the writer hangs on to the scanner's own memory.
		for _, b := range []byte(first) {
			w.Write([]byte{b})
		}
		<-h.begun
		w.WriteString("{\"rest\": 2}\n{\"held\n" + "panic: boom\n\n" + stackText)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := p.Finish(ctx)
		crash, ok := p.Crash()
		if !errors.Is(err, context.Canceled) || !ok || crash.Message != "panic: boom" {
			t.Errorf("%v, %v", err, crash)
		}
		if s := p.Stats(); !s.Stuck || s.Dropped == 0 {
			t.Errorf("%+v", s)
		}
		if tail := p.Tail(); tail[0] != strings.TrimSpace(first) && !strings.HasPrefix(first, tail[0]) {
			t.Errorf("%q", tail)
		}
		close(h.release)
		<-p.Done()
		if s := p.Stats(); s.Stuck || s.Passed+s.Dropped != s.Read {
			t.Errorf("%+v", s)
		}
		if !strings.HasPrefix(first, h.got.String()) {
			t.Errorf("the writer got %q", &h.got)
		}
	}
}

// With the context ended already, what is there is read for the tail, and
// nothing is waited for.
func TestFinishWithEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 200 {
		r, w := newPipe(t)
		p := Start(r, PumpOptions{Text: io.Discard})
		w.WriteString("words\n")
		p.Finish(ctx)
		if s := p.Stats(); s.Read != 6 || s.Passed+s.Dropped != 6 {
			t.Fatalf("%+v", s)
		}
		if got := p.Tail(); len(got) != 1 || got[0] != "words" {
			t.Fatal(got)
		}
		w.Close()
	}
}

// A reader that cannot be polled is read until nothing has come for a while.
func TestPlainReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		var c collect
		p := Start(r, c.options())
		io.WriteString(w, "a\n"+record+"b")
		begin := time.Now()
		if err := p.Finish(t.Context()); err != nil {
			t.Error(err)
		}
		<-p.Done()
		if c.text.String() != "a\nb" || len(c.records) != 1 || time.Since(begin) > 3*quiet {
			t.Errorf("%q, %d, %v", &c.text, len(c.records), time.Since(begin))
		}
	})
}

// deaf is a reader that does not end when it is closed.
type deaf struct{ release chan struct{} }

func (d deaf) Read([]byte) (int, error) { <-d.release; return 0, io.EOF }
func (d deaf) Close() error             { return nil }

func TestReaderThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deaf{make(chan struct{})}
		p := Start(d, PumpOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Finish(ctx); !errors.Is(err, context.DeadlineExceeded) || !p.Stats().Stuck {
			t.Error(err, p.Stats())
		}
		close(d.release)
		<-p.Done()
		if p.Stats().Stuck {
			t.Error("still stuck")
		}
	})
}

func TestReadError(t *testing.T) {
	p := Start(io.MultiReader(strings.NewReader("x"), broken{}), PumpOptions{})
	if err := p.Finish(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestShortWrite(t *testing.T) {
	p := Start(strings.NewReader("xyz"), PumpOptions{Text: short{}})
	if err := p.Finish(t.Context()); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
	if s := p.Stats(); s.Passed != 1 || s.Dropped != 2 {
		t.Errorf("%+v", s)
	}
}

type short struct{}

func (short) Write(b []byte) (int, error) { return 1, nil }

func BenchmarkPump(b *testing.B) {
	chunk := bytes.Repeat([]byte("time=2024-01-02T03:04:05.000Z level=INFO msg=\"request done\" status=200\n"), 450)
	b.SetBytes(int64(len(chunk)))
	r, w := newPipe(b)
	p := Start(r, PumpOptions{Options: all, Text: io.Discard, Record: func(slog.Record) {}})
	b.ReportAllocs()
	for b.Loop() {
		w.Write(chunk)
	}
	w.Close()
	if err := p.Finish(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPipe is the least that BenchmarkPump can cost.
func BenchmarkPipe(b *testing.B) {
	chunk := make([]byte, 32<<10)
	b.SetBytes(int64(len(chunk)))
	r, w := newPipe(b)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, bufferSize)
		for {
			if _, err := r.Read(buf); err != nil {
				return
			}
		}
	}()
	for b.Loop() {
		w.Write(chunk)
	}
	w.Close()
	<-done
}
