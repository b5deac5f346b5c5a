package harness

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The kinds of measurement.
const (
	Unary   = "unary"   // one caller; Value is ns per call
	Callers = "callers" // many callers at a time; Value is calls per second
	Stream  = "stream"  // plugin to host; Value is messages per second
	Start   = "start"   // until the first answer, again and again; Value is ns
	Stop    = "stop"    // of a plugin that was called once, again and again; Value is ns
	Memory  = "memory"  // peak so far; Value is unused
)

// A Task says what to measure.
type Task struct {
	Kind   string
	Size   int           `json:",omitempty"` // bytes of a request, an answer or a message
	Count  int           `json:",omitempty"` // callers, messages or starts
	Budget time.Duration `json:",omitempty"` // how long to call, warm-up excluded
}

// A Sample is what was measured once.
type Sample struct {
	Value  float64
	Host   Usage // of the host: during the task, but for the memory
	Plugin Usage
	Calls  int // calls during which the usage rose
}

// A Bench measures one session of a target.
type Bench struct {
	Target  Target
	Session Session
	Program string // runs the target's plugin
}

// Command returns a command that runs the target's plugin.
func (b *Bench) Command() *exec.Cmd {
	return exec.Command(b.Program, plugin, b.Target.Name)
}

// Measure carries out a task. What the target cannot do is
// [errors.ErrUnsupported].
func (b *Bench) Measure(ctx context.Context, t Task) (Sample, error) {
	switch t.Kind {
	case Unary:
		return b.metered(ctx, t, b.unary)
	case Callers:
		if b.Target.OneCaller {
			return Sample{}, errors.ErrUnsupported
		}
		return b.metered(ctx, t, b.callers)
	case Stream:
		if b.Target.NoStreams {
			return Sample{}, errors.ErrUnsupported
		}
		return b.metered(ctx, t, b.stream)
	case Start, Stop:
		value, err := b.start(ctx, t)
		return Sample{Value: value}, err
	case Memory:
		return b.memory(ctx)
	}
	return Sample{}, fmt.Errorf("there is no measurement %q", t.Kind)
}

// PluginUsage asks the plugin what it has used.
func PluginUsage(ctx context.Context, s Session) (Usage, error) {
	answer, err := s.Echo(ctx, nil)
	if err != nil {
		return Usage{}, err
	}
	return decodeUsage(answer)
}

// A task returns its value, and how many calls or messages it took.
type task func(context.Context, Task) (value float64, calls int, err error)

// metered runs a task twice, shortly to warm up and then in earnest, and takes
// both sides' allocations and processor time of the second time. They include those of asking the
// plugin for its own, once; that is lost among thousands of calls.
func (b *Bench) metered(ctx context.Context, t Task, run task) (Sample, error) {
	warm := t
	warm.Budget /= 4
	if t.Kind == Stream {
		warm.Count /= 20
	}
	if _, _, err := run(ctx, warm); err != nil {
		return Sample{}, err
	}
	plugin, err := PluginUsage(ctx, b.Session)
	if err != nil {
		return Sample{}, err
	}
	host := ownUsage()
	value, calls, err := run(ctx, t)
	if err != nil {
		return Sample{}, err
	}
	s := Sample{Value: value, Calls: calls, Host: ownUsage()}
	s.Plugin, err = PluginUsage(ctx, b.Session)
	s.Host.Mallocs -= host.Mallocs
	s.Plugin.Mallocs -= plugin.Mallocs
	s.Host.Processor -= host.Processor
	s.Plugin.Processor -= plugin.Processor
	return s, err
}

// unary times each call by itself: comparing a large answer takes about as long
// as sending it, and is not to be measured.
func (b *Bench) unary(ctx context.Context, t Task) (float64, int, error) {
	var spent time.Duration
	calls := 0
	payload := newPayload(t.Size)
	for spent < t.Budget {
		took, err := timedCall(ctx, b.Session, payload, uint64(calls))
		if err != nil {
			return 0, 0, err
		}
		spent += took
		calls++
	}
	return float64(spent.Nanoseconds()) / float64(max(calls, 1)), calls, nil
}

func timedCall(ctx context.Context, s Session, payload []byte, n uint64) (time.Duration, error) {
	number(payload, n)
	began := time.Now()
	answer, err := s.Echo(ctx, payload)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	return took, check(answer, payload)
}

func (b *Bench) callers(ctx context.Context, t Task) (float64, int, error) {
	var (
		over  atomic.Bool
		calls atomic.Int64
		wg    sync.WaitGroup
		errs  = make([]error, t.Count)
	)
	began := time.Now()
	alarm := time.AfterFunc(t.Budget, func() { over.Store(true) })
	defer alarm.Stop()
	for i := range t.Count {
		wg.Go(func() {
			n, err := callUntil(ctx, b.Session, t.Size, uint64(i)<<32, &over)
			calls.Add(n)
			errs[i] = err
		})
	}
	wg.Wait()
	n := calls.Load()
	return float64(n) / time.Since(began).Seconds(), int(n), errors.Join(errs...)
}

// callUntil numbers its calls from first, so that callers who get each other's
// answers notice.
func callUntil(ctx context.Context, s Session, size int, first uint64, over *atomic.Bool) (calls int64, err error) {
	payload := newPayload(size)
	for ; !over.Load(); calls++ {
		number(payload, first+uint64(calls))
		if err := Call(ctx, s, payload); err != nil {
			return calls, err
		}
	}
	return calls, nil
}

// Call sends a payload and checks what comes back.
func Call(ctx context.Context, s Session, payload []byte) error {
	answer, err := s.Echo(ctx, payload)
	if err != nil {
		return err
	}
	return check(answer, payload)
}

func (b *Bench) stream(ctx context.Context, t Task) (float64, int, error) {
	began := time.Now()
	err := Receive(ctx, b.Session, t.Count, t.Size)
	return float64(t.Count) / time.Since(began).Seconds(), t.Count, err
}

// Receive takes a stream of count messages and checks them all.
func Receive(ctx context.Context, s Session, count, size int) error {
	want := NewMessage(size)
	seen := 0
	err := s.Stream(ctx, count, size, func(got []byte) error {
		seen++
		return check(got, want.Number(seen-1))
	})
	if err == nil && seen != count {
		return fmt.Errorf("the stream ended after %d messages of %d", seen, count)
	}
	return err
}

// start returns the median, as one start that the system delayed would hide the
// others in a mean.
func (b *Bench) start(ctx context.Context, t Task) (float64, error) {
	took := make([]time.Duration, t.Count)
	for i := range took {
		started, stopped, err := b.StartOnce(ctx, t.Size)
		if err != nil {
			return 0, err
		}
		took[i] = started
		if t.Kind == Stop {
			took[i] = stopped
		}
	}
	slices.Sort(took)
	return float64(took[len(took)/2].Nanoseconds()), nil
}

// StartOnce starts a plugin, calls it and stops it. It returns how long it took
// until the answer was there, and then until the plugin was gone.
func (b *Bench) StartOnce(ctx context.Context, size int) (started, stopped time.Duration, err error) {
	payload := newPayload(size)
	began := time.Now()
	s, err := b.Target.Start(ctx, b.Command())
	if err != nil {
		return 0, 0, err
	}
	err = Call(ctx, s, payload)
	answered := time.Now()
	err = errors.Join(err, s.Stop())
	return answered.Sub(began), time.Since(answered), err
}

func (b *Bench) memory(ctx context.Context) (Sample, error) {
	plugin, err := PluginUsage(ctx, b.Session)
	return Sample{Host: ownUsage(), Plugin: plugin}, err
}
