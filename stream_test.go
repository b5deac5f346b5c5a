package tenon_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/tenontest"
)

// The methods of a contract with a stream in each direction, and in both.
const (
	streamUp = iota
	streamDown
	streamBoth
)

var errStream = errors.New("the sentinel of a stream")

var streamContract = &tenon.Contract{
	Name: "test.Stream",
	Methods: []tenon.Method{
		streamUp:   {Name: "Up", ClientStream: true},
		streamDown: {Name: "Down", ServerStream: true},
		streamBoth: {Name: "Both", ClientStream: true, ServerStream: true},
	},
	Errors: []tenon.ErrorDef{{Name: "test.Err", Value: errStream}},
}

type streamServer func(ctx context.Context, call tenon.Stream) error

func (f streamServer) ServeCall(ctx context.Context, _ int, call tenon.Stream) error {
	return f(ctx, call)
}

// streaming serves every method by handler, and returns a ref to it. That
// nothing is left open is checked when the test ends.
func streaming(t *testing.T, handler streamServer) *tenon.Ref {
	t.Helper()
	tenontest.CheckLeaks(t)
	conn := tenontest.Serve(t, tenon.App{Name: "test"}, tenon.Service{Contract: streamContract, Server: handler})
	ref, err := streamContract.Bind(conn)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func writeInt(out *tenon.Message, v int) { out.WriteInt(1, int64(v)) }

func readInt(in *tenon.Message) (v int) {
	for in.Next() {
		if in.Field() == 1 {
			v = int(in.ReadInt())
		}
	}
	return v
}

func writePair(out *tenon.Message, k, v int) {
	writeInt(out, k)
	out.WriteInt(2, int64(v))
}

func readPair(in *tenon.Message) (k, v int) {
	for in.Next() {
		switch in.Field() {
		case 1:
			k = int(in.ReadInt())
		case 2:
			v = int(in.ReadInt())
		}
	}
	return k, v
}

func writeIntErr(out *tenon.Message, v int, err error) {
	if err != nil {
		out.WriteError(2, err, streamContract.Errors)
		return
	}
	writeInt(out, v)
}

func readIntErr(in *tenon.Message) (v int, err error) {
	for in.Next() {
		switch in.Field() {
		case 1:
			v = int(in.ReadInt())
		case 2:
			err = in.ReadError(streamContract.Errors)
		}
	}
	return v, err
}

// numbers are 0 to n-1, and after that it is noted that they were asked for.
func numbers(n int, asked *int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			*asked = i + 1
			if !yield(i) {
				return
			}
		}
	}
}

// sum answers with the sum of all elements.
func sum(_ context.Context, call tenon.Stream) error {
	args := tenon.NewArgs(call)
	defer args.Close()
	total := 0
	for v := range tenon.ArgSeq(args, readInt) {
		total += v
	}
	if err := args.Err(); err != nil {
		return err
	}
	writeInt(call.Out(), total)
	return nil
}

// ask calls Up with a source.
func ask(ctx context.Context, ref *tenon.Ref, source tenon.Source) (int, error) {
	call, err := tenon.OpenStream(ctx, ref, streamUp, source)
	if err != nil {
		return 0, err
	}
	defer call.Close()
	in, err := call.Call()
	if err != nil {
		return 0, err
	}
	return readInt(in), in.Err()
}

func TestSourcesArrive(t *testing.T) {
	var asked int
	ref := streaming(t, sum)
	ch := make(chan int, 3)
	ch <- 1
	ch <- 2
	ch <- 3
	close(ch)
	pairs := func(yield func(int, int) bool) { _ = yield(1, 2) && yield(3, 4) }
	tests := map[string]struct {
		source tenon.Source
		want   int
	}{
		"iterator":          {tenon.SendSeq(numbers(1000, &asked), writeInt), 999 * 1000 / 2},
		"iterator, nil":     {tenon.SendSeq(nil, writeInt), 0},
		"channel":           {tenon.SendChan(ch, writeInt), 6},
		"pairs":             {tenon.SendSeq2(pairs, writePair), 4},
		"pairs, nil":        {tenon.SendSeq2(nil, writePair), 0},
		"with errors, none": {tenon.SendSeqErr(func(yield func(int, error) bool) { yield(7, nil) }, writeIntErr), 7},
		"with errors, nil":  {tenon.SendSeqErr(nil, writeIntErr), 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ask(t.Context(), ref, test.source)
			if got != test.want || err != nil {
				t.Errorf("got %d, %v, want %d", got, err, test.want)
			}
		})
	}
}

func TestSourceStopsWhenHandlerReturns(t *testing.T) {
	for name, answer := range map[string]error{"well": nil, "with an error": errStream} {
		t.Run(name, func(t *testing.T) {
			ref := streaming(t, func(_ context.Context, call tenon.Stream) error {
				args := tenon.NewArgs(call)
				defer args.Close()
				for v := range tenon.ArgSeq(args, readInt) {
					writeInt(call.Out(), v+42)
					break
				}
				return answer
			})
			var asked int
			endless := func(yield func(int) bool) {
				for asked = 0; yield(asked); asked++ {
				}
			}
			got, err := ask(t.Context(), ref, tenon.SendSeq(endless, writeInt))
			if !errors.Is(err, answer) || answer == nil && (err != nil || got != 42) {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
}

func TestChannelIsLeftWhenHandlerReturns(t *testing.T) {
	ref := streaming(t, func(_ context.Context, call tenon.Stream) error {
		args := tenon.NewArgs(call)
		defer args.Close()
		writeInt(call.Out(), <-tenon.ArgChan(args, readInt))
		return nil
	})
	ch := make(chan int)
	go func() { ch <- 5 }()
	got, err := ask(t.Context(), ref, tenon.SendChan(ch, writeInt))
	if got != 5 || err != nil {
		t.Fatal(got, err)
	}
	select {
	case ch <- 1:
		t.Error("somebody receives from the channel after the call")
	default:
	}
}

func TestHandlerDoesNotDrainChannel(t *testing.T) {
	ref := streaming(t, func(_ context.Context, call tenon.Stream) error {
		args := tenon.NewArgs(call)
		defer args.Close()
		tenon.ArgChan(args, readInt)
		return nil
	})
	for range 200 {
		var asked int
		if _, err := ask(t.Context(), ref, tenon.SendSeq(numbers(20, &asked), writeInt)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestErrorOfSourceArrives(t *testing.T) {
	ref := streaming(t, func(_ context.Context, call tenon.Stream) error {
		args := tenon.NewArgs(call)
		defer args.Close()
		seen := 0
		for _, err := range tenon.ArgSeqErr(args, readIntErr) {
			if err == nil {
				seen++
				continue
			}
			if err != errStream || seen != 2 {
				return fmt.Errorf("%w after %d elements", err, seen)
			}
			writeInt(call.Out(), 1)
		}
		return args.Err()
	})
	failing := func(yield func(int, error) bool) {
		_ = yield(1, nil) && yield(2, nil) && yield(0, errStream)
		// What comes after an error is not asked for.
	}
	if got, err := ask(t.Context(), ref, tenon.SendSeqErr(failing, writeIntErr)); got != 1 || err != nil {
		t.Fatal(got, err)
	}
}

func TestElementThatCannotBeSent(t *testing.T) {
	bad := tenon.SendSeq(func(yield func(int) bool) { yield(1) }, func(out *tenon.Message, _ int) { out.WriteString(1, "\xff") })
	ref := streaming(t, sum)
	if _, err := ask(t.Context(), ref, bad); err == nil || !strings.Contains(err.Error(), "cannot be sent") {
		t.Errorf("Call: %v", err)
	}
	call, err := tenon.OpenStream(t.Context(), ref, streamBoth, bad)
	if err != nil {
		t.Fatal(err)
	}
	defer call.Close()
	if _, err := call.Recv(); err == nil || !strings.Contains(err.Error(), "cannot be sent") {
		t.Errorf("Recv: %v", err)
	}
}

func TestElementThatCannotBeRead(t *testing.T) {
	ref := streaming(t, sum)
	bad := tenon.SendSeq(func(yield func(int) bool) { yield(1) }, func(out *tenon.Message, _ int) { out.WriteString(1, "text") })
	if _, err := ask(t.Context(), ref, bad); tenon.CodeOf(err) != tenon.InvalidArgument {
		t.Errorf("the handler did not hear of it: %v", err)
	}
}

// panics returns what f panics with.
func panics(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}

func TestPanicOfSource(t *testing.T) {
	ref := streaming(t, sum)
	sources := map[string]tenon.Source{
		"panics":     tenon.SendSeq(func(func(int) bool) { panic("mine") }, writeInt),
		"is written": tenon.SendSeq(func(yield func(int) bool) { yield(1) }, func(*tenon.Message, int) { panic("mine") }),
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			if p := panics(func() { ask(t.Context(), ref, source) }); p != "mine" {
				t.Errorf("Call: %v", p)
			}
			p := panics(func() {
				call, err := tenon.OpenStream(t.Context(), ref, streamBoth, source)
				if err != nil {
					t.Fatal(err)
				}
				defer call.Close()
				_, err = call.Recv()
				t.Error(err)
			})
			if p != "mine" {
				t.Errorf("Recv: %v", p)
			}
		})
	}
}

func TestSourceThatIgnoresFalse(t *testing.T) {
	ref := streaming(t, func(context.Context, tenon.Stream) error { return errStream })
	deaf := func(yield func(int) bool) {
		for {
			yield(1)
		}
	}
	if p := panics(func() { ask(t.Context(), ref, tenon.SendSeq(deaf, writeInt)) }); p == nil {
		t.Error("it goes on for ever")
	}
}

func TestSourceThatEndsItsGoroutine(t *testing.T) {
	ref := streaming(t, sum)
	call, err := tenon.OpenStream(t.Context(), ref, streamBoth, tenon.SendSeq(func(func(int) bool) { runtime.Goexit() }, writeInt))
	if err != nil {
		t.Fatal(err)
	}
	defer call.Close()
	if _, err := call.Recv(); tenon.CodeOf(err) != tenon.Internal {
		t.Error(err)
	}
}

// double answers each element with its double, until ctx ends or there are none.
func double(_ context.Context, call tenon.Stream) error {
	args := tenon.NewArgs(call)
	defer args.Close()
	for v := range tenon.ArgSeq(args, readInt) {
		writeInt(call.Out(), 2*v)
		if err := call.Send(); err != nil {
			return err
		}
	}
	return args.Err()
}

// doubled ranges over what becomes of a source.
func doubled(ctx context.Context, ref *tenon.Ref, source tenon.Source) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		call, err := tenon.OpenStream(ctx, ref, streamBoth, source)
		if err != nil {
			yield(0, err)
			return
		}
		defer call.Close()
		tenon.EachErr(call, yield, readInt)
	}
}

func TestBothWays(t *testing.T) {
	ref := streaming(t, double)
	var asked int
	seq := doubled(t.Context(), ref, tenon.SendSeq(numbers(1000, &asked), writeInt))
	for range 2 { // each range is a call
		n := 0
		for v, err := range seq {
			if err != nil || v != 2*n {
				t.Fatal(v, err)
			}
			n++
		}
		if n != 1000 {
			t.Error(n)
		}
	}
}

func TestConsumerBreaksOut(t *testing.T) {
	ended := make(chan struct{})
	ref := streaming(t, func(ctx context.Context, call tenon.Stream) error {
		defer close(ended)
		return double(ctx, call)
	})
	source := make(chan int)
	go func() { source <- 1 }()
	for v, err := range doubled(t.Context(), ref, tenon.SendChan(source, writeInt)) {
		if v != 2 || err != nil {
			t.Error(v, err)
		}
		break
	}
	<-ended
}

// openBoth opens a call whose handler is to start before there is an element.
func openBoth(t *testing.T, ref *tenon.Ref) {
	t.Helper()
	call, err := ref.Open(t.Context(), streamBoth)
	if err != nil {
		t.Fatal(err)
	}
	defer call.Close()
	if _, ok := call.(interface{ Begin() error }); !ok {
		t.Skip("a call of this protocol begins with its first message")
	}
}

func TestHandlerSpeaksFirst(t *testing.T) {
	ref := streaming(t, func(_ context.Context, call tenon.Stream) error {
		args := tenon.NewArgs(call)
		defer args.Close()
		writeInt(call.Out(), 1)
		if err := call.Send(); err != nil {
			return err
		}
		for range tenon.ArgSeq(args, readInt) {
		}
		return args.Err()
	})
	openBoth(t, ref)
	source := make(chan int)
	n := 0
	for v, err := range doubled(t.Context(), ref, tenon.SendChan(source, writeInt)) {
		if v != 1 || err != nil {
			t.Fatal(v, err)
		}
		n++
		close(source)
	}
	if n != 1 {
		t.Error(n)
	}
}

func TestHandlerNeedsNoElement(t *testing.T) {
	ref := streaming(t, func(_ context.Context, call tenon.Stream) error {
		args := tenon.NewArgs(call)
		defer args.Close()
		tenon.ArgChan(args, readInt)
		return nil
	})
	openBoth(t, ref)
	if _, err := ask(t.Context(), ref, tenon.SendChan(make(chan int), writeInt)); err != nil {
		t.Error(err)
	}
}

// An iterator may stay in its author's code for long: Close does not wait, and
// what it yields later goes nowhere.
func TestIteratorOutlivesCall(t *testing.T) {
	ref := streaming(t, double)
	hold, stopped := make(chan struct{}), make(chan struct{})
	slow := func(yield func(int) bool) {
		defer close(stopped)
		if yield(1) {
			<-hold
			if yield(2) {
				t.Error("yield asks for more after the call")
			}
		}
	}
	for range doubled(t.Context(), ref, tenon.SendSeq(slow, writeInt)) {
		break
	}
	close(hold)
	<-stopped
}

func TestArgumentAfterReturn(t *testing.T) {
	kept := make(chan iter.Seq2[int, error], 1)
	ref := streaming(t, func(_ context.Context, call tenon.Stream) error {
		args := tenon.NewArgs(call)
		defer args.Close()
		kept <- tenon.ArgSeqErr(args, readIntErr)
		return nil
	})
	var asked int
	if _, err := ask(t.Context(), ref, tenon.SendSeq(numbers(3, &asked), writeInt)); err != nil {
		t.Fatal(err)
	}
	settle(t, ref)
	for v, err := range <-kept {
		if tenon.CodeOf(err) != tenon.FailedPrecondition {
			t.Error(v, err)
		}
	}
}

// settle waits until no call is under way.
func settle(t *testing.T, ref *tenon.Ref) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ref.Conn().Stats().ActiveOut > 0; runtime.Gosched() {
		runtime.GC()
		if time.Now().After(deadline) {
			t.Fatal("the call is still under way")
		}
	}
}
