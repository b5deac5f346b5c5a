package logs

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/tenon-go/tenon"
)

func TestLevelChangesAtRunTime(t *testing.T) {
	l := &link{t: t}
	level := new(slog.LevelVar)
	lg := slog.New(NewHandler(l.emit, HandlerOptions{Level: level}))
	derived := lg.With("k", "v").WithGroup("g")
	derived.Debug("unseen")
	level.Set(LevelTrace)
	derived.Debug("seen")
	level.Set(LevelOff)
	derived.Error("unseen")
	if len(l.got) != 1 || l.got[0].Message != "seen" {
		t.Error(l.got)
	}
}

func TestFallback(t *testing.T) {
	var out bytes.Buffer
	var fail error
	l := &link{t: t}
	emit := func(b []byte) error {
		if fail != nil {
			return fail
		}
		return l.emit(b)
	}
	h := NewHandler(emit, HandlerOptions{Fallback: slog.NewTextHandler(&out, nil)})
	lg := slog.New(h).With("a", 1).WithGroup("g").With("b", 2)
	lg.Info("sent")
	fail = errors.New("gone")
	lg.Info("kept", "c", 3)
	if len(l.got) != 1 || !strings.HasSuffix(out.String(), "msg=kept a=1 g.b=2 g.c=3\n") {
		t.Errorf("%d sent, fallback has %q", len(l.got), out.String())
	}
	r := slog.Record{Message: "m"}
	if err := NewHandler(emit, HandlerOptions{}).Handle(t.Context(), r); !errors.Is(err, fail) {
		t.Error(err)
	}
}

// Handlers derived from one another share no memory that changes.
func TestDerivedHandlersAreIndependent(t *testing.T) {
	l := &link{t: t}
	base := slog.New(NewHandler(l.emit, HandlerOptions{})).With("base", 1)
	a, b := base.With("a", 1), base.With("b", 2)
	g, h := base.WithGroup("g").With("x", 1), base.WithGroup("h").With("y", 2)
	for _, lg := range []*slog.Logger{a, b, g, h, base} {
		lg.Info("m")
	}
	want := []string{"[base=1 a=1]", "[base=1 b=2]", "[base=1 g=[x=1]]", "[base=1 h=[y=2]]", "[base=1]"}
	for i, r := range l.got {
		if got := fmt.Sprint(attrsOf(r)); got != want[i] {
			t.Errorf("got %s, want %s", got, want[i])
		}
	}
}

func TestHandlerIsConcurrent(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	lg := slog.New(NewHandler(func(b []byte) error {
		var m tenon.Message
		m.Load(b, nil)
		r, err := Parse(&m)
		mu.Lock()
		seen[fmt.Sprint(r.Message, attrsOf(r))]++
		mu.Unlock()
		return err
	}, HandlerOptions{})).With("a", 1).WithGroup("g")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				lg.With("i", i).Info("m", "n", i)
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		if n := seen[fmt.Sprintf("m[a=1 g=[i=%d n=%d]]", i, i)]; n != 200 {
			t.Errorf("%d: %d records, in %v", i, n, seen)
		}
	}
}

// The source arrives, and is printed once, in slog's usual form, whatever the
// host's handler is set to.
func TestSource(t *testing.T) {
	l := &link{t: t}
	slog.New(NewHandler(l.emit, HandlerOptions{AddSource: true})).Info("m", "k", "v")
	slog.New(NewHandler(l.emit, HandlerOptions{})).Info("m", "k", "v")
	for _, addSource := range []bool{false, true} {
		opts := &slog.HandlerOptions{AddSource: addSource}
		var text, js bytes.Buffer
		slog.NewTextHandler(&text, opts).Handle(t.Context(), l.got[0])
		slog.NewJSONHandler(&js, opts).Handle(t.Context(), l.got[0])
		if s := text.String(); strings.Count(s, "source=") != 1 || !strings.Contains(s, "handler_test.go:") {
			t.Error(s)
		}
		if s := js.String(); strings.Count(s, `"source":{"function":"github.com/tenon-go/tenon/internal/logs.TestSource","file":`) != 1 {
			t.Error(s)
		}
		text.Reset()
		slog.NewTextHandler(&text, opts).Handle(t.Context(), l.got[1])
		if s := text.String(); strings.Contains(s, "source=") {
			t.Error(s)
		}
	}
}

func TestDeliver(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, nil)).With("host", "h")
	l := &link{t: t}
	level := new(slog.LevelVar)
	level.Set(slog.LevelDebug)
	lg := slog.New(NewHandler(l.emit, HandlerOptions{Level: level}))
	lg.Debug("dropped")
	lg.Warn("kept", "k", 1)
	for _, r := range l.got {
		if err := Deliver(t.Context(), logger, r, "kv"); err != nil {
			t.Error(err)
		}
	}
	want := l.last().Time.Format("time=2006-01-02T15:04:05.000Z07:00") + " level=WARN msg=kept host=h plugin=kv k=1\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
}

func TestRedirect(t *testing.T) {
	w, flags, logger := log.Writer(), log.Flags(), slog.Default()
	l := &link{t: t}
	h := NewHandler(l.emit, HandlerOptions{AddSource: true})
	undo := Redirect(h, RedirectOptions{Level: slog.LevelWarn, AddSource: true})
	log.Printf("from %s", "log")
	log.Print("two\nlines\n")
	slog.Info("from slog", "k", "v")
	func() {
		defer func() { recover() }()
		log.Panic("from panic")
	}()
	undo()
	if log.Writer() != w || log.Flags() != flags || slog.Default() != logger {
		t.Error("not undone")
	}
	want := []string{"WARN from log", "WARN two\nlines", "INFO from slog", "WARN from panic"}
	for i, r := range l.got {
		if got := r.Level.String() + " " + r.Message; got != want[i] {
			t.Errorf("got %q, want %q", got, want[i])
		}
		if src, _ := attrsOf(r)[0].Value.Any().(*slog.Source); src == nil || !strings.HasSuffix(src.File, "handler_test.go") {
			t.Errorf("%s: source is %v", r.Message, src)
		}
	}
	if len(l.got) != len(want) {
		t.Error(len(l.got), "records")
	}
}

func TestRedirectBelowLevel(t *testing.T) {
	l := &link{t: t}
	defer Redirect(NewHandler(l.emit, HandlerOptions{}), RedirectOptions{Level: slog.LevelDebug})()
	log.Print("unseen")
	if len(l.got) != 0 {
		t.Error(l.got)
	}
}

func BenchmarkHandle(b *testing.B) {
	lg := slog.New(NewHandler(func([]byte) error { return nil }, HandlerOptions{})).With("module", "store")
	b.ReportAllocs()
	for b.Loop() {
		lg.Info("request done", "method", "Get", "status", 200)
	}
}

func BenchmarkParse(b *testing.B) {
	var kept []byte
	lg := slog.New(NewHandler(func(x []byte) error { kept = bytes.Clone(x); return nil }, HandlerOptions{}))
	lg.Info("request done", "method", "Get", "status", 200)
	b.ReportAllocs()
	for b.Loop() {
		var m tenon.Message
		m.Load(kept, nil)
		if _, err := Parse(&m); err != nil {
			b.Fatal(err)
		}
	}
}
