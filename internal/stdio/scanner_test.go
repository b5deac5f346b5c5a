package stdio

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

var all = Options{Records: true, Crashes: true}

const record = `{"@level":"warn","@message":"disk is full","@module":"store","free":5}` + "\n"

// outcome is all that a scanner says about an input.
type outcome struct {
	input, text string
	records     []string
	tail        []string
	crash       Crash
	crashed     bool
}

// scan feeds the input in chunks of the sizes that next returns.
func scan(t testing.TB, o Options, input string, next func() int) outcome {
	s := NewScanner(o)
	var out outcome
	var all, text strings.Builder
	drain := func() {
		for ev, ok := s.Next(); ok; ev, ok = s.Next() {
			if len(ev.Bytes) == 0 {
				t.Fatal("event without bytes")
			}
			all.Write(ev.Bytes)
			if ev.Record != nil {
				out.records = append(out.records, string(describe(ev.Record)))
			} else {
				text.Write(ev.Bytes)
			}
		}
	}
	for in := []byte(input); len(in) > 0; {
		n := min(max(next(), 1), len(in))
		chunk := bytes.Clone(in[:n])
		s.Feed(chunk)
		drain()
		clear(chunk) // it is the caller's again
		in = in[n:]
	}
	s.End()
	drain()
	out.input, out.text, out.tail = all.String(), text.String(), s.Tail()
	out.crash, out.crashed = s.Crash()
	return out
}

func whole() int { return 1 << 30 }

func TestScanner(t *testing.T) {
	long := `{"@level":"info","@message":"` + strings.Repeat("x", 70<<10) + `"}` + "\n"
	spaces := "{" + strings.Repeat(" ", 15) + record[1:]
	bad := `{"@level":"info","@message":5}` + "\n"
	for _, tt := range []struct {
		name, in, text string
		records        int
	}{
		{"empty", "", "", 0},
		{"text", "a\nb\r\n\n\x00\xff", "a\nb\r\n\n\x00\xff", 0},
		{"record", record, "", 1},
		{"record without newline", strings.TrimSpace(record), "", 1},
		{"record with CRLF", strings.TrimSpace(record) + "\r\n", "", 1},
		{"mixed", "a\n" + record + "b\n" + record + record + "c", "a\nb\nc", 3},
		{"record inside a line", "a" + record, "a" + record, 0},
		{"two in a line", strings.TrimSpace(record) + record, strings.TrimSpace(record) + record, 0},
		{"wrong types", bad, bad, 0},
		{"other JSON", "{\"level\":\"info\"}\n", "{\"level\":\"info\"}\n", 0},
		{"too long", long + record, long, 1},
		{"brace", "{\n{ x\n{}\n{\"", "{\n{ x\n{}\n{\"", 0},
		{"spaces", spaces, spaces, 0},
		{"long line", strings.Repeat("x", 1<<20) + "\n" + record, strings.Repeat("x", 1<<20) + "\n", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 1))
			for i, next := range []func() int{whole, func() int { return 1 + rnd.IntN(100) }} {
				out := scan(t, all, tt.in, next)
				if out.input != tt.in || out.text != tt.text || len(out.records) != tt.records {
					t.Errorf("%d: text %.200q, %d records", i, out.text, len(out.records))
				}
			}
		})
	}
}

func TestRecordsAreTextUnlessAskedFor(t *testing.T) {
	if out := scan(t, Options{}, record, whole); out.text != record || out.records != nil {
		t.Errorf("%+v", out)
	}
}

// A prompt has no line end, and must be seen before the answer is typed.
func TestPromptAppearsAtOnce(t *testing.T) {
	s := NewScanner(all)
	for _, chunk := range []string{"Password: ", "retry\n", "{menu", "}: ", "\n", "{ ", "what? "} {
		s.Feed([]byte(chunk))
		var got string
		for ev, ok := s.Next(); ok; ev, ok = s.Next() {
			got += string(ev.Bytes)
		}
		if chunk == "{ " {
			if got != "" {
				t.Errorf("%q was not kept back", chunk)
			}
		} else if !strings.HasSuffix(got, chunk) {
			t.Errorf("%q was kept back", chunk)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	for _, begin := range []string{"x", `{"@message":"`, "panic: ", "goroutine 1 [", "panic: x\n\ngoroutine 1 [running]:\n"} {
		s := NewScanner(all)
		s.Feed([]byte(begin))
		chunk := bytes.Repeat([]byte("y"), 10<<10)
		n := 0
		for range 1024 {
			for ev, ok := s.Next(); ok; ev, ok = s.Next() {
				n += len(ev.Bytes)
			}
			s.Feed(chunk)
		}
		held := cap(s.held) + cap(s.tail.buf) + cap(s.crash.part) + cap(s.crash.message) + cap(s.crash.stack)
		if held > 400<<10 || n < 10<<20-20<<10 {
			t.Errorf("%q: holds %d, passed on %d", begin, held, n)
		}
	}
}

func TestFeedBeforeNextIsDone(t *testing.T) {
	s := NewScanner(all)
	s.Feed([]byte("a\n" + record + "b\n"))
	s.Next()
	s.Feed([]byte("c\n"))
	var got string
	for ev, ok := s.Next(); ok; ev, ok = s.Next() {
		got += string(ev.Bytes)
	}
	if got != record+"b\nc\n" {
		t.Errorf("%q", got)
	}
}

func TestTail(t *testing.T) {
	numbers := ""
	for i := range 30 {
		numbers += fmt.Sprintln(i)
	}
	for _, tt := range []struct {
		in   string
		o    Options
		want []string
	}{
		{"", Options{}, nil},
		{"a\nb", Options{}, []string{"a", "b"}},
		{"a\r\n\nb\n", Options{}, []string{"a", "", "b"}},
		{numbers, Options{TailLines: 2}, []string{"28", "29"}},
		{"abcdef\nghi\n", Options{TailBytes: 6}, []string{"…f", "ghi"}},
		{"\xff\n", Options{}, []string{"\uFFFD"}},
		{"a\n" + record, all, []string{"a", "WARN: disk is full module=store free=5"}},
	} {
		if got := scan(t, tt.o, tt.in, whole).tail; !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzScanner(f *testing.F) {
	stack := "panic: boom [recovered]\n\tpanic: again\n[signal SIGSEGV: x]\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:1\n\nexit status 2\n"
	for _, in := range []string{
		"", "text\n", record, "a" + record + record + "{", "{\"@message\":5}\n" + record, stack,
		"50%" + stack, "fatal error: x\r\n\r\ngoroutine 1 [running]:\r\nf()\r\n\r\n",
		"panic: fake\nlog\n" + record + "unexpected fault address 0x1\nfatal error: fault\n",
		"SIGABRT: abort\nPC=0x1 m=0\n\ngoroutine 0 [idle]:\nx\n", strings.Repeat("x", 300) + "\n{   \"@message\"",
	} {
		f.Add([]byte(in), uint64(1))
	}
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		for _, o := range []Options{all, {Records: true, Crashes: true, MaxRecord: 80, MaxCrash: 64}, {Crashes: true}} {
			rnd := rand.New(rand.NewPCG(seed, 2))
			want := scan(t, o, string(in), whole)
			if want.input != string(in) {
				t.Fatalf("%q became %q", in, want.input)
			}
			for _, next := range []func() int{func() int { return 1 }, func() int { return 1 + rnd.IntN(40) }} {
				if got := scan(t, o, string(in), next); !reflect.DeepEqual(got, want) {
					t.Fatalf("split:\n got %+v\nwant %+v", got, want)
				}
			}
		}
	})
}

// discardAll is what a benchmark does with a scanner.
func discardAll(s *Scanner, chunk []byte) (n int) {
	s.Feed(chunk)
	for ev, ok := s.Next(); ok; ev, ok = s.Next() {
		n += len(ev.Bytes)
	}
	return n
}

func BenchmarkScanner(b *testing.B) {
	for _, bb := range []struct{ name, line string }{
		{"short lines", strings.Repeat("x", 39) + "\n"},
		{"log lines", "time=2024-01-02T03:04:05.000Z level=INFO msg=\"request done\" method=Get status=200 took=3ms\n"},
		{"lines like panics", "panics are rare, and programs print words\n"},
		{"other JSON", `{"time":"2024-01-02T03:04:05.000Z","level":"INFO","msg":"request done","status":200}` + "\n"},
		{"no newlines", strings.Repeat("x", 1<<10)},
		{"records", record},
	} {
		b.Run(bb.name, func(b *testing.B) {
			chunk := bytes.Repeat([]byte(bb.line), bufferSize/len(bb.line))
			s := NewScanner(all)
			b.SetBytes(int64(len(chunk)))
			b.ReportAllocs()
			for b.Loop() {
				if discardAll(s, chunk) != len(chunk) {
					b.Fatal("lost")
				}
			}
		})
	}
}
