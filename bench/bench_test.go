package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenon-go/tenon/bench/harness"
)

// programs is the directory of the targets' programs.
var programs string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := withPrograms(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func withPrograms(run func() int) (int, error) {
	dir, err := os.MkdirTemp("", "tenon-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	programs = dir
	if err := build(dir, targets); err != nil {
		return 0, err
	}
	return run(), nil
}

func idleBench(e entry) *harness.Bench {
	return &harness.Bench{Target: e.Target, Program: filepath.Join(programs, e.program)}
}

// newBench starts e's plugin, which is stopped when the test ends.
func newBench(tb testing.TB, e entry) *harness.Bench {
	tb.Helper()
	b := idleBench(e)
	var err error
	if b.Session, err = e.Start(context.Background(), b.Command()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.Session.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return b
}

func TestEveryTargetAnswersRightly(t *testing.T) {
	for _, e := range targets {
		t.Run(e.Name, func(t *testing.T) {
			b := newBench(t, e)
			for _, size := range []int{8, 64, 4 << 10, 64<<10 - 1, 64 << 10, 1 << 20} {
				if _, err := b.Measure(t.Context(), harness.Task{Kind: harness.Unary, Size: size, Budget: 5 * time.Millisecond}); err != nil {
					t.Errorf("%d bytes: %v", size, err)
				}
			}
		})
	}
}

func TestEveryTargetDoesEveryTaskOfThePlan(t *testing.T) {
	for _, e := range targets {
		t.Run(e.Name, func(t *testing.T) {
			b := newBench(t, e)
			for _, task := range newPlan(true).tasks {
				task.Budget /= 10
				task.Count = min(task.Count, 10_000)
				s, err := b.Measure(t.Context(), task)
				switch {
				case errors.Is(err, errors.ErrUnsupported):
					t.Logf("%s: n/a", task.Kind)
				case err != nil:
					t.Errorf("%s: %v", task.Kind, err)
				case task.Kind != harness.Memory && s.Value <= 0:
					t.Errorf("%s took %v", task.Kind, s.Value)
				}
			}
		})
	}
}

func TestRoundMeasuresEveryTarget(t *testing.T) {
	tasks := []harness.Task{
		{Kind: harness.Unary, Size: 64, Budget: time.Millisecond},
		{Kind: harness.Memory},
	}
	r, err := newRound(t.Context(), programs, targets, tasks, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range targets {
		call, memory := r[0][i], r[1][i]
		if call.Value <= 0 || call.Calls == 0 {
			t.Errorf("%s: a call took %v ns, over %d calls", e.Name, call.Value, call.Calls)
		}
		if memory.Host.PeakMemory == 0 || memory.Plugin.PeakMemory == 0 {
			t.Errorf("%s: no peak memory: %+v", e.Name, memory)
		}
	}
}

func TestHostThatEndsIsAnErrorWithWhatItPrinted(t *testing.T) {
	e := targets[0]
	e.Name = "unheard of"
	_, err := newRound(t.Context(), programs, []entry{e}, []harness.Task{{Kind: harness.Memory}}, 0)
	if err == nil || !strings.Contains(err.Error(), `no host for "unheard of"`) {
		t.Errorf("a program without the target gave %v", err)
	}
}

// A broken session answers what tamper makes of the right answer.
type broken struct{ tamper func([]byte) []byte }

func (s broken) Echo(_ context.Context, request []byte) ([]byte, error) {
	if len(request) == 0 {
		return harness.Echo(request), nil
	}
	return s.tamper(append([]byte(nil), request...)), nil
}

func (s broken) Stream(_ context.Context, count, size int, visit func([]byte) error) error {
	m := harness.NewMessage(size)
	for i := range count - 1 {
		if err := visit(s.tamper(m.Number(i))); err != nil {
			return err
		}
	}
	return nil
}

func (broken) Stop() error { return nil }

func TestWrongAnswersAreNoticed(t *testing.T) {
	stale := append([]byte(nil), harness.NewMessage(64).Number(0)...)
	wrong := map[string]func([]byte) []byte{
		"short":   func(b []byte) []byte { return b[:len(b)-1] },
		"long":    func(b []byte) []byte { return append(b, 0) },
		"changed": func(b []byte) []byte { b[len(b)-1]++; return b },
		"stale":   func([]byte) []byte { return stale },
		"none":    func([]byte) []byte { return nil },
	}
	for name, tamper := range wrong {
		for _, task := range []harness.Task{
			{Kind: harness.Unary, Size: 64, Budget: time.Millisecond},
			{Kind: harness.Callers, Size: 64, Count: 4, Budget: time.Millisecond},
			{Kind: harness.Stream, Size: 64, Count: 100},
		} {
			b := harness.Bench{Session: broken{tamper}}
			if _, err := b.Measure(t.Context(), task); err == nil {
				t.Errorf("%s: a %s answer passed", task.Kind, name)
			}
		}
	}
}

func TestLostMessagesAreNoticed(t *testing.T) {
	err := harness.Receive(t.Context(), broken{func(b []byte) []byte { return b }}, 10, 64)
	if err == nil || !strings.Contains(err.Error(), "9 messages of 10") {
		t.Errorf("a stream with 9 messages of 10 gave %v", err)
	}
}

func TestSpread(t *testing.T) {
	got := newSpread([]float64{5, 1, 4, 2, 3})
	want := spread{low: 1.4, median: 3, high: 4.6}
	for i, pair := range [][2]float64{{got.low, want.low}, {got.median, want.median}, {got.high, want.high}} {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("part %d of the spread is %v, not %v", i, pair[0], pair[1])
		}
	}
}

// Ratios are of the same round: with these figures the ratio of the medians
// would be 1.
func TestRatiosArePaired(t *testing.T) {
	r := &report{
		entries: []entry{{Target: harness.Target{Name: "a"}}, {Target: harness.Target{Name: "b"}}},
		rows:    []row{{label: "call", value: value}},
	}
	for _, v := range [][2]float64{{10, 20}, {20, 40}, {30, 20}} {
		r.rounds = append(r.rounds, round{{{Value: v[0]}, {Value: v[1]}}})
	}
	var out strings.Builder
	r.write(&out)
	if want := "| call | **2.00** ("; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s", want, &out)
	}
}

func BenchmarkCall(b *testing.B) {
	for _, e := range targets {
		b.Run(e.path(), func(b *testing.B) {
			session := newBench(b, e).Session
			for _, size := range []int{small, 4 << 10, 64 << 10, 1 << 20} {
				b.Run(bytesLabel(size), func(b *testing.B) { benchmarkCall(b, session, size) })
			}
		})
	}
}

// benchmarkCall checks the first answer alone: comparing a large one takes as
// long as sending it. The table's figures are of checked answers.
func benchmarkCall(b *testing.B, s harness.Session, size int) {
	ctx := context.Background()
	payload := harness.NewMessage(size).Number(0)
	if err := harness.Call(ctx, s, payload); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(2 * int64(size))
	defer reportPlugin(b, s)()
	for b.Loop() {
		if _, err := s.Echo(ctx, payload); err != nil {
			b.Fatal(err)
		}
	}
}

// reportPlugin has both sides' allocations reported: the testing package counts
// those of the host, what is returned those of the plugin until it is called.
func reportPlugin(b *testing.B, s harness.Session) func() {
	ctx := context.Background()
	before, err := harness.PluginUsage(ctx, s)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return func() {
		after, err := harness.PluginUsage(ctx, s)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N), "plugin-allocs/op")
	}
}

func Benchmark32Callers(b *testing.B) {
	for _, e := range targets {
		if e.OneCaller {
			continue
		}
		b.Run(e.path(), func(b *testing.B) {
			session := newBench(b, e).Session
			defer reportPlugin(b, session)()
			var caller atomic.Uint64
			b.SetParallelism((32 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				payload := harness.NewMessage(small).Number(int(caller.Add(1)))
				for pb.Next() {
					if err := harness.Call(context.Background(), session, payload); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkStream(b *testing.B) {
	for _, e := range targets {
		if e.NoStreams {
			continue
		}
		b.Run(e.path(), func(b *testing.B) {
			session := newBench(b, e).Session
			b.SetBytes(small)
			defer reportPlugin(b, session)()
			b.ResetTimer()
			if err := harness.Receive(context.Background(), session, b.N, small); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkStart stops the plugin each time, which is not part of what it
// reports as to-first-answer.
func BenchmarkStart(b *testing.B) {
	for _, e := range targets {
		b.Run(e.path(), func(b *testing.B) {
			b.ReportAllocs()
			bench := idleBench(e)
			var took time.Duration
			for b.Loop() {
				once, _, err := bench.StartOnce(context.Background(), small)
				if err != nil {
					b.Fatal(err)
				}
				took += once
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns-to-first-answer/op")
		})
	}
}
